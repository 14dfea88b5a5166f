/** No call of ours streams events: their codec would be the largest part of the SDK that nothing uses. */
export function eventStreamSerdeProvider(): never {
  throw new Error('The bundle has no event streams.');
}

export class EventStreamSerde {
  constructor() {
    throw new Error('The bundle has no event streams.');
  }
}
