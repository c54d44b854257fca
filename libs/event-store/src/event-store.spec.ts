import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { z } from 'zod';
import type { Database } from '#libs/database/src/database.js';
import { Overloaded } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { Boxes } from './boxes.js';
import { type Chain, Chains } from './chains.js';
import { Codec } from './codec.js';
import {
  EventDataInvalid,
  EventTooLarge,
  GuardFailed,
  MalformedStreamName,
  UnreadableEvent,
  WrongExpectedRevision,
} from './event-store.errors.js';
import type { AppendRequest, ExpectedRevision, StoredEvent } from './event-store.js';
import { eventType, EventTypes, type NewEvent } from './event-type.js';
import { GROUP_COMMIT_LIMITS } from './group-commit.js';
import { claimMasterKey, MasterKey } from './master-key.js';
import { ERASED, personal } from './personal-data.js';
import { migrateEventStore, PostgresEventStore } from './postgres.event-store.js';
import { SubjectKeys } from './subject-keys.js';

const Counted = eventType('Counted', { schema: z.strictObject({ n: z.int() }) });
const Noted = eventType('Noted', {
  subject: 'personId',
  schema: z.strictObject({
    personId: z.uuid(),
    code: z.string(),
    note: personal('clinical', z.string()),
    email: personal('contact', z.string()),
  }),
});
const Lifted = eventType('Lifted', {
  version: 2,
  schema: z.strictObject({ total: z.int() }),
  upcasters: [(data) => ({ total: data['amount'] })],
});

const NOW = '2026-01-31T09:00:00.000Z';
const counted = (n: number) => Counted(occurredNow(NOW), { n });

let db: Database;
let closeDatabase: () => Promise<void>;
let chains: Chains;
let codec: Codec;
let store: PostgresEventStore;
let chain: Chain;

beforeAll(async () => {
  ({ db, close: closeDatabase } = await openTestDatabase());
  await migrateEventStore(db);
  const master = new MasterKey(randomBytes(32));
  await claimMasterKey(db, master);
  chains = new Chains(db);
  codec = new Codec(new EventTypes([Counted, Noted, Lifted]), new Boxes(new SubjectKeys(db, master)));
  store = await PostgresEventStore.open(db, chains, codec);
});

afterAll(async () => {
  await store.close();
  await closeDatabase();
});

beforeEach(async () => {
  chain = await chains.ensure(newId(), true);
});

const stream = (name = newId()) => `thing-${name}`;

function request(
  on: string,
  expectedRevision: ExpectedRevision,
  events: NewEvent[],
  more: Partial<AppendRequest> = {},
): AppendRequest {
  return {
    chain: chain.id,
    commandId: newId(),
    streams: [{ stream: on, expectedRevision, events }],
    context: { actor: 'user:test', origin: 'live' },
    ...more,
  };
}

const numbers = (events: readonly StoredEvent[]) => events.map((event) => JSON.parse(event.data).open.n as number);

describe('appending with an expected revision', () => {
  it('numbers the events of a stream from 0 and the positions of a chain from 1', async () => {
    const a = stream();
    const b = stream();
    expect(await store.append(request(a, 'no-stream', [counted(1), counted(2)]))).toEqual({
      position: 2,
      revisions: { [a]: 1 },
      repeated: false,
    });
    expect(await store.append(request(b, 'no-stream', [counted(3)]))).toMatchObject({
      position: 3,
      revisions: { [b]: 0 },
    });
    expect(await store.append(request(a, 1, [counted(4)]))).toMatchObject({ position: 4, revisions: { [a]: 2 } });
    expect((await store.readStream(chain.id, a)).map((event) => [event.revision, event.position])).toEqual([
      [0, 1],
      [1, 2],
      [2, 4],
    ]);
    expect(numbers(await store.readAll(chain.id))).toEqual([1, 2, 3, 4]);
    expect(await store.head(chain.id)).toBe(4);
  });

  it.each<[ExpectedRevision, boolean]>([
    ['no-stream', false],
    ['exists', true],
    ['any', true],
    [0, true],
    [1, false],
    [7, false],
  ])('of %p on a stream at revision 0: accepted is %p', async (expected, accepted) => {
    const on = stream();
    await store.append(request(on, 'no-stream', [counted(1)]));
    const append = store.append(request(on, expected, [counted(2)]));
    if (accepted) await expect(append).resolves.toMatchObject({ revisions: { [on]: 1 } });
    else await expect(append).rejects.toMatchObject({ stream: on, expected, actual: 0 });
  });

  it.each<[ExpectedRevision, boolean]>([
    ['no-stream', true],
    ['exists', false],
    ['any', true],
    [0, false],
    [-1, true],
  ])('of %p where there is no stream: accepted is %p', async (expected, accepted) => {
    const append = store.append(request(stream(), expected, [counted(1)]));
    if (accepted) await expect(append).resolves.toMatchObject({ position: 1 });
    else await expect(append).rejects.toBeInstanceOf(WrongExpectedRevision);
  });

  it('lets one of twenty writers with the same revision win; the others learn the actual one', async () => {
    const on = stream();
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => store.append(request(on, 'no-stream', [counted(n)]))),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ actual: 0 });
    expect(await store.readStream(chain.id, on)).toHaveLength(1);
  });

  it('appends to several streams, or to none of them', async () => {
    const [a, b] = [stream(), stream()];
    const streams = [
      { stream: a, expectedRevision: 'no-stream' as const, events: [counted(1)] },
      { stream: b, expectedRevision: 'exists' as const, events: [counted(2)] },
    ];
    await expect(store.append({ ...request(a, 'any', []), streams })).rejects.toMatchObject({ stream: b, actual: -1 });
    expect(await store.readAll(chain.id)).toEqual([]);
    await store.append(request(b, 'no-stream', [counted(0)]));
    await expect(store.append({ ...request(a, 'any', []), streams })).resolves.toMatchObject({
      revisions: { [a]: 0, [b]: 1 },
    });
  });

  it('fails alone inside a batch, leaving no hole in the positions', async () => {
    const on = stream();
    const results = await Promise.allSettled([
      store.append(request(on, 'no-stream', [counted(1)])),
      store.append(request(on, 5, [counted(2)])),
      store.append(request(on, 0, [counted(3)])),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await store.readAll(chain.id)).map((event) => event.position)).toEqual([1, 2]);
  });
});

describe('a guard', () => {
  it('holds while the stream that was read has not moved', async () => {
    const [read, written] = [stream(), stream()];
    await store.append(request(read, 'no-stream', [counted(1)]));
    await expect(
      store.append(request(written, 'no-stream', [counted(2)], { guards: [{ stream: read, revision: 0 }] })),
    ).resolves.toBeDefined();
  });

  it('fails the append once it has, and tells by how much', async () => {
    const [read, written] = [stream(), stream()];
    await store.append(request(read, 'no-stream', [counted(1), counted(2)]));
    const append = store.append(
      request(written, 'no-stream', [counted(3)], { guards: [{ stream: read, revision: 0 }] }),
    );
    await expect(append).rejects.toBeInstanceOf(GuardFailed);
    await expect(append).rejects.toMatchObject({ stream: read, expected: 0, actual: 1 });
    expect(await store.readStream(chain.id, written)).toEqual([]);
  });

  it('sees what an earlier append of the same batch wrote', async () => {
    const [read, written] = [stream(), stream()];
    const [first, second] = await Promise.allSettled([
      store.append(request(read, 'no-stream', [counted(1)])),
      store.append(request(written, 'no-stream', [counted(2)], { guards: [{ stream: read, revision: -1 }] })),
    ]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a command id', () => {
  it('that was seen before gives the first result and appends nothing, whatever is expected', async () => {
    const on = stream();
    const first = request(on, 'no-stream', [counted(1), counted(2)]);
    const result = await store.append(first);
    await store.append(request(on, 1, [counted(3)]));
    for (const expectedRevision of ['no-stream', 'any', 99] as const) {
      const again = { ...first, streams: [{ stream: on, expectedRevision, events: [counted(1)] }] };
      expect(await store.append(again)).toEqual({ ...result, repeated: true });
    }
    expect(numbers(await store.readStream(chain.id, on))).toEqual([1, 2, 3]);
  });

  it('that arrives many times at once is carried out once', async () => {
    const once = request(stream(), 'no-stream', [counted(1)]);
    const results = await Promise.all(Array.from({ length: 30 }, () => store.append(once)));
    expect(results.filter((result) => !result.repeated)).toHaveLength(1);
    expect(new Set(results.map((result) => result.position))).toEqual(new Set([1]));
  });

  it('of an append that failed may be used again', async () => {
    const on = stream();
    const failed = request(on, 'exists', [counted(1)]);
    await expect(store.append(failed)).rejects.toBeInstanceOf(WrongExpectedRevision);
    await store.append(request(on, 'no-stream', [counted(0)]));
    await expect(store.append(failed)).resolves.toMatchObject({ repeated: false });
  });

  it('means nothing in another chain', async () => {
    const first = request(stream(), 'no-stream', [counted(1)]);
    await store.append(first);
    const other = await chains.ensure(newId(), true);
    expect(await store.append({ ...first, chain: other.id })).toMatchObject({ position: 1, repeated: false });
  });

  it('without events leaves no trace and tells the head', async () => {
    await store.append(request(stream(), 'no-stream', [counted(1)]));
    expect(await store.append(request(stream(), 'any', []))).toEqual({ position: 1, revisions: {}, repeated: false });
  });
});

describe('bad input', () => {
  it.each(['', 'noid', '-x', 'Thing-1', 'thing-', 'thing-a b', 'thing-\n', `thing-${'x'.repeat(300)}`])(
    'refuses the stream name %j',
    async (name) => {
      await expect(store.append(request(name, 'any', [counted(1)]))).rejects.toBeInstanceOf(MalformedStreamName);
    },
  );

  it('refuses data that does not fit the schema, before anything is written', async () => {
    const wrong = { ...counted(1), data: { n: 'one' } };
    await expect(store.append(request(stream(), 'any', [counted(1), wrong]))).rejects.toBeInstanceOf(EventDataInvalid);
    await expect(store.append(request(stream(), 'any', [{ ...counted(1), type: 'Unheard' }]))).rejects.toBeInstanceOf(
      EventDataInvalid,
    );
    expect(await store.head(chain.id)).toBe(0);
  });

  it.each(['a\0b', 'a\ud800b'])('refuses text that no read model could hold: %j', async (code) => {
    const bad = Noted(occurredNow(NOW), { personId: newId(), code, note: '', email: '' });
    await expect(store.append(request(stream(), 'any', [bad]))).rejects.toBeInstanceOf(EventDataInvalid);
    const personal = Noted(occurredNow(NOW), { personId: newId(), code: 'c', note: code, email: '' });
    await expect(store.append(request(stream(), 'any', [personal]))).rejects.toBeInstanceOf(EventDataInvalid);
  });

  it('takes text that only looks like it', async () => {
    const good = Noted(occurredNow(NOW), { personId: newId(), code: 'C:\\u0000\\ud800 😀', note: '', email: '' });
    await expect(store.append(request(stream(), 'any', [good]))).resolves.toBeDefined();
  });

  it('refuses an event that is too large', async () => {
    const huge = Noted(occurredNow(NOW), { personId: newId(), code: 'x'.repeat(1_100_000), note: '', email: '' });
    await expect(store.append(request(stream(), 'any', [huge]))).rejects.toBeInstanceOf(EventTooLarge);
  });

  it('refuses more than it can hold, and takes again what comes later', async () => {
    const small = await PostgresEventStore.open(db, chains, codec, { ...GROUP_COMMIT_LIMITS, waitingMax: 5 });
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () => small.append(request(stream(), 'any', [counted(1)]))),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const result of refused) expect(result.reason).toBeInstanceOf(Overloaded);
    await expect(small.append(request(stream(), 'any', [counted(1)]))).resolves.toBeDefined();
    expect(await small.head(chain.id)).toBe(results.length - refused.length + 1);
    await small.close();
  });
});

describe('personal data', () => {
  const person = newId();
  const noted = Noted(occurredNow(NOW), {
    personId: person,
    code: 'open-code',
    note: 'allergic to latex',
    email: 'ayse@example.org',
  });

  it('never stands open in what is stored', async () => {
    const on = stream();
    await store.append(request(on, 'any', [noted]));
    const { rows } = await db.query('select header || data as stored from event_log where chain = $1', [chain.no]);
    expect(rows[0].stored).toContain('open-code');
    expect(rows[0].stored).not.toMatch(/latex|ayse/);
  });

  it('comes back when the event is decoded', async () => {
    const on = stream();
    await store.append(request(on, 'any', [noted]));
    const [event] = await codec.decode(chain, await store.readStream(chain.id, on));
    expect(event).toMatchObject({ type: 'Noted', data: noted.data });
  });

  it('stays closed for a projection', async () => {
    const on = stream();
    await store.append(request(on, 'any', [noted]));
    const [stored] = await store.readStream(chain.id, on);
    const event = codec.decodeSealed(stored as StoredEvent);
    expect(event.data).toEqual({ personId: person, code: 'open-code', note: ERASED, email: ERASED });
    expect(Object.keys(event.sealed).sort()).toEqual(['clinical', 'contact']);
  });

  it('reads as erased once the key is destroyed, and so does what is written later', async () => {
    const on = stream();
    const of = newId();
    const about = (note: string) => Noted(occurredNow(NOW), { personId: of, code: 'c', note, email: 'x@example.org' });
    await store.append(request(on, 'any', [about('first')]));
    await db.query(
      `update subject_key set wrapped = null, destroyed_at = now() where subject = $1 and class = 'clinical'`,
      [of],
    );
    const fresh = new Codec(new EventTypes([Noted]), new Boxes(new SubjectKeys(db, testMaster(codec))));
    const [event] = await fresh.decode(chain, await store.readStream(chain.id, on));
    expect(event?.data).toEqual({ personId: of, code: 'c', note: ERASED, email: 'x@example.org' });
    const [later] = await fresh.encode(chain, newId(), { actor: 'a', origin: 'live' }, [about('second')]);
    expect(Object.keys(JSON.parse(later?.data ?? '').boxes)).toEqual(['contact']);
  });
});

/** The master key that a codec works with. */
const testMaster = (of: Codec): MasterKey =>
  (of as unknown as { boxes: { keys: { master: MasterKey } } }).boxes.keys.master;

describe('schema versions', () => {
  it('lifts an old version to the newest', async () => {
    const stored = await storedAs('Lifted', 1, { amount: 7 });
    expect((await codec.decode(chain, [stored]))[0]?.data).toEqual({ total: 7 });
  });

  it.each([
    ['an unknown type', 'Unheard', 1, {}],
    ['a version from the future', 'Lifted', 3, { total: 1 }],
    ['data that no longer parses', 'Lifted', 2, { total: 'many' }],
  ])('refuses to guess at %s', async (_what, type, version, data) => {
    await expect(codec.decode(chain, [await storedAs(type, version, data)])).rejects.toBeInstanceOf(UnreadableEvent);
  });

  async function storedAs(type: string, version: number, open: object): Promise<StoredEvent> {
    const on = stream();
    await store.append(request(on, 'any', [counted(1)]));
    const [event] = await store.readStream(chain.id, on);
    return {
      ...(event as StoredEvent),
      header: { ...(event as StoredEvent).header, type, version },
      data: JSON.stringify({ open }),
    };
  }
});

describe('a chain’s clock', () => {
  it('follows the database and the offset of a sandbox, and never goes back', async () => {
    const before = await chains.now(chain);
    const later = new Date(Date.parse(before) + 90 * 24 * 3600_000).toISOString();
    await chains.advanceTo(chain, later);
    expect(Date.parse(await chains.now(chain)) - Date.parse(later)).toBeGreaterThanOrEqual(0);
    expect(Date.parse(await chains.now(chain)) - Date.parse(later)).toBeLessThan(5_000);
    await chains.advanceTo(chain, before);
    expect((await chains.now(chain)) >= later).toBe(true);
    await store.append(request(stream(), 'any', [counted(1)]));
    expect((await store.readAll(chain.id))[0]?.recordedAt.slice(0, 10)).toBe(later.slice(0, 10));
    await db.query('update chain set clock_offset_ms = clock_offset_ms - 5000 where no = $1', [chain.no]);
    await store.append(request(stream(), 'any', [counted(2)]));
    const [first, second] = await store.readAll(chain.id);
    expect((second as StoredEvent).recordedAt >= (first as StoredEvent).recordedAt).toBe(true);
  });

  it('that was set back by more than a step refuses to record, and takes the same command once it is right', async () => {
    await store.append(request(stream(), 'any', [counted(1)]));
    await db.query('update chain set clock_offset_ms = -3600000 where no = $1', [chain.no]);
    const late = request(stream(), 'any', [counted(2)]);
    await expect(store.append(late)).rejects.toMatchObject({ kind: 'unavailable', code: 'clock.set-back' });
    expect(await store.head(chain.id)).toBe(1);
    await db.query('update chain set clock_offset_ms = 0 where no = $1', [chain.no]);
    await expect(store.append(late)).resolves.toMatchObject({ position: 2, repeated: false });
  });

  it('of a live chain cannot be advanced', async () => {
    const live = await chains.ensure(newId(), false);
    await chains.advanceTo(live, '2099-01-01T00:00:00.000Z');
    expect((await chains.now(live)) < '2099').toBe(true);
  });
});

it('gives every stream its revisions and the chain its positions without gap or repeat, whatever the writers do', async () => {
  const writer = fc.array(
    fc.record({
      on: fc.integer({ min: 0, max: 3 }),
      events: fc.integer({ min: 1, max: 4 }),
      expected: fc.constantFrom<ExpectedRevision>('any', 'exists', 'no-stream', 0, 2),
    }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(writer, { minLength: 1, maxLength: 5 }), async (writers) => {
      chain = await chains.ensure(newId(), true);
      let appended = 0;
      await Promise.all(
        writers.map(async (appends, w) => {
          for (const { on, events, expected } of appends) {
            const append = store.append(
              request(
                `thing-${on}`,
                expected,
                Array.from({ length: events }, () => counted(w)),
              ),
            );
            await append.then(
              () => (appended += events),
              (error) => expect(error).toBeInstanceOf(WrongExpectedRevision),
            );
          }
        }),
      );
      const all = await store.readAll(chain.id);
      expect(all.map((event) => event.position)).toEqual(Array.from({ length: appended }, (_, n) => n + 1));
      for (let on = 0; on <= 3; on += 1) {
        const own = all.filter((event) => event.stream === `thing-${on}`);
        expect(own.map((event) => event.revision)).toEqual(own.map((_, n) => n));
      }
    }),
    { numRuns: 25 },
  );
});
