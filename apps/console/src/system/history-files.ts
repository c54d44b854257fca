/** The files of a history folder; others that lie beside them are left out. */
export const HISTORY_FILES = [
  'sites',
  'practitioners',
  'patients',
  'lots',
  'courses',
  'sessions',
  'followups',
] as const;

export interface Named {
  readonly name: string;
}

export type Choice<Chosen extends Named> =
  | { kind: 'zip'; zip: Chosen }
  | { kind: 'files'; files: Chosen[] }
  | { kind: 'nothing'; why: string };

/** What of the chosen files is to be sent: one zip as it is, else the CSV files a history consists of. */
export function chooseHistory<Chosen extends Named>(files: readonly Chosen[]): Choice<Chosen> {
  const known = files.filter((file) => HISTORY_FILES.some((name) => file.name.toLowerCase() === `${name}.csv`));
  if (known.length > 0) return { kind: 'files', files: known };
  const zip = files.find((file) => file.name.toLowerCase().endsWith('.zip'));
  if (zip) return { kind: 'zip', zip };
  const wanted = HISTORY_FILES.map((name) => `${name}.csv`).join(', ');
  const found = files.length === 0 ? 'nothing was chosen' : `found ${files.map((file) => file.name).join(', ')}`;
  return { kind: 'nothing', why: `A history consists of ${wanted}; ${found}.` };
}

/** Reports call a file by what it holds: `sites` is `sites.csv`. */
export const csvName = (file: string): string => (file.includes('.') ? file : `${file}.csv`);
