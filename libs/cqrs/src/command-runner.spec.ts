import { z } from 'zod';
import { openEngine, type Engine } from '#libs/engine/src/engine.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { Refused } from '#libs/kernel/src/errors.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { type CommandMeta, CommandRunner, StaleRevision } from './command-runner.js';

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
const open = (given: CommandMeta, stream: string, meanwhile?: () => Promise<unknown>, runner = engine.runner) =>
  runner.run(given, async (reads) => {
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

describe('a command that was carried out before', () => {
  /**
   * The store, asked in the way of a KurrentDB server: to that, a command is new unless one of the streams that it wrote
   * to is named.
   */
  const askedByStream: Pick<EventStore, 'append'> = {
    append: async (request) => {
      if (request.streams.some(({ events }) => events.length > 0)) return engine.store.append(request);
      const named = request.streams.map(({ stream }) => engine.store.readStream(request.chain, stream));
      const events = (await Promise.all(named)).flat();
      const isThere = events.some(({ header }) => header.commandId === request.commandId);
      return engine.store.append(isThere ? request : { ...request, commandId: newId() });
    },
  };
  const byStream = () =>
    new CommandRunner(
      Object.assign(Object.create(engine.store) as EventStore, askedByStream),
      engine.codec,
      engine.chains,
    );

  it.each([
    ['in the chain', () => engine.runner],
    ['in its streams', byStream],
  ])('is found again %s when it is refused now', async (_where, runner) => {
    const stream = `door-${newId()}`;
    const once = meta();
    const first = await open(once, stream, undefined, runner());
    expect(await open(once, stream, undefined, runner())).toEqual({ ...first, repeated: true });
    const never = open(meta(), stream, undefined, runner());
    await expect(never).rejects.toMatchObject({ code: 'door.open' });
  });

  it.each([
    ['in the chain', () => engine.runner],
    ['in its streams', byStream],
  ])('is found again %s when it finds nothing left to do', async (_where, runner) => {
    const stream = `door-${newId()}`;
    const openOnce = (given: CommandMeta) =>
      runner().run(given, async (reads) => {
        const { state } = await reads.load(stream, door);
        return state === 'open' ? [] : [{ stream, events: [Opened(occurredNow(reads.now), {})] }];
      });
    const once = meta();
    const first = await openOnce(once);
    await open(meta(), `door-${newId()}`);
    expect(await openOnce(once)).toEqual({ ...first, repeated: true });
    expect(await openOnce(meta())).toMatchObject({ repeated: false });
  });

  it.each([
    ['in the chain', () => engine.runner],
    ['in its streams', byStream],
  ])('is found again %s when its caller has seen what was before', async (_where, runner) => {
    const stream = `door-${newId()}`;
    const once = meta({ ifMatch: -1 });
    const first = await open(once, stream, undefined, runner());
    expect(await open(once, stream, undefined, runner())).toEqual({ ...first, repeated: true });
    await expect(open(meta({ ifMatch: -1 }), stream, undefined, runner())).rejects.toMatchObject({ code: 'door.open' });
  });

  it('is looked for in no stream that cannot be', async () => {
    const refused = engine.runner.run(meta(), async (reads) => {
      await reads.load('no stream', door);
      throw new Refused('door.unknown', 'There is no such door.');
    });
    await expect(refused).rejects.toMatchObject({ code: 'door.unknown' });
  });
});
