import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import type { Boxes } from '#libs/event-store/src/boxes.js';
import type { Chains } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { Projection, Reactor } from '#libs/projections/src/projection.js';
import { ChainClock } from './clock/chain-clock.js';
import { HeldNotes } from './dispatch/held-notes.js';
import { OutboxChannel } from './dispatch/outbox.channel.js';
import { messagesProjection } from './messages/messages.projection.js';
import { MessagesQueries } from './messages/messages.queries.js';
import { migrateMessaging } from './messaging.migrations.js';
import { HeldWakerReactor } from './reactor/held-waker.reactor.js';
import { MessagePlannerReactor } from './reactor/message-planner.reactor.js';
import { PlannerNotes } from './reactor/planner-notes.js';
import { RecordReader } from './reactor/record-reader.js';

/** What messaging stands on. */
export interface MessagingEngine {
  readonly db: Database;
  readonly store: EventStore;
  readonly codec: Codec;
  readonly chains: Chains;
  readonly boxes: Boxes;
  readonly codes: ExternalCodes;
  readonly runner: CommandRunner;
}

/** Messaging in any process, whether it works on messages or only answers about them. */
export interface Messaging {
  /** To be run with the other projections of the deployment. */
  readonly works: readonly (Projection | Reactor)[];
  readonly queries: MessagesQueries;
  readonly clock: ChainClock;
  /** For `MessagingWorkers`. */
  readonly reader: RecordReader;
  readonly notes: PlannerNotes;
  readonly channel: OutboxChannel;
}

/** Brings the tables up to date and puts the parts together. Nothing runs yet. */
export async function openMessaging(engine: MessagingEngine): Promise<Messaging> {
  await migrateMessaging(engine.db);
  const reader = new RecordReader(engine.store, engine.codec);
  const notes = new PlannerNotes(engine.db);
  return {
    works: [
      new MessagePlannerReactor({ store: engine.store, chains: engine.chains, reader, notes }),
      messagesProjection,
      new HeldWakerReactor(new HeldNotes(engine.db)),
    ],
    queries: new MessagesQueries(engine),
    clock: new ChainClock(engine.db, engine.chains),
    ...{ reader, notes },
    channel: new OutboxChannel(engine.db, engine.boxes),
  };
}
