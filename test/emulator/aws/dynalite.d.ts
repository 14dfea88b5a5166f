declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** DynamoDB in JavaScript; in memory unless a path is given. */
  function dynalite(options: { readonly path?: string; readonly createTableMs?: number }): Server;
  export = dynalite;
}
