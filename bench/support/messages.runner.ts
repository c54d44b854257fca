import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import type { Database } from '#libs/database/src/database.js';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { openEngine } from '#libs/engine/src/engine.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { PERSONAL_CLASSES } from '#libs/event-store/src/personal-data.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import type { Channel } from '#libs/messaging/src/channel.contract.js';
import { type DispatchJob, dispatchJobId } from '#libs/messaging/src/dispatch/dispatch.jobs.js';
import { MESSAGES_SCHEMA } from '#libs/messaging/src/messages/messages.projection.js';
import { MESSAGING_EVENT_TYPES } from '#libs/messaging/src/messaging.event-types.js';
import { openMessaging } from '#libs/messaging/src/messaging.js';
import { MessagingWorkers } from '#libs/messaging/src/messaging.workers.js';
import { MESSAGE_PLANNER } from '#libs/messaging/src/reactor/message-planner.reactor.js';
import { Projections } from '#libs/projections/src/projections.js';
import { openQueue } from '#libs/queue/src/bullmq.queue.js';
import { openQueueBackend } from '#libs/queue/src/queue-backend.js';
import { SiteDayProjection } from '#libs/treatment/src/site/site-day/site-day.projection.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { percentile } from './load.js';
import { type ClinicAppend, MessagesClinic } from './messages.clinic.js';
import { type Elapsed, stopwatch } from './stopwatch.js';

export interface MessagesOptions {
  /** A PostgreSQL, or a folder for PGlite. */
  readonly database: { readonly url: string } | { readonly folder: string };
  /** Without it the jobs live in the database. */
  readonly redisUrl?: string | undefined;
  readonly masterKey: string;
  /** Its clock is set forward to when messages fall due; a live chain's goes on by itself. */
  readonly sandbox: boolean;
}

/** Messages that came through, how long that took, and what of a processor it took here. */
export interface Handled extends Elapsed {
  readonly messages: number;
}

export interface Lateness extends Handled {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Footprint {
  readonly messages: number;
  /** What is alive after a collection. */
  readonly heapMb: number;
  readonly rssMb: number;
}

export interface MessagesRunner {
  /** Patients after a visit, of whom nothing was planned yet. */
  writeVisits(patients: number): Promise<void>;
  /** Plans whatever follows from what is written. */
  plan(): Promise<Handled>;
  /** Plans about so many messages that fall due at once. @returns how many */
  fallDue(messages: number): Promise<number>;
  /** Sends so many messages, with everything else that a worker does beside it. */
  dispatch(messages: number): Promise<Handled>;
  /** The queue alone: jobs as dispatch has them, of which nothing follows. */
  bareQueue(jobs: number): Promise<Handled>;
  /** Sends messages that fall due at a rate. */
  lateness(aSecond: number, seconds: number): Promise<Lateness>;
  /** Plans and sends messages in so many rounds. */
  footprints(messages: number, rounds: number): Promise<Footprint[]>;
  /** Hands messages of the next hours to the queue, wipes it, and waits until it has them all again. */
  wiped(messages: number): Promise<Handled>;
  close(): Promise<void>;
}

const IN_FLIGHT_MAX = 512;
/** Check-in, all-clear and reminder. */
const MESSAGES_A_PATIENT = 3;
const WAIT_MS_MAX = 14 * 60_000;
const HOUR_MS = 3_600_000;
/** As a worker of the product does: once a second, and sooner when something moves. */
const WORKERS = { planEveryMs: 1_000 };

/** Takes everything at once. What was sent is counted, and nothing of it is kept. */
class NullProvider implements Channel {
  readonly transport = 'smtp';
  readonly deduplicatesForMs = 0;
  count = 0;
  onMessage: (messageId: Id) => void = () => {};

  send(_chain: Chain, { messageId }: { readonly messageId: Id }) {
    this.count += 1;
    this.onMessage(messageId);
    return Promise.resolve({ kind: 'accepted', reference: 'null' } as const);
  }
}

/** Messaging as a worker process has it, in front of a provider that takes everything. */
export async function open(options: MessagesOptions): Promise<MessagesRunner> {
  const { database } = options;
  const db: Database = 'url' in database ? await openPostgres(database.url) : await openPglite(database.folder);
  const masterKey = new MasterKey(Buffer.from(options.masterKey, 'hex'));
  const eventTypes = [...TREATMENT_EVENT_TYPES, ...MESSAGING_EVENT_TYPES];
  const engine = await openEngine({ db, masterKey: () => masterKey, eventTypes });
  const chain = await engine.chains.ensure('bench', options.sandbox);
  const provider = new NullProvider();
  const messaging = await openMessaging(engine, { email: provider, sandboxSends: true });
  const projections = new Projections({ ...engine, log: silentLog }, [...messaging.works, new SiteDayProjection()]);
  await projections.prepare();
  const { redisUrl } = options;
  const backend = await openQueueBackend({ db, redisUrl, prefix: `{bench-${newId()}}` });
  const deps = { ...engine, ...messaging, projections, backend, log: silentLog };
  /** When what is written falls due. */
  const due = new Date(Date.parse(await engine.chains.now(chain)) + HOUR_MS).toISOString();
  const clinic = new MessagesClinic(due);
  let referred = false;

  const append = async (visits: Iterable<readonly ClinicAppend[]>) => {
    const flight = new Set<Promise<unknown>>();
    const one = async ({ stream, expectedRevision, events, newPerson }: ClinicAppend) => {
      if (newPerson !== undefined) {
        const keys = PERSONAL_CLASSES.map((personalClass) => ({ subject: newPerson, class: personalClass }));
        await engine.keys.findOrCreate(chain, keys);
      }
      const context = { actor: 'user:bench', origin: 'live' as const };
      await engine.store.append({
        ...{ chain: chain.id, commandId: newId(), context },
        streams: [{ stream, expectedRevision, events }],
      });
    };
    const all = function* () {
      if (!referred) yield* clinic.references(chain.id);
      referred = true;
      for (const visit of visits) yield* visit;
    };
    for (const each of all()) {
      const appended: Promise<unknown> = one(each).finally(() => flight.delete(appended));
      flight.add(appended);
      if (flight.size >= IN_FLIGHT_MAX) await Promise.race(flight);
    }
    await Promise.all(flight);
  };

  const planned = async (): Promise<number> => {
    const { rows } = await db.query<{ n: number }>('select count(*)::int as n from planned_message where chain = $1', [
      chain.no,
    ]);
    return rows[0]?.n ?? 0;
  };

  const plan = async (): Promise<Handled> => {
    const before = await planned();
    const head = await engine.store.head(chain.id);
    const elapsed = stopwatch();
    projections.start((work) => work.name === MESSAGE_PLANNER.name);
    await projections.waitFor(MESSAGE_PLANNER.name, chain, head, WAIT_MS_MAX);
    const took = elapsed();
    await projections.stop();
    return { messages: (await planned()) - before, ...took };
  };

  const readModels = async () => {
    projections.start((work) => work.name !== MESSAGE_PLANNER.name);
    await projections.waitForHead(chain, WAIT_MS_MAX, (work) => work.name !== MESSAGE_PLANNER.name);
    await projections.stop();
  };

  const until = async (isSo: () => boolean | Promise<boolean>) => {
    const deadline = performance.now() + WAIT_MS_MAX;
    while (!(await isSo())) {
      if (performance.now() > deadline) throw new Error('It does not come to an end.');
      await sleep(5);
    }
  };

  const sent = async (): Promise<number> => {
    const { rows } = await db.query<{ n: number }>(
      `select count(*)::int as n from ${MESSAGES_SCHEMA}.message where chain = $1 and status = 'sent'`,
      [chain.no],
    );
    return rows[0]?.n ?? 0;
  };

  /** Patients of whom messages fall due within the hour, which then passes. @returns how many are due */
  const writeDue = async (patients: number): Promise<number> => {
    const at = new Date(Date.parse(await engine.chains.now(chain)) + HOUR_MS).toISOString();
    await append(generated(patients, () => clinic.allDueAt(at)));
    await plan();
    await readModels();
    await engine.chains.advanceTo(chain, new Date(Date.parse(at) + 60_000).toISOString());
    const { rows } = await db.query<{ n: number }>(
      `select count(*)::int as n from ${MESSAGES_SCHEMA}.message
       where chain = $1 and status = 'pending' and due_at <= $2`,
      [chain.no, await engine.chains.now(chain)],
    );
    return rows[0]?.n ?? 0;
  };

  /** Everything that a worker does, until so many more messages are on record as sent. */
  const dispatchDue = async (messages: number): Promise<Handled> => {
    const [taken, before] = [provider.count, await sent()];
    const workers = new MessagingWorkers(deps, { ...WORKERS, queueName: `bench-${newId()}` });
    const elapsed = stopwatch();
    projections.start();
    workers.start();
    await until(() => provider.count - taken >= messages);
    const took = elapsed();
    await until(async () => (await sent()) - before >= messages);
    await workers.stop();
    await projections.stop();
    if (provider.count - taken !== messages) throw new Error('The provider was called too often.');
    return { messages, ...took };
  };

  return {
    writeVisits: async (patients) => {
      const now = await engine.chains.now(chain);
      await append(generated(patients, () => clinic.afterVisit(now)));
    },
    plan,

    fallDue: (messages) => writeDue(Math.ceil(messages / MESSAGES_A_PATIENT)),
    dispatch: dispatchDue,

    bareQueue: async (jobs) => {
      const queue = openQueue<DispatchJob>(`bare-${newId()}`, { backend, log: silentLog });
      let done = 0;
      const add = async () => {
        for (let from = 0; from < jobs; from += 500) {
          const size = Math.min(500, jobs - from);
          const batch = Array.from({ length: size }, () => newId());
          await queue.add(
            batch.map((messageId) => ({
              ...{ id: dispatchJobId(messageId, 0), priority: 2 },
              data: { chainId: chain.id, messageId },
            })),
          );
        }
      };
      const elapsed = stopwatch();
      const handle = () => {
        done += 1;
        return Promise.resolve();
      };
      queue.process(handle, { concurrency: MessagingWorkers.concurrencyOn(backend.kind) });
      await add();
      await until(() => done >= jobs);
      const took = elapsed();
      await queue.close();
      return { messages: jobs, ...took };
    },

    lateness: async (aSecond, seconds) => {
      const messages = aSecond * seconds;
      const workers = new MessagingWorkers(deps, { ...WORKERS, queueName: `bench-${newId()}` });
      // Long enough to write and plan them all before the first is due.
      const from = Math.ceil(Date.now() / 1000) * 1000 + 20_000 + messages * 4;
      const dueAt = (n: number) => new Date(from + Math.floor(n / aSecond) * 1000).toISOString();
      let n = 0;
      await append(generated(messages, () => clinic.remindersDueAt([dueAt(n++)])));
      await plan();
      await readModels();
      if (Date.now() > from) throw new Error('The first was due before all were planned: ask for fewer.');
      const { rows } = await db.query<{ message_id: Id; due_at: Date }>(
        `select message_id, due_at from ${MESSAGES_SCHEMA}.message where chain = $1 and status = 'pending' and due_at <= $2`,
        [chain.no, dueAt(messages)],
      );
      const dues = new Map(rows.map((row) => [row.message_id, row.due_at.getTime()]));
      const late: number[] = [];
      provider.onMessage = (messageId) => late.push(Date.now() - (dues.get(messageId) ?? NaN));
      projections.start();
      workers.start();
      await sleep(from - Date.now());
      const elapsed = stopwatch();
      await until(() => late.length >= messages);
      const took = elapsed();
      await workers.stop();
      await projections.stop();
      const lateMs = Float64Array.from(late);
      return { messages, ...took, p50Ms: percentile(lateMs, 0.5), p99Ms: percentile(lateMs, 0.99) };
    },

    footprints: async (messages, rounds) => {
      const found: Footprint[] = [];
      let sentSoFar = 0;
      for (let round = 1; round <= rounds; round += 1) {
        const due = await writeDue(Math.ceil(messages / rounds / MESSAGES_A_PATIENT));
        sentSoFar += (await dispatchDue(due)).messages;
        globalThis.gc?.();
        const [heap, rss] = [getHeapStatistics().used_heap_size, process.memoryUsage.rss()];
        found.push({ messages: sentSoFar, heapMb: heap / 2 ** 20, rssMb: rss / 2 ** 20 });
      }
      return found;
    },

    wiped: async (messages) => {
      if (redisUrl === undefined) throw new Error('Only a Redis can be wiped.');
      const sessions = 20;
      const dues = Array.from({ length: sessions }, (_, n) => new Date(Date.parse(due) + n * 1_000).toISOString());
      const patients = Math.ceil(messages / sessions);
      await append(generated(patients, () => clinic.remindersDueAt(dues)));
      await plan();
      await readModels();
      const { Redis } = await import('ioredis');
      const redis = new Redis(redisUrl);
      const queueName = `bench-${newId()}`;
      const workers = new MessagingWorkers(deps, { ...WORKERS, queueName });
      projections.start();
      workers.start();
      const waiting = async () => {
        const keys = await redis.keys(`*:${queueName}:delayed`);
        return keys[0] === undefined ? 0 : redis.zcard(keys[0]);
      };
      const all = patients * sessions;
      const isThere = async () => (await waiting()) >= all;
      try {
        await until(isThere);
        await redis.flushall();
        const elapsed = stopwatch();
        await until(isThere);
        return { messages: all, ...elapsed() };
      } finally {
        await workers.stop();
        await projections.stop();
        redis.disconnect();
      }
    },

    close: async () => {
      await projections.stop();
      await backend.close();
      await engine.close();
      await db.close();
    },
  };
}

function* generated<Item>(count: number, make: () => Item): Generator<Item> {
  for (let n = 0; n < count; n += 1) yield make();
}
