/**
 * The native addon of AWS's runtime client in TypeScript: it takes an invocation from the Runtime API and posts what
 * came of it. Preloaded (`node --import`), it is what the client then gets for its own, which wants a C++ compiler.
 */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === './rapid-client.node' ? { url: import.meta.url, shortCircuit: true } : next(specifier, context),
});

// Not fetch: a function would find undici loaded, which Lambda does not load.
const { Agent, request } = process.getBuiltinModule('node:http');
const invocations = new URL(`http://${process.env['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/`);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** What the addon's own calls wait for, and these cannot: the post before. */
let posted: Promise<unknown> = Promise.resolve();

export async function next() {
  await posted;
  const { headers, body } = await call('GET', 'next');
  return {
    headers: { ...headers, 'lambda-runtime-deadline-ms': Number(headers['lambda-runtime-deadline-ms']) },
    bodyJson: body,
  };
}

export function done(id: string, body: string): void {
  posted = call('POST', `${id}/response`, body);
}

export function error(id: string, body: string): void {
  posted = call('POST', `${id}/error`, body);
}

function call(method: string, path: string, sent = '') {
  return new Promise<{ readonly headers: NodeJS.Dict<string | string[]>; readonly body: string }>((resolve, reject) => {
    request(new URL(path, invocations), { agent, method }, (response) => {
      let body = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          body += chunk;
        })
        .on('end', () => resolve({ headers: response.headers, body }))
        .on('error', reject);
    })
      .on('error', reject)
      .end(sent);
  });
}
