import { type ImportProgress, type ImportReport, importZip } from '../api/imports.js';
import { chooseHistory } from './history-files.js';

export interface ImportState {
  readonly isRunning: boolean;
  /** What it is doing, in a word. */
  readonly phase: string;
  readonly progress: ImportProgress | null;
  readonly error: Error | null;
  readonly report: ImportReport | null;
}

const IDLE: ImportState = { isRunning: false, phase: '', progress: null, error: null, report: null };

let state = IDLE;
const listeners = new Set<() => void>();

function set(change: Partial<ImportState>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

/** The one import of this page. It stands outside the components, so that it outlives a look at another page. */
export const importRun = {
  current: () => state,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  async start(chosen: File[]): Promise<void> {
    if (state.isRunning) return;
    set({ ...IDLE, isRunning: true });
    try {
      set({ report: await importFiles(chosen) });
    } catch (error) {
      set({ error: error instanceof Error ? error : new Error(String(error)) });
    } finally {
      set({ isRunning: false });
    }
  },
};

async function importFiles(chosen: File[]): Promise<ImportReport> {
  const zip = await packed(chosen);
  set({ phase: 'Sending' });
  for await (const line of importZip(zip)) {
    if ('report' in line) return line.report;
    const { progress } = line;
    // Everything is read long before the last event shows in the read models.
    set({ phase: progress.bytes < progress.totalBytes ? 'Reading' : 'Bringing the lists up to date', progress });
  }
  throw new Error('The server broke off before it reported. Import again: what is on record already is not repeated.');
}

async function packed(chosen: File[]): Promise<Blob> {
  const choice = chooseHistory(chosen);
  if (choice.kind === 'nothing') throw new Error(choice.why);
  if (choice.kind === 'zip') return choice.zip;
  const total = choice.files.reduce((bytes, file) => bytes + file.size, 0) || 1;
  const { zipFiles } = await import('./zip.js');
  return zipFiles(choice.files, (bytes) => set({ phase: `Packing, ${Math.round((bytes / total) * 100)} %` }));
}
