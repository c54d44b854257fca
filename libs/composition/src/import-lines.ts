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
 * Imports a history and waits until every read model shows it.
 * @param signal ends the import after the batch that is under way; what went in stays
 */
export async function* importLines(
  pistor: Pistor,
  chain: Chain,
  source: HistorySource,
  signal?: AbortSignal,
): AsyncGenerator<ImportLine> {
  let latest: ImportProgress | undefined;
  let moved: () => void = () => undefined;
  const run = pistor.importer.run({
    chain,
    source,
    signal,
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
  while (!done) {
    await Promise.race([ended, new Promise<void>((resolve) => (moved = resolve))]);
    // The newest counts: a slow reader gets fewer lines, and nothing piles up.
    if (latest && !done) yield { progress: latest };
    latest = undefined;
  }
  const report = await run;
  await pistor.readModelsAtHead(chain);
  yield { report: reportJson(report), notes: report.notes, notesCount: report.notesCount };
}
