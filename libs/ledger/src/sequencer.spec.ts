import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, openEngine } from '#libs/engine/src/engine.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { newId } from '#libs/kernel/src/ids.js';
import { Counted, GAP, LedgerGiven, type LedgerProcess, LogWithGaps } from '#test/support/ledger-given.js';
import { asOwner, openTestDatabase, type TestDatabase } from '#test/support/test-database.js';
import { openCheckpoint, originOf } from './checkpoint.js';
import { readCheckpointNotes } from './checkpoint-folder.js';
import { migrateLedger } from './ledger.migrations.js';
import type { LedgerStep } from './publisher.js';
import { decodeEntry } from './entry.js';
import { DatabaseLog } from './ledger-log.js';
import { rootOfLeaves, verifyConsistency, verifyInclusion } from './merkle.js';
import { parseVkey } from './signed-note.js';

let test: TestDatabase;
let engine: Engine;
let chain: Chain;
let given: LedgerGiven;
const all: LedgerGiven[] = [];

beforeAll(async () => {
  test = await openTestDatabase();
  engine = await openEngine({ db: test.db, masterKey: () => new MasterKey(randomBytes(32)), eventTypes: [Counted] });
  await migrateLedger(test.db);
});
afterAll(async () => {
  await engine.close();
  await test.close();
  for (const each of all) each.remove();
});
beforeEach(async () => {
  // Each test has keys of its own; the first process of a database makes the file.
  await asOwner(test.db, 'delete from ledger_key');
  chain = await engine.chains.ensure(newId(), true);
  given = new LedgerGiven(engine, chain);
  all.push(given);
});

const rows = async (sql: string): Promise<any[]> => (await asOwner(test.db, sql)).rows;
const outsideNote = () => readFileSync(join(given.folder, 'outside', chain.id, 'checkpoint'), 'utf8');
const problemOf = async (process: LedgerProcess) => (await process.tables.status(chain))?.problem?.code;

/** What is published is the tree of the log, signed, the same outside and inside, and continues all that was before. */
async function demandWholeLedger(process: LedgerProcess): Promise<void> {
  const leaves = await given.leaves();
  const note = await process.reader.checkpoint(chain);
  const keys = (await process.reader.keysOf(chain)).map(({ vkey }) => parseVkey(vkey));
  const newest = openCheckpoint(note, keys);
  expect(newest).toMatchObject({ origin: originOf(chain.id), size: leaves.length });
  expect(newest.root).toEqual(rootOfLeaves(leaves));
  expect(outsideNote()).toBe(note);
  const committed = await rows(`select size, root from ledger_checkpoint where chain = ${chain.no} order by size`);
  for (const { size, root } of committed) expect(root).toEqual(rootOfLeaves(leaves.slice(0, Number(size))));
  const published = await rows(`select size from ledger_publication where chain = ${chain.no} order by size`);
  expect(published.map(({ size }) => size)).toEqual(committed.map(({ size }) => size));
  const [file] = readdirSync(join(given.folder, 'outside', chain.id)).filter((name) => name.startsWith('checkpoints-'));
  const notes = readCheckpointNotes(readFileSync(join(given.folder, 'outside', chain.id, file as string), 'utf8'));
  const sizes = new Set(notes.map((each) => openCheckpoint(each, keys).size));
  expect([...sizes]).toEqual(committed.map(({ size }) => Number(size)));
}

class Killed extends Error {}

describe('the sequencer', () => {
  it('makes a leaf of every event, in the order of positions', async () => {
    const process = given.process();
    for (const count of [1, 2, 255, 300, 1, 700]) {
      await given.append(count);
      await process.catchUp();
      await demandWholeLedger(process);
    }
    expect(process.said).toEqual([]);
  });

  it('goes on where another process has stopped, and knows the streams of before', async () => {
    await given.append(1_500, { streams: 40 });
    const first = given.process();
    await first.catchUp();
    await first.sequencer.stop();
    await given.append(100, { streams: 40 });
    const second = given.process();
    await second.catchUp();
    await demandWholeLedger(second);
  });

  it('commits no checkpoint for nothing', async () => {
    const process = given.process();
    await given.append(3);
    for (let i = 0; i < 4; i++) await process.catchUp();
    expect(await rows(`select size from ledger_checkpoint where chain = ${chain.no}`)).toHaveLength(1);
  });

  it('proves every event and every step of the tree', async () => {
    const process = given.process();
    await given.append(300);
    await process.catchUp();
    await given.append(400);
    await process.catchUp();
    const { root } = await process.reader.inclusion(chain, 700);
    for (const from of [1, 256, 300, 511, 700]) {
      const { proof, fromRoot } = await process.reader.consistency(chain, from, 700);
      expect(verifyConsistency({ size: from, root: fromRoot }, { size: 700, root }, proof)).toBe(true);
    }
  });
});

describe('a log whose positions have gaps', () => {
  const process = () =>
    given.process({
      source: new LogWithGaps(new DatabaseLog(test.db)),
      headOf: (position) => position * GAP + 3,
    });

  it('has a leaf for every event, numbered without gaps, and each is found by its position', async () => {
    const first = process();
    for (const count of [5, 300, 1, 450]) {
      await given.append(count, { streams: 30 });
      await first.catchUp();
    }
    await first.sequencer.stop();
    await given.append(10, { streams: 30 });
    // Another process knows nothing of before: it looks for the leaves of streams in the tiles.
    const second = process();
    await second.catchUp();
    expect([...first.said, ...second.said]).toEqual([]);
    for (const index of [0, 4, 5, 255, 256, 511, 512, 765]) {
      const found = await second.reader.inclusion(chain, (index + 1) * GAP);
      expect(found).toMatchObject({ index, size: 766 });
      expect(verifyInclusion(found, found.proof)).toBe(true);
    }
    await expect(second.reader.inclusion(chain, 15)).rejects.toMatchObject({ code: 'ledger.out-of-range' });
    const entries = await second.reader.entriesFrom(chain, 250, 20);
    expect(entries.map((entry) => decodeEntry(entry).position)).toEqual(entries.map((_, i) => (251 + i) * GAP));
  });

  it('stops when an event that was committed is another one', async () => {
    const first = process();
    await given.append(300, { streams: 30 });
    await first.catchUp();
    await first.sequencer.stop();
    await rows(`update event_log set header = header || ' ' where chain = ${chain.no} and position = 290`);
    await given.append(1);
    const next = process();
    await next.catchUp();
    expect(await problemOf(next)).toBe('ledger.log-changed');
  });
});

describe('two sequencers at once', () => {
  it('work one at a time, and the one that lost its lease writes nothing', async () => {
    await given.append(10);
    let late = false;
    const slow = given.process({
      leaseMs: 1,
      onStep: async (step) => {
        if (step !== 'hashed' || late) return;
        late = true;
        await given.append(5);
        await quick.catchUp();
      },
    });
    const quick = given.process();
    await slow.catchUp();
    expect(late).toBe(true);
    expect(await rows(`select size, epoch from ledger_checkpoint where chain = ${chain.no}`)).toEqual([
      { size: '15', epoch: 2 },
    ]);
    await given.append(1);
    await new Promise((resolve) => setTimeout(resolve, 250));
    await slow.catchUp();
    await demandWholeLedger(slow);
    expect([...slow.said, ...quick.said]).toEqual([]);
  });

  it.each<[string, LedgerStep, LedgerStep]>([
    ['committed and not yet published', 'checked', 'committed'],
    ['published', 'leased', 'published'],
  ])('are no fault of the tree to the one that comes late to what was %s meanwhile', async (_, late, killedAt) => {
    await given.append(10);
    const quick = given.process({
      onStep: (step) => {
        if (step === killedAt) throw new Killed();
      },
    });
    let isLate = false;
    const slow = given.process({
      leaseMs: 1,
      onStep: async (step) => {
        if (step !== late || isLate) return;
        isLate = true;
        await given.append(5);
        await new Promise((resolve) => setTimeout(resolve, 5));
        await expect(quick.catchUp()).rejects.toBeInstanceOf(Killed);
      },
    });
    await slow.catchUp();
    expect(isLate).toBe(true);
    expect(await problemOf(slow)).toBeUndefined();
    await quick.sequencer.stop();
    const next = given.process();
    await next.catchUp();
    await demandWholeLedger(next);
    expect([...slow.said, ...quick.said, ...next.said]).toEqual([]);
  });

  it('leave a living owner alone', async () => {
    const [first, second] = [given.process({ leaseMs: 60_000 }), given.process()];
    await given.append(3);
    await first.catchUp();
    await given.append(3);
    await second.catchUp();
    expect((await second.tables.tree(chain))?.size).toBe(3);
    await first.sequencer.stop();
    await second.catchUp();
    expect((await second.tables.tree(chain))?.size).toBe(6);
  });

  it('that run side by side under load make one tree', async () => {
    const processes = [given.process({ leaseMs: 1 }), given.process({ leaseMs: 1 }), given.process({ leaseMs: 1 })];
    for (let round = 0; round < 15; round++) {
      await Promise.all([given.append(1 + round * 5), ...processes.map((each) => each.catchUp())]);
    }
    const last = given.process({ leaseMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await last.catchUp();
    await demandWholeLedger(last);
    expect(processes.flatMap(({ said }) => said)).toEqual([]);
  });
});

describe('a process that is killed', () => {
  const steps: LedgerStep[] = ['leased', 'checked', 'hashed', 'committed', 'signed', 'written', 'published'];

  it.each(steps)('before what follows "%s" loses nothing and forks nothing', async (step) => {
    await given.append(300);
    const first = given.process();
    await first.catchUp();
    await given.append(20);
    const killed = given.process({
      leaseMs: 1,
      onStep: (each) => {
        if (each === step) throw new Killed();
      },
    });
    await first.sequencer.stop();
    await expect(killed.catchUp()).rejects.toBeInstanceOf(Killed);
    await given.append(5);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const next = given.process();
    await next.catchUp();
    await demandWholeLedger(next);
    expect(next.said).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6])('at any steps of a run of seed %i leaves one tree', async (seed) => {
    let state = seed * 2_654_435_761;
    const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    const lives: LedgerProcess[] = [];
    const live = () => {
      const process = given.process({
        leaseMs: 1,
        onStep: () => {
          if (random() < 0.15) throw new Killed();
        },
      });
      lives.push(process);
      return process;
    };
    let working = [live(), live()];
    for (let round = 0; round < 25; round++) {
      await given.append(1 + Math.floor(random() * 60));
      working = await Promise.all(
        working.map((each) =>
          each.catchUp().then(
            () => each,
            (error: unknown) => {
              if (!(error instanceof Killed)) throw error;
              return live();
            },
          ),
        ),
      );
    }
    expect(lives.length).toBeGreaterThan(2);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const last = given.process();
    await last.catchUp();
    await demandWholeLedger(last);
    expect(lives.flatMap(({ said }) => said)).toEqual([]);
  });

  it('in the middle of a line leaves the notes before and after readable', async () => {
    const process = given.process();
    await given.append(3);
    await process.catchUp();
    const folder = join(given.folder, 'outside', chain.id);
    const [file] = readdirSync(folder).filter((name) => name.startsWith('checkpoints-'));
    const path = join(folder, file as string);
    writeFileSync(path, `${readFileSync(path, 'utf8')}\npistor/torn\n12`);
    await given.append(3);
    await process.catchUp();
    expect(readCheckpointNotes(readFileSync(path, 'utf8'))).toHaveLength(2);
  });
});

describe('a log that does not continue the tree', () => {
  /** @returns what stops a fresh process, and what stands in the tables before and after */
  async function stoppedBy(spoil: () => Promise<unknown>, { more = 3 } = {}): Promise<string | undefined> {
    const first = given.process();
    await given.append(600, { streams: 5 });
    await first.catchUp();
    await first.sequencer.stop();
    await spoil();
    if (more > 0) await given.append(more).catch(() => undefined);
    const before = await rows(`select size, root from ledger_tree where chain = ${chain.no}`);
    const next = given.process();
    await next.catchUp();
    await next.catchUp();
    expect(await rows(`select size, root from ledger_tree where chain = ${chain.no}`)).toEqual(before);
    expect(next.said).toHaveLength(1);
    return problemOf(next);
  }
  const log = (sql: string) => rows(sql.replace('HERE', `chain = ${chain.no}`));

  it.each([
    ['data', `update event_log set data = replace(data, '{"open"', '{ "open"') where HERE and position = 599`],
    ['header', `update event_log set header = replace(header, 'Counted', 'Kounted') where HERE and position = 120`],
    ['time', `update event_log set recorded_at = recorded_at + interval '1 ms' where HERE and position = 600`],
    ['missing', `delete from event_log where HERE and position = 480`],
    ['cut off', `delete from event_log where HERE and position > 590`],
  ])('in which something newer was changed (%s) stops it', async (_, sql) => {
    expect(await stoppedBy(() => log(sql))).toBe('ledger.log-changed');
  });

  it('whose end was cut off with its head stops it', async () => {
    const spoil = async () => {
      await log('delete from event_log where HERE and position > 590');
      await rows(`update chain set position = 590 where no = ${chain.no}`);
    };
    expect(await stoppedBy(spoil, { more: 0 })).toBe('ledger.log-shorter');
  });

  it('of a restored older backup stops it by the checkpoint outside', async () => {
    const tables = ['ledger_tree', 'ledger_tile', 'ledger_checkpoint', 'ledger_publication', 'ledger_signature'];
    const first = given.process();
    await given.append(300);
    await first.catchUp();
    await first.sequencer.stop();
    for (const table of tables)
      await rows(`create table kept_${table} as select * from ${table} where chain = ${chain.no}`);
    await given.append(300);
    await first.catchUp();
    await first.sequencer.stop();
    for (const table of tables) {
      await rows(`delete from ${table} where chain = ${chain.no}`);
      await rows(`insert into ${table} select * from kept_${table}; drop table kept_${table}`);
    }
    await log('delete from event_log where HERE and position > 300');
    await rows(`update chain set position = 300 where no = ${chain.no}`);
    await given.append(50);
    const next = given.process();
    await next.catchUp();
    expect(await problemOf(next)).toBe('ledger.checkpoint-ahead');
    expect((await next.tables.tree(chain))?.size).toBe(300);
    // The very process that had committed more notices it even without a folder.
    rmSync(join(given.folder, 'outside'), { recursive: true });
    await next.sequencer.stop();
    await first.catchUp();
    expect(await problemOf(first)).toBe('ledger.tree-changed');
  });

  it('under a tree that was made anew over other events stops it by the checkpoint outside', async () => {
    const spoil = async () => {
      const text = readFileSync(given.keyFile);
      await log(`update event_log set data = replace(data, '{"open"', '{ "open"') where HERE and position = 10`);
      for (const table of [
        'ledger_tree',
        'ledger_tile',
        'ledger_checkpoint',
        'ledger_publication',
        'ledger_signature',
      ]) {
        await rows(`delete from ${table} where chain = ${chain.no}`);
      }
      const forger = given.process({ folder: join(given.folder, 'elsewhere') });
      await forger.catchUp();
      await forger.sequencer.stop();
      expect(readFileSync(given.keyFile)).toEqual(text);
    };
    expect(await stoppedBy(spoil)).toBe('ledger.forked');
  });

  it('is not signed where somebody exchanges the body of a checkpoint before that', async () => {
    const broken = given.process({ folder: '/dev/null/nowhere' });
    await given.append(5);
    await broken.catchUp();
    await broken.sequencer.stop();
    await rows(`update ledger_checkpoint set body = replace(body, E'\\n5\\n', E'\\n6\\n') where chain = ${chain.no}`);
    const next = given.process();
    await next.catchUp();
    expect(await problemOf(next)).toBe('ledger.tree-changed');
    expect(await rows(`select * from ledger_signature where chain = ${chain.no}`)).toEqual([]);
  });

  it('stops nothing any more once it is as it was', async () => {
    const first = given.process();
    await given.append(20);
    await first.catchUp();
    await first.sequencer.stop();
    await log(`update event_log set header = header || ' ' where HERE and position = 20`);
    await given.append(2);
    const next = given.process();
    await next.catchUp();
    expect(await problemOf(next)).toBe('ledger.log-changed');
    await log(`update event_log set header = rtrim(header) where HERE and position = 20`);
    await next.catchUp();
    expect(await problemOf(next)).toBeUndefined();
    await demandWholeLedger(next);
  });

  it('is not overwritten by the application even when it wants to', async () => {
    const process = given.process();
    await given.append(300);
    await process.catchUp();
    for (const sql of [
      `update ledger_tile set hashes = hashes`,
      `delete from ledger_tile`,
      `update ledger_checkpoint set root = root`,
      `delete from ledger_checkpoint`,
      `delete from ledger_tree`,
      `delete from ledger_publication`,
      `update ledger_signature set line = ''`,
      `update ledger_key set vkey = ''`,
    ]) {
      await expect(test.db.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
    for (const change of [`size = size - 1`, `epoch = epoch - 1`, `root = sha256('')`]) {
      await expect(test.db.query(`update ledger_tree set ${change} where chain = ${chain.no}`)).rejects.toMatchObject({
        code: 'PI002',
      });
    }
  });
});

describe('the folder outside the database', () => {
  it('that cannot be written holds up what is served and not the tree', async () => {
    const process = given.process({ folder: '/dev/null/nowhere' });
    await given.append(5);
    await process.catchUp();
    await given.append(5);
    await process.catchUp();
    expect(await process.tables.status(chain)).toMatchObject({
      ...{ size: 10, publishedSize: 0, problem: null },
      publishProblem: expect.stringContaining('/dev/null/nowhere'),
    });
    expect(process.said).toHaveLength(1);
    await expect(process.reader.checkpoint(chain)).rejects.toMatchObject({ code: 'ledger.no-checkpoint' });
    await process.sequencer.stop();
    const mended = given.process();
    await mended.catchUp();
    await demandWholeLedger(mended);
  });

  it('with a checkpoint of nobody we know stops the tree', async () => {
    const first = given.process();
    await given.append(5);
    await first.catchUp();
    await first.sequencer.stop();
    const path = join(given.folder, 'outside', chain.id, 'checkpoint');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/\u2014 .*/u, '\u2014 stranger AAAAAAAA'));
    await given.append(5);
    const next = given.process();
    await next.catchUp();
    expect(await problemOf(next)).toBe('ledger.checkpoint-foreign');
    expect((await next.tables.tree(chain))?.size).toBe(5);
  });

  it('is made with a folder for each chain', async () => {
    const process = given.process();
    await given.append(1);
    await process.catchUp();
    expect(readdirSync(join(given.folder, 'outside', chain.id)).sort()).toEqual([
      'checkpoint',
      expect.stringMatching(/^checkpoints-\d{4}-\d{2}\.txt$/),
    ]);
  });
});

describe('the key', () => {
  it('is made at the first start, for its owner only', async () => {
    const process = given.process();
    await given.append(1);
    await process.catchUp();
    expect(statSync(given.keyFile).mode & 0o777).toBe(0o600);
    expect(await process.reader.keysOf(chain)).toEqual([
      expect.objectContaining({
        vkey: expect.stringContaining(originOf(chain.id)),
        untilSize: null,
        endorsement: null,
      }),
    ]);
  });

  it.each([
    ['can be read by others', () => chmodSync(given.keyFile, 0o640), 'chmod 600'],
    ['is missing', () => rmSync(given.keyFile), 'is missing'],
    ['is no key', () => writeFileSync(given.keyFile, 'hello\n'), '64 hexadecimal digits'],
    ['is another one', () => writeFileSync(given.keyFile, `${'ab'.repeat(32)}\n`), 'none of the keys'],
  ])('that %s signs nothing, and no other one is made in its place', async (_, spoil, said) => {
    const first = given.process();
    await given.append(1);
    await first.catchUp();
    await first.sequencer.stop();
    spoil();
    await given.append(1);
    const next = given.process();
    await next.catchUp();
    expect(next.said.join()).toContain(said);
    expect(next.sequencer.problem).toMatchObject({ code: 'ledger.key-problem' });
    expect((await next.tables.tree(chain))?.size).toBe(1);
  });

  it('is followed by another one: for a while both sign, and the older one names the newer one', async () => {
    const process = given.process();
    const step = async () => {
      await given.append(2);
      await process.catchUp();
      return process.reader.checkpoint(chain);
    };
    await step();
    await expect(process.keys.rotate(chain, 'finish')).rejects.toMatchObject({ code: 'ledger.no-rotation' });
    await process.keys.rotate(chain, 'begin');
    await expect(process.keys.rotate(chain, 'begin')).rejects.toMatchObject({ code: 'ledger.rotation-under-way' });
    // Nobody could tell the new key from a stranger's before the old one has signed beside it.
    await expect(process.keys.rotate(chain, 'finish')).rejects.toMatchObject({ code: 'ledger.no-rotation' });
    const both = await step();
    const [older, newer] = await process.reader.keysOf(chain);
    const [olderKey, newerKey] = [parseVkey(older?.vkey ?? ''), parseVkey(newer?.vkey ?? '')];
    expect(new Set(openCheckpoint(both, [olderKey, newerKey]).signers)).toEqual(new Set([olderKey, newerKey]));
    expect(outsideNote()).toBe(both);
    expect(newer).toMatchObject({
      fromSize: 4,
      untilSize: null,
      endorsement: expect.stringContaining(newer?.vkey ?? ''),
    });
    await process.keys.rotate(chain, 'finish');
    const last = await step();
    expect(openCheckpoint(last, [newerKey]).signers).toEqual([newerKey]);
    expect(() => openCheckpoint(last, [olderKey])).toThrow(
      expect.objectContaining({ code: 'ledger.checkpoint-unsigned' }),
    );
    expect(await process.reader.keysOf(chain)).toMatchObject([{ untilSize: 4 }, { untilSize: null }]);
    expect(statSync(given.keyFile).mode & 0o777).toBe(0o600);
  });
});
