import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileNameOf, HISTORY_FILES, type HistoryFile } from './history-file.js';
import { demandAny, type HistorySource, NoHistory } from './history-source.js';
import { zipSource } from './zip.source.js';

/** Few system calls for each megabyte, little memory. */
const CHUNK_BYTES = 256 * 1024;

/**
 * The history at a path: a folder, or a zip file.
 * @throws NoHistory
 */
export async function historySource(path: string): Promise<HistorySource> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new NoHistory(
      `There is nothing to read at ${path}. Name a folder of CSV files, or a zip file of them.`,
      cause,
    );
  });
  return found.isDirectory() ? folderSource(path) : zipSource(path);
}

/** @throws NoHistory when the folder has none of the seven files, or one of them cannot be read. */
export async function folderSource(folder: string): Promise<HistorySource> {
  const sizes = new Map<HistoryFile, number>();
  for (const file of HISTORY_FILES) {
    const path = join(folder, fileNameOf(file));
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new NoHistory(`${path} cannot be read: ${error.message}`, error);
    });
    if (found && !found.isFile()) throw new NoHistory(`${path} is not a file.`);
    if (found) sizes.set(file, found.size);
  }
  demandAny(sizes, folder);
  const open = (file: HistoryFile) => createReadStream(join(folder, fileNameOf(file)), { highWaterMark: CHUNK_BYTES });
  return {
    sizes,
    open: (file) => Promise.resolve(sizes.has(file) ? open(file) : undefined),
    close: () => Promise.resolve(),
  };
}
