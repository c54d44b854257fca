import { demoHistoryFolder } from '#libs/history-import/src/demo-history.js';
import { folderSource } from '#libs/history-import/src/folder.source.js';
import type { Pistor } from './pistor.js';

/** Events of a chain that holds nothing but the built-in protocols. */
const isUntouched = async ({ engine, chain }: Pistor): Promise<boolean> => {
  const { rows } = await engine.db.query('select 1 from event_log where chain = $1 and stream not like $2 limit 1', [
    chain.no,
    'protocol-%',
  ]);
  return rows.length === 0;
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
