import type { Database } from '#libs/database/src/database.js';
import type { Chains } from '#libs/event-store/src/chains.js';
import type { AppendRequest, EventStore, StoredEvent } from '#libs/event-store/src/event-store.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Channel } from '#libs/messaging/src/channel.contract.js';
import type { DispatchJob } from '#libs/messaging/src/dispatch/dispatch.jobs.js';
import type { Projection, Reactor } from '#libs/projections/src/projection.js';
import type { WorkQueue } from '#libs/queue/src/work-queue.js';

/**
 * A mistake that somebody could make in the system, made here from the outside: between a worker and what it stands on.
 * The properties of the simulation must find each of them.
 */
export interface PlantedFault {
  readonly name: string;
  /** The property that finds it, by its name. */
  readonly caughtBy: readonly string[];
  readonly store?: (store: EventStore) => EventStore;
  readonly database?: (db: Database) => Database;
  readonly chains?: (chains: Chains) => Chains;
  readonly channel?: (channel: Channel) => Channel;
  readonly queue?: (queue: WorkQueue<DispatchJob>) => WorkQueue<DispatchJob>;
  readonly work?: (work: Projection | Reactor) => Projection | Reactor;
  readonly sweeperIsOff?: boolean;
  /** What is due meanwhile comes too late: it shows only then. */
  readonly outage?: boolean;
  /** It shows only while dispatch is closed. */
  readonly closed?: boolean;
}

const typesOf = ({ streams }: AppendRequest): string[] =>
  streams.flatMap(({ events }) => events.map(({ type }) => type));
const isDispatch = (request: AppendRequest): boolean => typesOf(request).some((type) => type === 'MessageAttempted');
const OUTCOMES = /^Message(?:Sent|Failed|OutcomeUnknown|Refused)$/;

/** A store whose appends are changed on their way. */
const appending =
  (change: (request: AppendRequest) => AppendRequest) =>
  (store: EventStore): EventStore => ({ ...store, append: (request) => store.append(change(request)) });

/** A store that gives the events of streams changed, to whoever reads one. */
const reading =
  (change: (event: StoredEvent) => StoredEvent | undefined, streams: RegExp) =>
  (store: EventStore): EventStore => ({
    ...store,
    readStream: async (chain, stream, options) => {
      const events = await store.readStream(chain, stream, options);
      return streams.test(stream) ? events.flatMap((event) => change(event) ?? []) : events;
    },
  });

/** The store reads the header of an event only when it is asked for, so that a copy would not have one. */
const withData = (event: StoredEvent, change: (data: Record<string, any>) => object): StoredEvent =>
  Object.create(event, { data: { value: changed(event.data, change) } }) as StoredEvent;

/** What stands open in the text of an event; personal data lies beside it, in boxes. */
function changed(text: string, change: (data: Record<string, any>) => object): string {
  const stored = JSON.parse(text) as { open: Record<string, any> };
  return JSON.stringify({ ...stored, open: change(stored.open) });
}

/** What patients may change their minds about. */
const WISHES: ReadonlySet<string> = new Set([
  ...['PatientContactPreferenceChanged', 'PatientContactChoicesSet', 'PatientOptedOut', 'ConsentWithdrawn'],
]);

const OF_WISHES = /^(?:patient|consultation)-/;

const anyRevision = (request: AppendRequest): AppendRequest => ({
  ...request,
  streams: request.streams.map((each) => ({ ...each, expectedRevision: 'any' })),
});

export const PLANTED_FAULTS: readonly PlantedFault[] = [
  {
    name: 'an attempt is committed whatever has happened to the message meanwhile',
    caughtBy: ['noneIsRepeatedBlindly', 'noneIsAcceptedTwice', 'eachStreamIsInOrder'],
    store: appending((request) => (isDispatch(request) ? anyRevision(request) : request)),
  },
  {
    name: 'an outcome is recorded whoever has taken over meanwhile',
    caughtBy: ['eachStreamIsInOrder'],
    store: appending((request) =>
      typesOf(request).some((type) => OUTCOMES.test(type)) ? anyRevision(request) : request,
    ),
  },
  {
    name: 'what was read is not guarded until the attempt commits',
    caughtBy: ['noneIsAttemptedWithoutCause'],
    store: appending((request) => (isDispatch(request) ? { ...request, guards: [] } : request)),
  },
  {
    name: 'the attempt is not committed before the provider is called',
    caughtBy: ['noneGoesWithoutAnAttempt', 'noneIsRepeatedBlindly', 'noneIsAcceptedTwice'],
    store: (store) => {
      const kept = new Map<string, AppendRequest>();
      return {
        ...store,
        append: async (request) => {
          const [first] = request.streams;
          if (first && isDispatch(request)) {
            kept.set(first.stream, request);
            const revision = Number(first.expectedRevision) + first.events.length;
            return { position: 0, revisions: { [first.stream]: revision }, repeated: false };
          }
          const before = first && kept.get(first.stream);
          if (before) await store.append(before);
          if (first) kept.delete(first.stream);
          return store.append(request);
        },
      };
    },
  },
  {
    name: 'the patient’s wishes are those of when the message was planned',
    caughtBy: ['noneIsAttemptedWithoutCause', 'noneIsSuppressedWithoutReason'],
    store: (store) =>
      appending((request) => ({ ...request, guards: request.guards?.filter(({ stream }) => !OF_WISHES.test(stream)) }))(
        reading((event) => (WISHES.has(event.header.type) ? undefined : event), OF_WISHES)(store),
      ),
  },
  {
    name: 'every attempt has an idempotency key of its own',
    caughtBy: ['noneIsAcceptedTwice'],
    channel: (channel) => ({
      ...channel,
      send: (chain, message) => channel.send(chain, { ...message, idempotencyKey: newId() }),
    }),
  },
  {
    name: 'what nobody knows of is repeated on a provider that does not deduplicate',
    caughtBy: ['noneIsRepeatedBlindly', 'noneIsAcceptedTwice'],
    channel: (channel) => ({ ...channel, deduplicatesForMs: 365 * 86_400_000, claim: () => Promise.resolve(null) }),
  },
  {
    name: 'quiet hours are ignored',
    caughtBy: ['noneGoesInQuietHours'],
    store: reading(
      (event) =>
        withData(event, (data) => (data.quietHours ? { ...data, quietHours: { from: '03:00', to: '03:01' } } : data)),
      /^site-/,
    ),
  },
  {
    name: 'quiet hours are those of another zone',
    caughtBy: ['noneGoesInQuietHours'],
    store: reading(
      (event) => withData(event, (data) => (data.timeZone ? { ...data, timeZone: 'Pacific/Auckland' } : data)),
      /^site-/,
    ),
  },
  {
    name: 'deadlines are ignored',
    caughtBy: ['noneGoesTooEarlyOrTooLate'],
    outage: true,
    store: reading(
      (event) =>
        withData(event, (data) => (data.expiresAt ? { ...data, expiresAt: '2099-01-01T00:00:00.000Z' } : data)),
      /^message-/,
    ),
  },
  {
    name: 'what is due is asked by the clock of a machine that is ten minutes off',
    caughtBy: ['noneGoesTooEarlyOrTooLate'],
    chains: (chains) =>
      new Proxy(chains, {
        get: (target, name) => {
          const value = Reflect.get(target, name) as unknown;
          if (typeof value !== 'function') return value;
          if (name !== 'now') return value.bind(target) as unknown;
          return async (chain: Parameters<Chains['now']>[0]) =>
            new Date(Date.parse(await target.now(chain)) + 600_000).toISOString();
        },
      }),
  },
  {
    name: 'nobody sweeps',
    caughtBy: ['noneIsLost'],
    sweeperIsOff: true,
  },
  {
    name: 'a planner forgets what it has handed over',
    caughtBy: ['eachIsHandedOverOnce'],
    database: (db) => ({
      ...db,
      query: (async (statement: string | { name?: string; text: string; values?: unknown[] }, values?: unknown[]) => {
        const result = await db.query(statement as string, values);
        if (typeof statement !== 'string' && statement.name === 'dispatch_take') {
          await db.query('delete from dispatch_handed_over where chain = $1', [statement.values?.[0]]);
        }
        return result;
      }) as Database['query'],
    }),
  },
  {
    name: 'a planner marks what is due and hands nothing over, and nobody sweeps',
    caughtBy: ['noneIsLost'],
    sweeperIsOff: true,
    queue: (queue) => ({ ...queue, add: () => Promise.resolve() }),
  },
  {
    name: 'messages are planned without a command id and at any revision',
    caughtBy: ['eachStreamIsInOrder'],
    store: appending((request) =>
      typesOf(request).includes('MessagePlanned') ? anyRevision({ ...request, commandId: newId() }) : request,
    ),
  },
  {
    name: 'what must be told anew never gets another generation',
    caughtBy: ['nothingIsForgotten'],
    store: (store) => ({
      ...store,
      append: (request) => {
        const anew = request.streams.some(({ events }) =>
          events.some(({ type, data }) => type === 'MessagePlanned' && (data as { generation: number }).generation > 0),
        );
        // The key is that of the former telling, and so is the command id: nothing is planned.
        return anew ? Promise.resolve({ position: 0, revisions: {}, repeated: true }) : store.append(request);
      },
    }),
  },
  {
    name: 'the read model misses what is suppressed',
    caughtBy: ['balance'],
    work: (work) =>
      'apply' in work && work.name === 'messages'
        ? {
            ...work,
            apply: (context, events) =>
              work.apply(
                context,
                events.filter(({ type }) => type !== 'MessageSuppressed'),
              ),
          }
        : work,
  },
  {
    name: 'what stands against a session is not asked',
    caughtBy: ['noneIsAttemptedWithoutCause'],
    store: reading(
      (event) =>
        event.header.type === 'HealthFactRecorded'
          ? withData(event, (data) => ({ ...data, since: '2099-01-01' }))
          : event,
      /^patient-/,
    ),
  },
  {
    name: 'messages go though dispatch is closed',
    caughtBy: ['noneGoesWhileClosed'],
    closed: true,
    database: (db) => ({
      ...db,
      query: (async (statement: string | { name?: string; text: string; values?: unknown[] }, values?: unknown[]) =>
        typeof statement !== 'string' && statement.name === 'dispatch_gate_state'
          ? { rows: [], rowCount: 0 }
          : db.query(statement as string, values)) as Database['query'],
    }),
  },
  {
    name: 'jobs say who they are about',
    caughtBy: ['queuesHoldIdsOnly'],
    queue: (queue) => ({
      ...queue,
      add: (jobs) => queue.add(jobs.map((job) => ({ ...job, data: { ...job.data, to: 'jane@example.org' } }))),
    }),
  },
];
