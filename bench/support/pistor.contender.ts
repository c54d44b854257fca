import { openPglite } from '#libs/database/src/pglite.database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { type Engine, openEngine } from '#libs/engine/src/engine.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { BENCH_EVENT_TYPES, contextOf, NoteBoxed, NoteTaken, noteOf, now } from './bench-events.js';
import type { Contender, Job } from './contender.js';
import { closedLoop, type Operation, type Run } from './load.js';

export interface PistorOptions {
  /** A PostgreSQL server; or a folder, in which the embedded database is made. */
  readonly where: { readonly url: string } | { readonly folder: string };
  /** Shared by the processes of one chain. */
  readonly masterKey: string;
}

export interface PistorContender extends Contender {
  /** Flushes of the embedded database so far; 0 on a server, which does not tell. */
  flushes(): Promise<number>;
}

/** People whose keys exist before anything is measured: a chain knows its patients. */
const PEOPLE = 1_000;
/** Streams that decisions look at without writing them, as practitioners and lots are. */
const GUARDED = 50;

/**
 * The event store as the product puts it together. `new`: an event to a new stream; `guarded`: to a stream that exists,
 * at the revision it has and with a guard on another one; `boxed`: as `new`, with the text in a person's box.
 */
export async function open({ where, masterKey }: PistorOptions): Promise<PistorContender> {
  const db = 'url' in where ? await openPostgres(where.url) : await openPglite(where.folder);
  const key = new MasterKey(Buffer.from(masterKey, 'hex'));
  const engine = await openEngine({ db, masterKey: () => key, eventTypes: BENCH_EVENT_TYPES });
  const chain = await engine.chains.ensure('bench', true);
  const operations = new Map<string, Operation>([['new', () => append(engine, chain, newId())]]);

  const operationOf = async (mode: string): Promise<Operation> => {
    if (mode === 'guarded') return guardedAppends(engine, chain, await makeStreams(engine, chain));
    const people = await makePeople(engine, chain);
    let next = 0;
    return () => appendBoxed(engine, chain, people[next++ % people.length] as Id);
  };

  return {
    prepare: async (mode) => {
      // Streams are made for each run: the log may have been emptied since.
      if (mode === 'guarded' || !operations.has(mode)) operations.set(mode, await operationOf(mode));
    },
    run: ({ mode, clients, ms, startAt = Date.now() }: Job): Promise<Run> =>
      closedLoop(clients, ms, startAt, operations.get(mode) as Operation),
    count: async () => {
      const { rows } = await db.query<{ count: string; position: string }>(
        `select count(*), (select sum(position) from chain) as position from event_log`,
      );
      const { count, position } = rows[0] as { count: string; position: string };
      if (count !== position) throw new Error(`There are ${count} events but the positions go to ${position}.`);
      return Number(count);
    },
    flushes: async () => ('host' in db ? db.host.fsyncs : 0),
    close: async () => {
      await engine.close();
      await db.close();
    },
  };
}

async function append({ store }: Engine, chain: Chain, id: Id): Promise<number> {
  await store.append({
    chain: chain.id,
    commandId: newId(),
    streams: [{ stream: `note-${id}`, expectedRevision: 'no-stream', events: [NoteTaken(now(), noteOf(id))] }],
    context: contextOf(),
  });
  return 1;
}

async function appendBoxed({ store }: Engine, chain: Chain, person: Id): Promise<number> {
  const event = NoteBoxed(now(), noteOf(person));
  await store.append({
    chain: chain.id,
    commandId: newId(),
    streams: [{ stream: `note-${newId()}`, expectedRevision: 'no-stream', events: [event] }],
    context: contextOf(),
  });
  return 1;
}

/** Each client writes streams of its own, a course's worth of events each. */
function guardedAppends({ store }: Engine, chain: Chain, guarded: readonly string[]): Operation {
  const EVENTS_OF_A_STREAM = 30;
  const own: { id: Id; revision: number }[] = [];
  return async (client) => {
    const known = own[client];
    const mine = known && known.revision < EVENTS_OF_A_STREAM - 1 ? known : { id: newId(), revision: -1 };
    own[client] = mine;
    await store.append({
      chain: chain.id,
      commandId: newId(),
      streams: [
        {
          stream: `note-${mine.id}`,
          expectedRevision: mine.revision === -1 ? 'no-stream' : mine.revision,
          events: [NoteTaken(now(), noteOf(mine.id))],
        },
      ],
      guards: [{ stream: guarded[(client + mine.revision + 1) % guarded.length] as string, revision: 0 }],
      context: contextOf(),
    });
    mine.revision += 1;
    return 1;
  };
}

async function makePeople(engine: Engine, chain: Chain): Promise<Id[]> {
  const people = Array.from({ length: PEOPLE }, newId);
  await engine.keys.findOrCreate(
    chain,
    people.map((subject) => ({ subject, class: 'clinical' })),
  );
  return people;
}

async function makeStreams(engine: Engine, chain: Chain): Promise<string[]> {
  const ids = Array.from({ length: GUARDED }, newId);
  await Promise.all(ids.map((id) => append(engine, chain, id)));
  return ids.map((id) => `note-${id}`);
}
