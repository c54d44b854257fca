import { demoHistoryFolder } from '#libs/history-import/src/demo-history.js';
import { folderSource } from '#libs/history-import/src/folder.source.js';
import type { Pistor } from './pistor.js';

/** More than the built-in protocols make; a chain with so many events was used, whatever they are. */
const BUILT_IN_EVENTS_MAX = 500;

/** Does the chain hold nothing but the built-in protocols? */
const isUntouched = async ({ engine, chain }: Pistor): Promise<boolean> => {
  const events = await engine.store.readAll(chain.id, { limit: BUILT_IN_EVENTS_MAX });
  return events.length < BUILT_IN_EVENTS_MAX && events.every(({ stream }) => stream.startsWith('protocol-'));
};

/**
 * Fills a fresh sandbox with the made-up history that comes with the software, so that there is something to look at.
 * An import that was interrupted goes on at the next start.
 */
export async function importDemoHistory(pistor: Pistor, say: (text: string) => void): Promise<void> {
  const { chain, engine, importer } = pistor;
  if (!chain.sandbox) return;
  const { rows } = await engine.db.query<{ done: boolean }>('select done from demo_history where chain = $1', [
    chain.no,
  ]);
  if (rows[0]?.done || (!rows[0] && !(await isUntouched(pistor)))) return;
  await engine.db.query('insert into demo_history values ($1, false) on conflict do nothing', [chain.no]);
  say('A fresh data folder: importing the demo history (--no-demo leaves it empty).');
  const { files, refused } = await importer.run({ chain, source: await folderSource(demoHistoryFolder()) });
  const accepted = Object.values(files).reduce((sum, file) => sum + file.accepted, 0);
  await pistor.readModelsAtHead(chain);
  await engine.db.query('update demo_history set done = true where chain = $1', [chain.no]);
  say(`Imported ${accepted} lines; ${refused.length} were refused, which pistor import shows with the reason.`);
}
