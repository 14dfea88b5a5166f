/**
 * What `make` returns. Annotated as pure where it is called, it lets a function's bundle leave out the schemas and routes
 * that the function does not use: esbuild takes zod's own calls for calls with effects, and would keep them all.
 */
export function define<Value>(make: () => Value): Value {
  return make();
}
