import type { Readable } from 'node:stream';
import { Invalid } from '#libs/kernel/src/errors.js';
import { fileNameOf, HISTORY_FILES, type HistoryFile } from './history-file.js';

/** Where the files of an old history are read from, one at a time and as streams. */
export interface HistorySource {
  /** Bytes of each file that is there; some of the seven may be missing, but not all. */
  readonly sizes: ReadonlyMap<HistoryFile, number>;
  /** The bytes of a file from its beginning; undefined where there is none. A file may be opened more than once. */
  open(file: HistoryFile): Promise<Readable | undefined>;
  close(): Promise<void>;
}

/** The source does not exist, cannot be read or is no old history. */
export class NoHistory extends Invalid {
  constructor(message: string, cause?: unknown) {
    super('import.no-history', message, { cause });
  }
}

export function demandAny(sizes: ReadonlyMap<HistoryFile, number>, where: string): void {
  if (sizes.size > 0) return;
  throw new NoHistory(`${where} has none of the files of a history: ${HISTORY_FILES.map(fileNameOf).join(', ')}.`);
}
