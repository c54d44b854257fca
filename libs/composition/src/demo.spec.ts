import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import { newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { importDemoHistory } from './demo.js';
import { openPistor, type Pistor } from './pistor.js';

let folder: string;
let pistor: Pistor;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor demo '));
  pistor = await openPistor(readConfiguration({}, { dataFolder: folder }), silentLog);
});
afterEach(async () => {
  await pistor.close();
  await rm(folder, { recursive: true });
});

/** Asks whether the demo history would be imported: an import that may not say so goes no further. */
async function begins(of: Pistor): Promise<boolean> {
  const begun = new Error('begun');
  const said = () => {
    throw begun;
  };
  return importDemoHistory(of, said).then(
    () => false,
    (error: unknown) => {
      expect(error).toBe(begun);
      return true;
    },
  );
}

it('imports the demo history into a chain that holds nothing but the built-in protocols', async () => {
  expect(await pistor.engine.store.head(pistor.chain.id)).toBeGreaterThan(0);
  expect(await begins(pistor)).toBe(true);
});

it('leaves a chain alone that was used, wherever its log is kept', async () => {
  const { store } = pistor.engine;
  const [used] = await store.readAll(pistor.chain.id, { limit: 1 });
  const readAll = () => Promise.resolve([{ ...used, stream: `site-${newId()}` }]);
  const elsewhere = Object.assign(Object.create(store) as typeof store, { readAll });
  expect(await begins({ ...pistor, engine: { ...pistor.engine, store: elsewhere } })).toBe(false);
});
