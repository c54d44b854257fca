import { z } from 'zod';
import { openEngine, type Engine } from '#libs/engine/src/engine.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { Refused } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { type CommandMeta, StaleRevision } from './command-runner.js';

const Opened = eventType('Opened', { schema: z.strictObject({}) });
const Closed = eventType('Closed', { schema: z.strictObject({}) });
type DoorEvent = EventOf<typeof Opened> | EventOf<typeof Closed>;

const door = {
  initial: 'closed' as 'open' | 'closed',
  evolve: (_state: 'open' | 'closed', event: RecordedEvent<DoorEvent>): 'open' | 'closed' =>
    event.type === 'Opened' ? 'open' : 'closed',
};

let db: Database;
let engine: Engine;
let closeDatabase: () => Promise<void>;
let chain: Chain;

beforeAll(async () => {
  ({ db, close: closeDatabase } = await openTestDatabase());
  engine = await openEngine({ db, masterKey: () => new MasterKey(Buffer.alloc(32, 7)), eventTypes: [Opened, Closed] });
  chain = await engine.chains.ensure(newId(), true);
});
afterAll(async () => {
  await engine.close();
  await closeDatabase();
});

const meta = (more: Partial<CommandMeta> = {}): CommandMeta => ({ chain, commandId: newId(), actor: 'test', ...more });

/** Opens a door that is closed; refuses one that is open. */
const open = (given: CommandMeta, stream: string, meanwhile?: () => Promise<unknown>) =>
  engine.runner.run(given, async (reads) => {
    const { state } = await reads.load(stream, door);
    await meanwhile?.();
    if (state === 'open') throw new Refused('door.open', 'It is open.');
    return [{ stream, events: [Opened(occurredNow(reads.now), {})] }];
  });

describe('running a command', () => {
  it('answers the position and the new revision', async () => {
    const stream = `door-${newId()}`;
    const result = await open(meta(), stream);
    expect(result).toMatchObject({ revision: 0, repeated: false });
    expect(result.position).toBe(`${chain.id}:${await engine.store.head(chain.id)}`);
  });

  it('gives a repeated command its first answer, though it would be refused now', async () => {
    const stream = `door-${newId()}`;
    const once = meta();
    const first = await open(once, stream);
    expect(await open(once, stream)).toEqual({ ...first, repeated: true });
    await expect(open(meta(), stream)).rejects.toMatchObject({ code: 'door.open' });
  });

  it('refuses a caller who has seen another revision, and writes nothing', async () => {
    const stream = `door-${newId()}`;
    await expect(open(meta({ ifMatch: 3 }), stream)).rejects.toBeInstanceOf(StaleRevision);
    await expect(open(meta({ ifMatch: -1 }), stream)).resolves.toMatchObject({ revision: 0 });
    expect(await engine.store.readStream(chain.id, stream)).toHaveLength(1);
  });

  it('decides again when what it read has moved meanwhile, written or only looked at', async () => {
    const [read, written] = [`door-${newId()}`, `door-${newId()}`];
    let rounds = 0;
    const seen: string[] = [];
    await engine.runner.run(meta(), async (reads) => {
      const { state } = await reads.load(read, door);
      await reads.load(written, door);
      rounds += 1;
      if (rounds === 1) await open(meta(), read);
      seen.push(state);
      return [{ stream: written, events: [Opened(occurredNow(reads.now), {})] }];
    });
    // The first decision was made from a closed door, which was open by the time it would have been written.
    expect(seen).toEqual(['closed', 'open']);
    expect(await engine.store.readStream(chain.id, written)).toHaveLength(1);
  });

  it('lets one of many that race for one door win', async () => {
    const stream = `door-${newId()}`;
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => open(meta(), stream)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await engine.store.readStream(chain.id, stream)).toHaveLength(1);
  });
});
