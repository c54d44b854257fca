import type { Chain } from '#libs/event-store/src/chains.js';
import type { ImportProgress } from '#libs/history-import/src/history-importer.js';
import type { HistorySource } from '#libs/history-import/src/history-source.js';
import { type ImportReport, reportJson } from '#libs/history-import/src/import-report.js';
import type { Pistor } from './pistor.js';

/** What an import tells while it runs, and at its end. */
export type ImportLine =
  | { readonly progress: ImportProgress }
  | {
      readonly report: Pick<ImportReport, 'files' | 'refused'>;
      readonly notes: ImportReport['notes'];
      readonly notesCount: number;
    };

/**
 * Imports a history and waits until every read model shows it. Nothing is under way any more when it has ended, however
 * it does.
 * @param source is closed at the end
 * @param signal ends the import after the batch that is under way; what went in stays
 */
export async function* importLines(
  pistor: Pistor,
  chain: Chain,
  source: HistorySource,
  signal?: AbortSignal,
): AsyncGenerator<ImportLine> {
  // A reader that stops reading ends the import, too.
  const unread = new AbortController();
  const ends = signal ? AbortSignal.any([signal, unread.signal]) : unread.signal;
  let latest: ImportProgress | undefined;
  let moved: () => void = () => undefined;
  const run = pistor.importer.run({
    chain,
    source,
    signal: ends,
    onProgress: (progress) => {
      latest = progress;
      moved();
    },
  });
  let done = false;
  // Whatever becomes of it is awaited below; this only wakes the loop.
  const ended = run.then(
    () => (done = true),
    () => (done = true),
  );
  try {
    while (!done) {
      await Promise.race([ended, new Promise<void>((resolve) => (moved = resolve))]);
      // The newest counts: a slow reader gets fewer lines, and nothing piles up.
      if (latest && !done) yield { progress: latest };
      latest = undefined;
    }
    const report = await run;
    await unlessAborted(pistor.readModelsAtHead(chain), ends);
    yield { report: reportJson(report), notes: report.notes, notesCount: report.notesCount };
  } finally {
    unread.abort();
    await ended;
    await source.close();
  }
}

/** Waits for something that cannot be ended, but no longer than until the signal. @throws the signal's reason */
export async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
}
