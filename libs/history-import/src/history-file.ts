/** The files of an old history, in an order in which each refers only to itself and those before it. */
export const HISTORY_FILES = [
  'sites',
  'practitioners',
  'patients',
  'lots',
  'courses',
  'sessions',
  'followups',
] as const;
export type HistoryFile = (typeof HISTORY_FILES)[number];

/** `sessions` is kept in `sessions.csv`. */
export const fileNameOf = (file: HistoryFile): string => `${file}.csv`;
