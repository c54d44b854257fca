import { z } from 'zod';
import { eventType } from '#libs/event-store/src/event-type.js';
import { settleLogPlace } from '#libs/event-store/src/log-place.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { asOwner, openTestDatabase, type TestDatabase } from '#test/support/test-database.js';
import { type Engine, type EngineOptions, openEngine } from './engine.js';

const Written = eventType('Written', { schema: z.strictObject({ text: z.string() }) });
/** Nothing listens there: it is below the ports that are given out. */
const NOBODY = { url: 'kurrentdb://127.0.0.1:1?tls=false', allowUnguarded: false };

let test: TestDatabase;
beforeEach(async () => {
  test = await openTestDatabase();
});
afterEach(() => test.close());

const open = (more: Partial<EngineOptions> = {}): Promise<Engine> =>
  openEngine({ db: test.db, masterKey: () => new MasterKey(Buffer.alloc(32, 7)), eventTypes: [Written], ...more });

async function write({ chains, store }: Engine, text: string): Promise<void> {
  const { id } = await chains.ensure('main', true);
  const events = [Written(occurredNow('2026-01-31T09:00:00.000Z'), { text })];
  const streams = [{ stream: `note-${newId()}`, expectedRevision: 'no-stream' as const, events }];
  await store.append({ chain: id, commandId: newId(), streams, context: { actor: 'test', origin: 'live' } });
}

describe('a database whose events are kept in KurrentDB', () => {
  it('is not opened without that server, which would begin a second log', async () => {
    await (await open()).close();
    await asOwner(test.db, 'delete from log_place');
    await settleLogPlace(test.db, 'kurrentdb');
    await expect(open()).rejects.toMatchObject({
      kind: 'refused',
      code: 'event-store.in-kurrentdb',
      message: expect.stringContaining('Set KURRENTDB_URL'),
    });
  });

  it('is one only once that server was there', async () => {
    await expect(open({ kurrentdb: NOBODY })).rejects.toMatchObject({ kind: 'unavailable' });
    const engine = await open();
    await write(engine, 'here');
    await engine.close();
  });
});

describe('a database that keeps its events itself', () => {
  it('is not opened with a server for them', async () => {
    const engine = await open();
    await write(engine, 'here');
    await engine.close();
    await expect(open({ kurrentdb: NOBODY })).rejects.toMatchObject({ code: 'event-store.in-database' });
  });

  it('is known by its events where it was made before anything said so', async () => {
    const engine = await open();
    await write(engine, 'here');
    await engine.close();
    await asOwner(test.db, 'delete from log_place');
    await expect(open({ kurrentdb: NOBODY })).rejects.toMatchObject({ code: 'event-store.in-database' });
    await (await open()).close();
  });
});

it('lets an event have as many bytes as it was told', async () => {
  const engine = await open({ eventBytesMax: 10_000 });
  await write(engine, 'x'.repeat(9_000));
  await expect(write(engine, 'x'.repeat(10_000))).rejects.toMatchObject({
    code: 'event.too-large',
    data: { bytesMax: 10_000 },
  });
  await engine.close();
});
