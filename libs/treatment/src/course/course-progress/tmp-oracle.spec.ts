import { writeFileSync } from 'node:fs';
import { historySource } from '#libs/history-import/src/folder.source.js';
import { HistoryImporter } from '#libs/history-import/src/history-importer.js';
import { migrateHistoryImport } from '#libs/history-import/src/import-lines.js';
import { openTestReadModels } from '#test/support/treatment-read-models.js';
import { protocols } from '#test/support/treatment-history.js';

it('dumps', async () => {
  const m = await openTestReadModels();
  const { engine } = m;
  await migrateHistoryImport(engine.db);
  const chain = await engine.newChain();
  const out = process.env.OUT!;
  const report = await new HistoryImporter(engine as any).run({ chain, source: await historySource(process.env.HISTORY!) } as any);
  writeFileSync(`${out}/report.json`, JSON.stringify(report));
  const published = (await engine.db.query("select count(*) from event_log where chain=$1 and stream like 'protocol%'", [chain.no])).rows;
  console.log(published, await engine.store.head(chain.id));
  if (published[0].count === '0') await engine.append(chain, protocols(chain.id));
  for (const size of [2000]) for (const work of m.works) {
    const t = performance.now();
    const n = await engine.apply(work, chain, size);
    console.log(work.name, size, n, `${(n / (performance.now() - t)) * 1000}/s`);
  }
  for (const today of ['2024-06-15', '2025-12-01', '2026-03-01', '2026-09-01', '2026-09-29', '2026-12-01', '2027-02-15']) {
    const lines: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await m.courses.list(chain, { limit: 100, cursor, today });
      for (const c of page.items) lines.push(JSON.stringify({ course: c.course, protocol: c.protocol, planned: c.planned, performed: c.performed, maintenancePerformed: c.maintenancePerformed, status: c.status, first: c.first, last: c.last, nextEarliest: c.nextEarliest, maintenance: c.maintenance, deviations: c.deviations }));
      cursor = page.next ?? undefined;
    } while (cursor);
    writeFileSync(`${out}/courses-${today}.jsonl`, lines.join('\n') + '\n');
    let due = await m.maintenance.list(chain, { limit: 500, today });
    writeFileSync(`${out}/maintenance-${today}.json`, JSON.stringify(due.items));
  }
  const usage = await m.lots.usage(chain, { limit: 500 });
  writeFileSync(`${out}/lots.jsonl`, usage.items.map((x) => JSON.stringify(x)).join('\n') + '\n');
  console.log(JSON.stringify((await m.sites.list(chain, { limit: 100 })).items, null, 1).slice(0, 600));
  await engine.close();
}, 600000);
