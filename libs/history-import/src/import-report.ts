import { HISTORY_FILES, type HistoryFile } from './history-file.js';

export interface FileCounts {
  /** Lines with content, the header left out; always accepted + refused + repeated. */
  lines: number;
  accepted: number;
  refused: number;
  /** Lines that were accepted before, earlier in the file or by an earlier run. */
  repeated: number;
}

export interface RefusedLine {
  readonly file: HistoryFile;
  /** Counts from 1, the header being line 1; of a record that spans lines, its first. */
  readonly line: number;
  /** The first column at fault; null where the line as such cannot be read. */
  readonly column: string | null;
  /** What stands there, as it stands there; of a line that cannot be read, its beginning. */
  readonly value: string;
  /** What to mend, as a sentence. */
  readonly reason: string;
}

/** Something about an accepted line that a person may want to look at. */
export interface ImportNote {
  readonly file: HistoryFile;
  readonly line: number;
  readonly column: string;
  readonly value: string;
  readonly note: string;
}

export interface ImportReport {
  readonly files: Record<HistoryFile, FileCounts>;
  readonly refused: RefusedLine[];
  /** At most `NOTES_MAX` of them; `notesCount` counts all. */
  readonly notes: ImportNote[];
  notesCount: number;
}

/** Enough to see a pattern; a zone that was set wrongly could give a note for every thousandth line. */
export const NOTES_MAX = 1_000;

export function emptyReport(): ImportReport {
  const counts = (): FileCounts => ({ lines: 0, accepted: 0, refused: 0, repeated: 0 });
  const files = Object.fromEntries(HISTORY_FILES.map((file) => [file, counts()])) as Record<HistoryFile, FileCounts>;
  return { files, refused: [], notes: [], notesCount: 0 };
}

/** The object that `pistor import --json` prints: its two keys are fixed, so notes are for human readers only. */
export const reportJson = ({ files, refused }: ImportReport): Pick<ImportReport, 'files' | 'refused'> => ({
  files,
  refused,
});
