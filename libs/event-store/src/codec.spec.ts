import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Database } from '#libs/database/src/database.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { Boxes } from './boxes.js';
import { type Chain, Chains } from './chains.js';
import { Codec } from './codec.js';
import { EventDataInvalid, UnreadableEvent } from './event-store.errors.js';
import type { AppendRequest, ExpectedRevision, StoredEvent } from './event-store.js';
import { eventType, EventTypes, type NewEvent } from './event-type.js';
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

describe('data that does not fit', () => {
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
});

it('refuses a header that would not fit into an entry of the ledger', async () => {
  const [event] = [Noted(occurredNow(NOW), { personId: newId(), code: 'c', note: 'n', email: 'e' })];
  const encode = (actor: string) => codec.encode(chain, newId(), { actor, origin: 'live' }, [event]);
  await expect(encode('é'.repeat(32_000))).rejects.toMatchObject({
    code: 'event.header-too-large',
    data: { bytesMax: 64_000 },
  });
  await expect(encode('é'.repeat(31_000))).resolves.toHaveLength(1);
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
