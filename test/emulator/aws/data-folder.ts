import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A folder that cannot keep a table. The message continues a sentence that begins with the folder. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/** A folder that keeps the table between runs, held by one run at a time. */
export type DataFolder = {
  readonly dynamo: string;
  /** A small file beside the table, whole before and after every write. */
  readonly file: (name: string) => { readonly read: () => string | undefined; readonly write: (text: string) => void };
  readonly release: () => Promise<void>;
};

/** Takes the folder, made if need be. Rejects with `DataFolderError` when another run has it or it cannot be used. */
export async function claimDataFolder(folder: string): Promise<DataFolder> {
  const dynamo = join(folder, 'dynamodb');
  const holder = join(folder, 'runner.pid');
  try {
    await mkdir(dynamo, { recursive: true });
    await removeStale(holder);
    await writeFile(holder, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (error instanceof DataFolderError || !(error instanceof Error)) throw error;
    throw new DataFolderError(`cannot be used (${error.message.split(',', 1)[0]}): choose another folder`, {
      cause: error,
    });
  }
  return {
    dynamo,
    file: (name) => {
      const path = join(folder, name);
      return {
        read: () => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
        write: (text) => {
          writeFileSync(`${path}.new`, text);
          renameSync(`${path}.new`, path);
        },
      };
    },
    release: () => rm(holder, { force: true }),
  };
}

/** A run that was killed leaves its number behind. */
async function removeStale(holder: string): Promise<void> {
  const pid = Number(await readFile(holder, 'utf8').catch(() => ''));
  try {
    // On a full disk the file was made without its number.
    if (pid === 0) return await rm(holder, { force: true });
    process.kill(pid, 0);
  } catch {
    return rm(holder, { force: true });
  }
  throw new DataFolderError(`is in use by process ${pid}: stop it, or choose another folder`);
}
