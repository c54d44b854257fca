import { randomBytes } from 'node:crypto';
import { type Engine, openEngine } from '../../libs/engine/src/engine.js';
import type { Chain } from '../../libs/event-store/src/chains.js';
import type { AppendContext, StreamName } from '../../libs/event-store/src/event-store.js';
import type { EventType, NewEvent } from '../../libs/event-store/src/event-type.js';
import { MasterKey } from '../../libs/event-store/src/master-key.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { pageEvents as eventsOfPage } from '../../libs/projections/src/event-pages.js';
import { type Projection, type Reactor, schemaOf } from '../../libs/projections/src/projection.js';
import { Projections } from '../../libs/projections/src/projections.js';
import { openTestDatabase } from './test-database.js';

/** Events of one stream, in their order. */
export interface StreamOfEvents {
  readonly stream: StreamName;
  readonly events: readonly NewEvent[];
  readonly origin?: AppendContext['origin'];
}

/** Everything from the database to the projections, as a process has it; each test takes a chain of its own. */
export interface TestEngine extends Engine {
  /** Projections with their tables made; they run only when they are told to. */
  projections(works: readonly (Projection | Reactor)[]): Promise<Projections>;
  newChain(): Promise<Chain>;
  /** Appends to each stream in turn, whatever is in it already. */
  append(chain: Chain, streams: readonly StreamOfEvents[]): Promise<void>;
  /**
   * Applies what a chain has from a position on to one projection, in pages of a size and without a checkpoint. Its
   * tables must have been made.
   * @returns the position up to which it has come
   */
  apply(projection: Projection, chain: Chain, pageEvents?: number, from?: number): Promise<number>;
  /** The same in one transaction, as a build does it that writes its rows at the end. */
  accumulate(projection: Projection, chain: Chain, pageEvents: number): Promise<void>;
}

export async function openTestEngine(eventTypes: readonly EventType[]): Promise<TestEngine> {
  const test = await openTestDatabase();
  const engine = await openEngine({ db: test.db, masterKey: () => new MasterKey(randomBytes(32)), eventTypes });
  const log = { warn: (fields: object, message: string) => console.warn(message, fields) };
  const { db, store, codec, boxes } = engine;

  return {
    ...engine,
    projections: async (works) => {
      const projections = new Projections({ ...engine, log }, works);
      await projections.prepare();
      return projections;
    },
    newChain: () => engine.chains.ensure(`chain-${newId()}`, true),
    append: async (chain, streams) => {
      for (const { stream, events, origin = 'live' } of streams) {
        await store.append({
          chain: chain.id,
          commandId: newId(),
          streams: [{ stream, expectedRevision: 'any', events }],
          context: { actor: 'test', origin },
        });
      }
    },
    apply: async (projection, chain, pageEvents = 2_000, from = 1) => {
      for (let next = from; ; next += pageEvents) {
        const stored = await store.readAll(chain.id, { from: next, limit: pageEvents });
        const wanted = stored.filter((event) => projection.types.has(event.header.type));
        const events = (await eventsOfPage(store, codec, chain, wanted)).map(({ sealed }) => sealed);
        await db.transaction(async (tx) => {
          await tx.query(`set local search_path to "${schemaOf(projection)}", public`);
          if (events.length > 0) await projection.apply({ tx, chain, boxes: boxes.within(tx) }, events);
        });
        if (stored.length < pageEvents) return next + stored.length - 1;
      }
    },
    accumulate: async (projection, chain, pageEvents) => {
      const wanted = (await store.readAll(chain.id)).filter((event) => projection.types.has(event.header.type));
      const events = await eventsOfPage(store, codec, chain, wanted);
      await db.transaction(async (tx) => {
        await tx.query(`set local search_path to "${schemaOf(projection)}", public`);
        const rows = projection.accumulate?.({ tx, chain, boxes: boxes.within(tx) });
        for (let from = 0; from < events.length; from += pageEvents) {
          await rows?.add(events.slice(from, from + pageEvents));
          if (from % 2 === 1) await rows?.evict();
        }
        await rows?.flush();
      });
    },
    close: async () => {
      await engine.close();
      await test.close();
    },
  };
}
