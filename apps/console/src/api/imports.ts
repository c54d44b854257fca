import { postForLines } from './http.js';

export interface FileCounts {
  lines: number;
  accepted: number;
  refused: number;
  repeated: number;
}

export interface RefusedLine {
  /** What the file holds, `sites` for sites.csv. */
  file: string;
  /** Counts from 1, the header being line 1. */
  line: number;
  column: string | null;
  value: string | null;
  /** What to mend. */
  reason: string;
}

export interface ImportReport {
  files: Record<string, FileCounts>;
  refused: RefusedLine[];
}

export interface ImportProgress {
  file: string;
  /** Lines of this file so far. */
  lines: number;
  /** Of all files, this one included, so far. */
  bytes: number;
  totalBytes: number;
}

export type ImportLine = { progress: ImportProgress } | { report: ImportReport };

/** Sends a zip with the files of a history folder; repeating it changes nothing. */
export const importZip = (zip: Blob) => postForLines<ImportLine>('/v1/imports', zip, 'application/zip');
