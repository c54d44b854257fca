import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Chain } from '#libs/event-store/src/chains.js';
import { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import { generateHistory, type HistoryTexts, writeHistory } from '#test/support/history-generator.js';
import { HistoryOracle } from '#test/support/history-oracle.js';
import { protocols } from '#test/support/treatment-history.js';
import { openTestReadModels, type TestReadModels } from '#test/support/treatment-read-models.js';
import { demoHistoryFolder } from './demo-history.js';
import { historySource } from './folder.source.js';
import { fileNameOf, HISTORY_FILES } from './history-file.js';
import { HistoryImporter } from './history-importer.js';
import { migrateHistoryImport } from './import-lines.js';

/** Before, in and after the maintenance windows of what the histories hold. */
const DATES = ['2025-06-15', '2026-03-01', '2026-12-01'];

describe('the lists after an import', () => {
  let models: TestReadModels;
  let folder: string;

  beforeAll(async () => {
    models = await openTestReadModels();
    await migrateHistoryImport(models.engine.db);
    folder = await mkdtemp(join(tmpdir(), 'pistor lists '));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await models.engine.close();
  });

  async function imported(path: string): Promise<Chain> {
    const { engine, works } = models;
    const chain = await engine.newChain();
    await engine.append(chain, protocols(chain.id));
    const importer = new HistoryImporter({ ...engine, keys: new SubjectKeys(engine.db, engine.master) });
    await importer.run({ chain, source: await historySource(path) });
    for (const work of works) await engine.apply(work, chain, 2_000);
    return chain;
  }

  /** All pages of a list. */
  async function all<Item>(
    list: (cursor?: string) => Promise<{ items: Item[]; next: string | null }>,
  ): Promise<Item[]> {
    const items: Item[] = [];
    for (let page = await list(); ; page = await list(page.next ?? undefined)) {
      items.push(...page.items);
      if (page.next === null) return items;
    }
  }

  async function expectLists(path: string, oracle: HistoryOracle): Promise<void> {
    const chain = await imported(path);
    for (const today of DATES) {
      const expected = oracle.courses(() => today);
      const courses = await all((cursor) => models.courses.list(chain, { limit: 100, cursor, today }));
      expect(courses).toHaveLength(expected.length);
      courses.forEach((course, n) => expect(course).toMatchObject({ ...expected[n] }));
      // A kind of deviation that did not occur is left out.
      expect(courses.map(({ deviations }) => deviations)).toEqual(expected.map(({ deviations }) => deviations));
    }
    expect(await all((cursor) => models.lots.usage(chain, { limit: 100, cursor }))).toEqual(oracle.lots());
  }

  it('say of the demo history what the rules say', async () => {
    const texts: HistoryTexts = {};
    for (const file of HISTORY_FILES) {
      texts[file] = await readFile(join(demoHistoryFolder(), fileNameOf(file)), 'utf8');
    }
    await expectLists(demoHistoryFolder(), new HistoryOracle(texts));
  });

  it.each([21, 22, 23])('say of any history what the rules say (seed %i)', async (seed) => {
    const texts = generateHistory({ seed, courses: 80, faults: 0.1 });
    const path = join(folder, String(seed));
    await writeHistory(path, texts);
    await expectLists(path, new HistoryOracle(texts));
  });
});
