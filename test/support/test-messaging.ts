import type { Chain } from '../../libs/event-store/src/chains.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { type Messaging, openMessaging } from '../../libs/messaging/src/messaging.js';
import type { Channel } from '../../libs/messaging/src/channel.contract.js';
import type { SweeperTimes } from '../../libs/messaging/src/dispatch/dispatch-sweeper.js';
import { Transports } from '../../libs/messaging/src/dispatch/transports.js';
import { MESSAGING_EVENT_TYPES } from '../../libs/messaging/src/messaging.event-types.js';
import { MessagingWorkers } from '../../libs/messaging/src/messaging.workers.js';
import type { Projections } from '../../libs/projections/src/projections.js';
import { openQueueBackend, type QueueBackend } from '../../libs/queue/src/queue-backend.js';
import { TREATMENT_EVENT_TYPES } from '../../libs/treatment/src/treatment.event-types.js';
import { openTestEngine, type StreamOfEvents, type TestEngine } from './test-engine.js';
import { PatientRegistered, patientStream } from '../../libs/treatment/src/patient/patient.events.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import { HEALTHY, practitioner, protocols, site } from './treatment-history.js';

const EVENT_TYPES = [...TREATMENT_EVENT_TYPES, ...MESSAGING_EVENT_TYPES];

export interface WorkersOptions {
  readonly channel?: Channel;
  readonly times?: SweeperTimes;
  readonly queueName?: string;
}

/** Messaging as a process has it, on a database of its own; BullMQ in it, or in the Redis that REDIS_URL names. */
export interface TestMessaging extends Messaging {
  readonly engine: TestEngine;
  readonly projections: Projections;
  readonly backend: QueueBackend;
  /** Workers of one more process; they do not run until they are told to, and are stopped at the end. */
  workers(options?: WorkersOptions): MessagingWorkers;
  /** A sandbox chain with protocols, and a site and patient of its own. */
  newWorld(options?: { readonly zone?: string; readonly recipient?: Recipient }): Promise<TestWorld>;
  /** Waits until planner and read model have seen everything there is. */
  follow(chain: Chain): Promise<void>;
  close(): Promise<void>;
}

export interface Recipient {
  readonly language?: string;
  readonly channel?: 'email' | 'sms' | 'none';
  readonly contactConsent?: boolean;
  readonly email?: string;
}

/** A patient who can be written to. */
export function recipient(id: string, recipientOptions: Recipient = {}): StreamOfEvents {
  const { email = 'ipek@example.org', ...chosen } = recipientOptions;
  const preference = { language: 'en', channel: 'email' as const, contactConsent: true, ...chosen };
  const born = { birthDate: '1991-10-01', sex: 'female' as const };
  const identity = { familyName: 'Şahin', givenName: 'İpek', ...born, phone: '+905550000001', email };
  const data = { patientId: id, preference, identity, health: HEALTHY };
  return { stream: patientStream(id), events: [PatientRegistered(occurredNow('2026-01-01T00:00:00.000Z'), data)] };
}

export interface TestWorld {
  readonly chain: Chain;
  readonly of: { readonly site: string; readonly patient: string; readonly practitioner: string };
  append(...streams: readonly StreamOfEvents[]): Promise<void>;
}

/** Silent: specs provoke what would be warned of. */
const log = { warn: () => {} };

export async function openTestMessaging(): Promise<TestMessaging> {
  const engine = await openTestEngine(EVENT_TYPES);
  const messaging = await openMessaging(engine);
  const projections = await engine.projections(messaging.works);
  const backend = await openQueueBackend({
    db: engine.db,
    redisUrl: process.env.REDIS_URL,
    prefix: `{test-${newId()}}`,
  });
  projections.start();
  const started: MessagingWorkers[] = [];

  const follow = async (chain: Chain) => {
    for (;;) {
      const head = await engine.store.head(chain.id);
      for (const { name } of messaging.works) await projections.waitFor(name, chain, head, 20_000);
      if ((await engine.store.head(chain.id)) === head) return;
    }
  };

  return {
    ...messaging,
    ...{ engine, projections, backend, follow },
    workers: ({ channel, times, queueName } = {}) => {
      const transports = channel
        ? new Transports(channel, { email: channel, sms: channel }, true)
        : messaging.transports;
      const deps = { ...engine, ...messaging, projections, backend, transports, log };
      const options = { planEveryMs: 200, ...(times && { times }), ...(queueName && { queueName }) };
      const workers = new MessagingWorkers(deps, options);
      started.push(workers);
      return workers;
    },
    newWorld: async ({ zone = 'Europe/Istanbul', recipient: chosen = {} } = {}) => {
      const chain = await engine.newChain();
      const of = { site: newId(), patient: newId(), practitioner: newId() };
      const append = (...streams: readonly StreamOfEvents[]) => engine.append(chain, streams);
      await append(
        ...protocols(chain.id),
        site(of.site, zone),
        practitioner({ id: of.practitioner }),
        recipient(of.patient, chosen),
      );
      return { chain, of, append };
    },
    close: async () => {
      await Promise.all(started.map((workers) => workers.stop()));
      await projections.stop();
      await backend.close();
      await engine.close();
    },
  };
}
