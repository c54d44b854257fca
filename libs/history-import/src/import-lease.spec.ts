import type { Chain } from '#libs/event-store/src/chains.js';
import { newId } from '#libs/kernel/src/ids.js';
import { openTestEngine, type TestEngine } from '#test/support/test-engine.js';
import { asOnlyImport, ImportUnderWay } from './import-lease.js';
import { migrateHistoryImport } from './import-lines.js';

describe('one import at a time in a chain', () => {
  let engine: TestEngine;

  beforeAll(async () => {
    engine = await openTestEngine([]);
    await migrateHistoryImport(engine.db);
  });
  afterAll(() => engine.close());

  const heldByAnother = (chain: Chain) =>
    engine.db.query(
      `insert into import_lease (chain, owner, lease_until) values ($1, $2, clock_timestamp() + interval '1 second')`,
      [chain.no, newId()],
    );

  it('refuses another one meanwhile, and none after', async () => {
    const chain = await engine.newChain();
    const other = await engine.newChain();
    await asOnlyImport(engine.db, chain, async () => {
      await expect(asOnlyImport(engine.db, chain, async () => 'done')).rejects.toThrow(ImportUnderWay);
      expect(await asOnlyImport(engine.db, other, async () => 'done')).toBe('done');
    });
    expect(await asOnlyImport(engine.db, chain, async () => 'done')).toBe('done');
  });

  it('ends with its work, also where that fails', async () => {
    const chain = await engine.newChain();
    const failing = asOnlyImport(engine.db, chain, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await asOnlyImport(engine.db, chain, async () => 'done')).toBe('done');
  });

  it('waits for one that was killed no longer than its lease', async () => {
    const chain = await engine.newChain();
    await heldByAnother(chain);
    expect(await asOnlyImport(engine.db, chain, async () => 'done')).toBe('done');
  });

  it('tells one of another process, which beats, from a dead one, which PGlite cannot have', async () => {
    const chain = await engine.newChain();
    await heldByAnother(chain);
    const beating = setInterval(() => {
      const beat = `update import_lease set beats = beats + 1, lease_until = lease_until + interval '1 second' where chain = $1`;
      engine.db.query(beat, [chain.no]).catch(() => undefined);
    }, 50);
    const import_ = asOnlyImport(engine.db, chain, async () => 'done');
    await (engine.db.kind === 'postgres'
      ? expect(import_).rejects.toThrow(ImportUnderWay)
      : expect(import_).resolves.toBe('done'));
    clearInterval(beating);
  });
});
