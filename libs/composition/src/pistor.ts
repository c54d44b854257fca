import { join } from 'node:path';
import { migrate } from '#libs/database/src/migrations.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { type Engine, openEngine } from '#libs/engine/src/engine.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { masterKeyFromFile } from '#libs/event-store/src/master-key.js';
import { type Booking, openBooking } from '#libs/booking/src/booking.js';
import { heldTimes } from '#libs/booking/src/slot/held-times.js';
import { BOOKING_EVENT_TYPES } from '#libs/booking/src/booking.event-types.js';
import { type ChannelsConfiguration, OUTBOX_ONLY } from '#libs/channels/src/channels.configuration.js';
import { openChannels, twilioCalls } from '#libs/channels/src/open-channels.js';
import { HistoryImporter } from '#libs/history-import/src/history-importer.js';
import { migrateHistoryImport } from '#libs/history-import/src/import-lines.js';
import { migrateHttp } from '#libs/http/src/idempotency.js';
import type { Log } from '#libs/kernel/src/log.js';
import { clearClockLeases } from '#libs/messaging/src/clock/clock-driver.js';
import { MESSAGING_EVENT_TYPES } from '#libs/messaging/src/messaging.event-types.js';
import { lastBalance } from '#libs/messaging/src/messages/balance-check.js';
import { type Messaging, openMessaging } from '#libs/messaging/src/messaging.js';
import { clearLeases } from '#libs/projections/src/checkpoints.js';
import { Projections } from '#libs/projections/src/projections.js';
import { TASKS_EVENT_TYPES } from '#libs/tasks/src/tasks.event-types.js';
import { openTasks, type Tasks } from '#libs/tasks/src/tasks.js';
import { treatmentProjections } from '#libs/treatment/src/treatment.projections.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { ProtocolService } from '#libs/treatment/src/protocol/protocol.service.js';
import { balanceHealth, databaseHealth, eventsHealth, type HealthCheck, queueCheck } from './health.js';
import { openDatabase, type OpenedDatabase } from './open-database.js';
import { ProcessWorkers } from './process-workers.js';

/** The chain of a deployment, until there is sign-in and with it more than one. */
const CHAIN_SLUG = 'main';

/** A read model that does not come to the head in this time has stopped, or is far behind: it is reported, not waited for. */
const READ_MODELS_MS_MAX = 60_000;

/** Everything that a process of Pistor works with: opened once, closed once, whatever the process is. */
export interface Pistor {
  readonly configuration: Configuration;
  readonly log: Log;
  readonly engine: Engine;
  readonly chain: Chain;
  readonly projections: Projections;
  readonly importer: HistoryImporter;
  readonly messaging: Messaging;
  readonly booking: Booking;
  readonly tasks: Tasks;
  readonly channels: ChannelsConfiguration;
  /** Host under which patients and providers come in; undefined where they cannot. */
  readonly publicHost: string | undefined;
  /** What runs by itself; nothing does until it is told to. */
  readonly workers: ProcessWorkers;
  /** Waits until every read model shows what is recorded now. @throws Unavailable when they do not move for a minute */
  readModelsAtHead(chain: Chain): Promise<void>;
  /** What works now, by name. */
  health(): Promise<Record<string, HealthCheck>>;
  /** Tells the command line where the server that holds an embedded folder can be reached. */
  announce(url: string): void;
  close(): Promise<void>;
}

/**
 * Opens the database that the configuration names, brings its tables up to date and publishes the built-in protocols.
 * @param database where it is being opened already
 * @param channels who carries messages; the outbox where nobody is named
 * @throws Conflict `folder.locked`, Unavailable, MasterKeyProblem, Refused `database.newer`
 */
export async function openPistor(
  configuration: Configuration,
  log: Log,
  database: Promise<OpenedDatabase> = openDatabase(configuration),
  channels: ChannelsConfiguration = OUTBOX_ONLY,
): Promise<Pistor> {
  const { db, announce, warning } = await database;
  if (warning !== undefined) log.warn({}, warning);
  const { kurrentdbUrl, allowUnguarded, eventBytesMax } = configuration;
  try {
    const engine = await openEngine({
      db,
      masterKey: (mayCreate) => masterKeyFromFile(configuration.masterKeyFile, mayCreate),
      eventTypes: [...TREATMENT_EVENT_TYPES, ...MESSAGING_EVENT_TYPES, ...BOOKING_EVENT_TYPES, ...TASKS_EVENT_TYPES],
      kurrentdb: kurrentdbUrl === undefined ? undefined : { url: kurrentdbUrl, allowUnguarded },
      eventBytesMax,
    });
    await migrate(db, { name: 'composition', folder: join(import.meta.dirname, 'migrations') });
    await migrateHttp(db);
    await migrateHistoryImport(db);
    // Nobody else can hold a lease on an embedded folder: what is left of a killed process need not run out first.
    if (configuration.mode === 'embedded') await clearLeases(db);
    const chain = await engine.chains.ensure(CHAIN_SLUG, configuration.sandbox);
    await new ProtocolService(engine.runner).publishBuiltIns(chain);
    const providers = openChannels(channels, log);
    const booking = await openBooking(engine, log);
    if (chain.sandbox && !channels.sandboxSends && (providers.email ?? providers.sms)) {
      log.warn(
        { mend: 'PISTOR_SANDBOX=false for a live chain, or PISTOR_SANDBOX_SENDS=true' },
        'this chain is a sandbox: its messages stay in the outbox, and no provider is called',
      );
    }
    const messaging = await openMessaging(engine, {
      ...providers,
      slots: booking.slots,
      times: heldTimes,
      publicUrl: channels.publicUrl,
      sandboxSends: channels.sandboxSends,
      mailFrom: channels.smtp?.from,
      readsReplies: twilioCalls(channels) !== null,
    });
    const tasks = await openTasks(engine);
    if (configuration.mode === 'embedded') await clearClockLeases(db);
    const projections = new Projections({ ...engine, log }, [
      ...treatmentProjections(engine),
      ...messaging.works,
      ...booking.works,
      ...tasks.works,
    ]);
    await projections.prepare();
    const workers = new ProcessWorkers({ configuration, engine, messaging, booking, tasks, projections, log });
    const databaseProbe = databaseHealth(db);
    const eventsProbe = kurrentdbUrl === undefined ? undefined : eventsHealth(engine.store, chain);
    const close = async () => {
      await workers.stop();
      await messaging.transports.close();
      await engine.close();
      await db.close();
    };
    return {
      configuration,
      log,
      engine,
      chain,
      projections,
      importer: new HistoryImporter(engine),
      messaging,
      booking,
      tasks,
      channels,
      publicHost: channels.publicUrl === undefined ? undefined : new URL(channels.publicUrl).host,
      workers,
      readModelsAtHead: (of) => projections.waitForHead(of, READ_MODELS_MS_MAX, (work) => !('react' in work)),
      health: async () => {
        const [database, events, queue, messages] = await Promise.all([
          databaseProbe.check(),
          eventsProbe?.check(),
          workers.health(),
          balanceHealth(() => lastBalance(db, chain)),
        ]);
        return {
          ...{ database, ...(events && { events }), ...(queue && { queue: queueCheck(queue) }) },
          ...(messages && { messages }),
        };
      },
      announce,
      close,
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}
