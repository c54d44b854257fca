import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Database } from '#libs/database/src/database.js';
import { Invalid, Unavailable } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { Boxes } from './boxes.js';
import { type Chain, Chains } from './chains.js';
import { Codec } from './codec.js';
import { eventType, EventTypes } from './event-type.js';
import { KurrentDbConnection } from './kurrentdb.connection.js';
import { KurrentDbEventStore } from './kurrentdb.event-store.js';
import { nameOf } from './kurrentdb.names.js';
import { recordOf } from './kurrentdb.records.js';
import { MasterKey } from './master-key.js';
import { migrateEventStore } from './postgres.event-store.js';
import { SubjectKeys } from './subject-keys.js';

// What a server answers is for the contract suite, with KURRENTDB_URL; this is for servers that do not answer.

/** Nothing listens there: it is below the ports that are given out. */
const NOBODY = 'kurrentdb://127.0.0.1:1?tls=false';
const TIMEOUT_MS = 400;
/** How long an answer may take at most: the client looks for a server ten times, 100 ms apart, and this machine is slow. */
const PROMPT_MS = 5_000;

const Counted = eventType('Counted', { schema: z.strictObject({ n: z.int() }) });

let db: Database;
let closeDatabase: () => Promise<void>;
let chains: Chains;
let codec: Codec;
let chain: Chain;
/** Takes connections and never says a word. */
let mute: Server;
let muteUrl: string;
const sockets = new Set<Socket>();
let accepted = 0;

beforeAll(async () => {
  ({ db, close: closeDatabase } = await openTestDatabase());
  await migrateEventStore(db);
  chains = new Chains(db);
  codec = new Codec(new EventTypes([Counted]), new Boxes(new SubjectKeys(db, new MasterKey(randomBytes(32)))));
  chain = await chains.ensure('main', true);
  mute = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  }).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  muteUrl = `kurrentdb://127.0.0.1:${(mute.address() as AddressInfo).port}?tls=false`;
});

afterAll(async () => {
  mute.close();
  for (const socket of sockets) socket.destroy();
  await closeDatabase();
});

async function expectPrompt(call: Promise<unknown>): Promise<unknown> {
  const since = performance.now();
  const reason: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(performance.now() - since).toBeLessThan(PROMPT_MS);
  return reason;
}

describe('opening the event store on KurrentDB', () => {
  it('fails within its time-out where no server listens, and says what to mend', async () => {
    const reason = await expectPrompt(KurrentDbEventStore.open({ url: NOBODY, chains, codec, timeoutMs: TIMEOUT_MS }));
    expect(reason).toBeInstanceOf(Unavailable);
    expect((reason as Error).message).toMatch(/No event store answers at KURRENTDB_URL/);
  });

  it('fails within its time-out where no node of a cluster listens', async () => {
    const url = 'kurrentdb://127.0.0.1:1,127.0.0.1:2?tls=false';
    const reason = await expectPrompt(KurrentDbEventStore.open({ url, chains, codec, timeoutMs: TIMEOUT_MS }));
    expect(reason).toBeInstanceOf(Unavailable);
  });

  it('fails within its time-out where a server takes the connection and never answers', async () => {
    const reason = await expectPrompt(KurrentDbEventStore.open({ url: muteUrl, chains, codec, timeoutMs: TIMEOUT_MS }));
    expect(reason).toBeInstanceOf(Unavailable);
    expect((reason as Error).message).toContain(`no answer within ${TIMEOUT_MS} ms`);
  });

  it('refuses a URL that the client cannot read, without showing the password', async () => {
    const url = 'kurrentdb://admin:s3cret@host:notaport?tls=perhaps';
    const reason = await expectPrompt(KurrentDbEventStore.open({ url, chains, codec }));
    expect(reason).toBeInstanceOf(Invalid);
    expect(reason).toMatchObject({ code: 'configuration.kurrentdb' });
    expect(JSON.stringify(reason) + String(reason)).not.toContain('s3cret');
  });

  it.each(['esdb', 'kdb', 'kurrent', 'kurrentdb+discover', 'esdb+discover'])(
    'takes %s:// for its URL',
    async (scheme) => {
      const url = `${scheme}://127.0.0.1:1?tls=false`;
      const reason = await expectPrompt(KurrentDbEventStore.open({ url, chains, codec, timeoutMs: TIMEOUT_MS }));
      expect(reason).toBeInstanceOf(Unavailable);
    },
  );
});

describe('a call to a server that does not answer', () => {
  const calls: [string, (connection: KurrentDbConnection) => Promise<unknown>][] = [
    ['an append', (connection) => connection.append(nameOf(chain.id, 'x-1'), 'no_stream', [anyRecord()])],
    [
      'an append to several streams',
      (connection) =>
        connection.appendRecords(
          ['x-1', 'y-1'].map((stream) => ({ streamName: nameOf(chain.id, stream), record: anyRecord() })),
          [],
        ),
    ],
    ['a read of a stream', (connection) => connection.readStream(nameOf(chain.id, 'x-1'), {}, () => true)],
    ['a read of everything', (connection) => connection.readAll({ prefix: 'pistor.', maxCount: 1 }, () => true)],
    ['a question for what the server can', (connection) => connection.traits()],
  ];

  it.each(calls)('ends %s within its time-out, each time anew', async (_what, call) => {
    for (const url of [muteUrl, NOBODY]) {
      const connection = await KurrentDbConnection.create(url, TIMEOUT_MS);
      for (let n = 0; n < 2; n += 1) expect(await expectPrompt(call(connection))).toBeInstanceOf(Unavailable);
      await connection.close();
      expect(await expectPrompt(call(connection))).toMatchObject({ code: 'event-store.closed' });
    }
  });

  it('does not keep those waiting that come later: a new connection is made', async () => {
    // The half of the client that reads waits half a second before it connects.
    const connection = await KurrentDbConnection.create(muteUrl, 1_500);
    const reads = () => connection.readAll({ maxCount: 1 }, () => true);
    for (let n = 0; n < 2; n += 1) {
      const before = accepted;
      expect(await expectPrompt(reads())).toBeInstanceOf(Unavailable);
      expect(accepted).toBeGreaterThan(before);
    }
    await connection.close();
  });

  it('finds a server that is back at once, though the client had given it up', async () => {
    const { port } = mute.address() as AddressInfo;
    mute.close();
    for (const socket of sockets) socket.destroy();
    await once(mute, 'close');
    const connection = await KurrentDbConnection.create(muteUrl, 1_500);
    const read = () => connection.readAll({ maxCount: 1 }, () => true);
    expect(await expectPrompt(read())).toMatchObject({ cause: { type: 'unavailable' } });
    await pause(1_000);
    await once(mute.listen(port, '127.0.0.1'), 'listening');
    const before = accepted;
    expect(await expectPrompt(read())).toBeInstanceOf(Unavailable);
    expect(accepted).toBeGreaterThan(before);
    await connection.close();
  });

  it('tells a follower that it ended, once', async () => {
    const connection = await KurrentDbConnection.create(NOBODY, TIMEOUT_MS);
    let ended = 0;
    connection.follow(
      'pistor.',
      () => undefined,
      () => (ended += 1),
    );
    for (let n = 0; n < 100 && ended === 0; n += 1) await pause(20);
    await connection.close();
    await pause(50);
    expect(ended).toBe(1);
  });

  const anyRecord = () =>
    recordOf(
      newId(),
      { header: '{"type":"Counted"}', data: '{}' },
      { attempt: newId(), streams: ['x-1'], clockOffsetMs: 0 },
    );
});

describe('the clock of a chain', () => {
  it('is the database’s until a sandbox is advanced', async () => {
    expect(await chains.clockOffsetMs(chain)).toBe(0);
    const live = await chains.ensure('live', false);
    expect(await chains.clockOffsetMs(live)).toBe(0);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    await chains.advanceTo(chain, later);
    const offset = await chains.clockOffsetMs(chain);
    expect(offset).toBeGreaterThan(3_500_000);
    expect(offset).toBeLessThanOrEqual(3_600_000 + 60_000);
    expect(Number.isInteger(offset)).toBe(true);
  });
});
