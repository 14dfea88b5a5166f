/** Until it is disposed of, reading the real clock, setting a real timer and drawing real randomness throw. */
export function withoutRealTime(): Disposable {
  const { now } = Date;
  const { random } = Math;
  const { setTimeout, setInterval, setImmediate } = globalThis;
  const forbidden = (name: string) => (): never => {
    throw new Error(`${name} was used in a simulation, which has a clock and chance of its own.`);
  };
  Date.now = forbidden('Date.now');
  Math.random = forbidden('Math.random');
  const timers = {
    setTimeout: forbidden('setTimeout'),
    setInterval: forbidden('setInterval'),
    setImmediate: forbidden('setImmediate'),
  };
  Object.assign(globalThis, timers);
  return {
    [Symbol.dispose]: () => {
      Date.now = now;
      Math.random = random;
      Object.assign(globalThis, { setTimeout, setInterval, setImmediate });
    },
  };
}
