import { readFile } from 'node:fs/promises';
import { type ConsoleFiles, readConsoleFiles } from '../../cdk/ops/console-files.ts';

/** What is served besides the routes of the template: the console, and what the API says of itself. */
export async function readServedFiles(): Promise<ConsoleFiles> {
  const body = await readFile(new URL('../../lib/api/openapi.json', import.meta.url));
  const openApi = { headers: { 'content-type': 'application/json' }, body };
  return new Map([...(await readConsoleFiles()), ['/openapi.json', openApi]]);
}
