import type { Queryable } from '#libs/database/src/database.js';
import type { Engine } from '#libs/engine/src/engine.js';
import type { Projection, Reactor } from '#libs/projections/src/projection.js';
import type { Channel } from './channel.contract.js';
import { ChainClock } from './clock/chain-clock.js';
import { DispatchGate } from './dispatch/dispatch-gate.js';
import { HeldNotes } from './dispatch/held-notes.js';
import { AnswerLinks } from './dispatch/answer-links.js';
import { type HeldTimes, NO_HELD_TIMES } from './dispatch/held-times.js';
import type { House } from './dispatch/house.js';
import { OutboxChannel } from './dispatch/outbox.channel.js';
import { ProviderRate, type ProviderRates } from './dispatch/provider-rate.js';
import { Transports } from './dispatch/transports.js';
import { InboundService } from './inbound/inbound.service.js';
import { ReplyAddresses } from './inbound/reply-address.js';
import type { SlotAnswers } from './inbound/slot-answers.js';
import { messagesProjection } from './messages/messages.projection.js';
import { MessagesQueries } from './messages/messages.queries.js';
import { migrateMessaging } from './messaging.migrations.js';
import { HeldWakerReactor } from './reactor/held-waker.reactor.js';
import { MessagePlannerReactor } from './reactor/message-planner.reactor.js';
import { PlannerNotes } from './reactor/planner-notes.js';
import { RecordReader } from './reactor/record-reader.js';
import { ZoneMoves } from './zones/zone-moves.js';
import { ZoneReplanner } from './zones/zone-replanner.js';
import { ZoneRulesWatch } from './zones/zone-rules-watch.js';
import { OwnTemplatesReader } from './templates/custom/own-templates.js';
import { MessageWriter } from './templates/message-writer.js';
import { TemplateLibrary } from './templates/template-library.js';

/** What messaging stands on. */
export type MessagingEngine = Pick<
  Engine,
  'db' | 'store' | 'codec' | 'chains' | 'boxes' | 'codes' | 'runner' | 'master'
>;

/** Who carries messages out of this deployment; everything goes to the outbox where nothing is said. */
export interface Providers {
  readonly email?: Channel | undefined;
  readonly sms?: Channel | undefined;
  readonly rates?: ProviderRates;
  /** Where patients reach this deployment. */
  readonly publicUrl?: string | undefined;
  /** A sandbox calls providers, too. */
  readonly sandboxSends?: boolean | undefined;
  /** The address that e-mails come from. */
  readonly mailFrom?: string | undefined;
  /** Somebody reads what patients answer to an SMS. */
  readonly readsReplies?: boolean | undefined;
  /** Who hears what patients answer to a time that is held for them. */
  readonly slots?: SlotAnswers | undefined;
  /** And who says of a time whether it is held. */
  readonly times?: HeldTimes | undefined;
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
  readonly outbox: OutboxChannel;
  readonly transports: Transports;
  readonly rate: ProviderRate;
  readonly gate: DispatchGate;
  readonly links: AnswerLinks;
  readonly addresses: ReplyAddresses;
  readonly inbound: InboundService;
  /** Sessions that newer rules of zones have moved, and whoever looks for them. */
  readonly zoneMoves: ZoneMoves;
  readonly zones: ZoneRulesWatch;
  /** What messages say of where they come from. */
  readonly house: House;
  readonly writer: MessageWriter;
  readonly times: HeldTimes;
}

/**
 * Brings the tables up to date and puts the parts together. Nothing runs yet.
 * @param reads by which people are answered
 */
export async function openMessaging(
  engine: MessagingEngine,
  providers: Providers = {},
  reads: Queryable = engine.db,
): Promise<Messaging> {
  await migrateMessaging(engine.db);
  const reader = new RecordReader(engine.store, engine.codec);
  const notes = new PlannerNotes(engine.db);
  const links = new AnswerLinks(engine.master, providers.publicUrl);
  const addresses = new ReplyAddresses(engine.db, engine.master);
  const gate = new DispatchGate(engine.db);
  const outbox = new OutboxChannel(engine.db, engine.boxes);
  const zoneMoves = new ZoneMoves(engine.db, engine.codes);
  const replanner = new ZoneReplanner({ ...engine, reader, moves: zoneMoves });
  return {
    works: [
      new MessagePlannerReactor({ store: engine.store, chains: engine.chains, reader, notes }),
      messagesProjection,
      new HeldWakerReactor(new HeldNotes(engine.db)),
    ],
    queries: new MessagesQueries({ ...engine, reads }),
    clock: new ChainClock(engine.db, engine.chains, gate),
    ...{ reader, notes, outbox },
    transports: new Transports(outbox, providers, providers.sandboxSends),
    rate: new ProviderRate(engine.db, providers.rates ?? {}),
    ...{
      gate,
      links,
      addresses,
      house: { organizer: providers.mailFrom, readsReplies: providers.readsReplies ?? false },
    },
    times: providers.times ?? NO_HELD_TIMES,
    writer: new MessageWriter(new OwnTemplatesReader(engine.store, engine.codec), new TemplateLibrary(engine.db)),
    ...{ zoneMoves, zones: new ZoneRulesWatch({ ...engine, replanner }) },
    inbound: new InboundService({ ...engine, links, addresses, slots: providers.slots }),
  };
}
