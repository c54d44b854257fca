import { join } from 'node:path';
import { References } from '#libs/cqrs/src/references.js';
import type { Queryable } from '#libs/database/src/database.js';
import { migrate } from '#libs/database/src/migrations.js';
import { ReaderDatabase } from '#libs/database/src/reader.database.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { type Engine, openEngine } from '#libs/engine/src/engine.js';
import { openKeyVault } from '#libs/engine/src/open-key-vault.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { masterKeyFromFile } from '#libs/event-store/src/master-key.js';
import { RewrappedKeys } from '#libs/event-store/src/rewrapped-keys.js';
import { type Access, migrateAccess, openAccess } from '#libs/access/src/access.js';
import { type AccessConfiguration, NOTHING_ASKED } from '#libs/access/src/access.configuration.js';
import { ACCESS_EVENT_TYPES } from '#libs/access/src/access.event-types.js';
import { type Booking, openBooking } from '#libs/booking/src/booking.js';
import { heldTimes } from '#libs/booking/src/slot/held-times.js';
import { BOOKING_EVENT_TYPES } from '#libs/booking/src/booking.event-types.js';
import { type ChannelsConfiguration, OUTBOX_ONLY } from '#libs/channels/src/channels.configuration.js';
import { openChannels, twilioCalls } from '#libs/channels/src/open-channels.js';
import { ERASURE_EVENT_TYPES } from '#libs/erasure/src/erasure.event-types.js';
import { type Erasure, openErasure } from '#libs/erasure/src/erasure.js';
import { HistoryImporter } from '#libs/history-import/src/history-importer.js';
import { migrateHistoryImport } from '#libs/history-import/src/import-lines.js';
import type { NamesOf } from '#libs/http/src/principal.js';
import { migrateHttp } from '#libs/http/src/idempotency.js';
import type { Log } from '#libs/kernel/src/log.js';
import { parseWitnesses } from '#libs/ledger/src/ledger.configuration.js';
import { type Ledger, openLedger } from '#libs/ledger/src/ledger.js';
import { DatabaseLog, StoreLog } from '#libs/ledger/src/ledger-log.js';
import { clearLedgerLeases } from '#libs/ledger/src/ledger-tables.js';
import { clearClockLeases } from '#libs/messaging/src/clock/clock-driver.js';
import { MESSAGING_EVENT_TYPES } from '#libs/messaging/src/messaging.event-types.js';
import { lastBalance } from '#libs/messaging/src/messages/balance-check.js';
import { type Messaging, openMessaging } from '#libs/messaging/src/messaging.js';
import { clearLeases } from '#libs/projections/src/checkpoints.js';
import { Projections } from '#libs/projections/src/projections.js';
import { readsChainOf } from '#libs/read-record/src/reads-chain.js';
import { openReadRecord, type ReadRecord } from '#libs/read-record/src/read-record.js';
import { SIGNATURE_EVENT_TYPES } from '#libs/signature/src/signature.event-types.js';
import { SignatureService } from '#libs/signature/src/signature.service.js';
import { TASKS_EVENT_TYPES } from '#libs/tasks/src/tasks.event-types.js';
import { openTasks, type Tasks } from '#libs/tasks/src/tasks.js';
import { READ_SCOPE_SCHEMAS } from '#libs/treatment/src/patient/patient-sites/patient-sites.contract.js';
import { treatmentProjections } from '#libs/treatment/src/treatment.projections.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { ProtocolService } from '#libs/treatment/src/protocol/protocol.service.js';
import { recordScopes } from './record-scopes.js';
import { leavesFrom, signingProofs, signingScopes } from './signing-scopes.js';
import { alarmHealth, databaseHealth, eventsHealth, type HealthCheck, queueCheck } from './health.js';
import { openDatabase, type OpenedDatabase } from './open-database.js';
import { accountsOfPatients, ERASURE_REMOVERS } from './erasure-removers.js';
import { ProcessWorkers } from './process-workers.js';

/** Principals that are no person on record. */
const NAMES_OF_NOBODY: readonly (readonly [string, string])[] = [
  ['user:demo', 'Demo'],
  ['user:operator', 'Command line'],
];

/** The chain of a deployment, until there is sign-in and with it more than one. */
const CHAIN_SLUG = 'main';

/** A read model that does not come to the head in this time has stopped, or is far behind: it is reported, not waited for. */
const READ_MODELS_MS_MAX = 60_000;

/** Everything that a process of Pistor works with: opened once, closed once, whatever the process is. */
export interface Pistor {
  readonly configuration: Configuration;
  readonly log: Log;
  readonly engine: Engine;
  /** The database for queries that answer people. */
  readonly reads: Queryable;
  readonly chain: Chain;
  readonly projections: Projections;
  readonly importer: HistoryImporter;
  readonly messaging: Messaging;
  readonly booking: Booking;
  readonly tasks: Tasks;
  readonly ledger: Ledger;
  readonly erasure: Erasure;
  readonly access: Access;
  readonly readRecord: ReadRecord;
  readonly signatures: SignatureService;
  readonly channels: ChannelsConfiguration;
  /** Host under which patients and providers come in; undefined where they cannot. */
  readonly publicHost: string | undefined;
  /** Whether they come in by TLS. */
  readonly publicIsSecure: boolean;
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
 * @param signIn how people sign in; by what the chain is where nothing is said
 * @throws Conflict `folder.locked`, Unavailable, MasterKeyProblem, Refused `database.newer`
 */
export async function openPistor(
  configuration: Configuration,
  log: Log,
  database: Promise<OpenedDatabase> = openDatabase(configuration),
  channels: ChannelsConfiguration = OUTBOX_ONLY,
  signIn: AccessConfiguration = NOTHING_ASKED,
): Promise<Pistor> {
  const { db, announce, warning } = await database;
  if (warning !== undefined) log.warn({}, warning);
  const { kurrentdbUrl, allowUnguarded, eventBytesMax } = configuration;
  try {
    const engine = await openEngine({
      db,
      masterKey: (mayCreate) => masterKeyFromFile(configuration.masterKeyFile, mayCreate),
      keyVault: (mayCreate) => openKeyVault(configuration, mayCreate),
      rewrapped: new RewrappedKeys(configuration.keysFolder),
      eventTypes: [
        ...TREATMENT_EVENT_TYPES,
        ...MESSAGING_EVENT_TYPES,
        ...BOOKING_EVENT_TYPES,
        ...TASKS_EVENT_TYPES,
        ...SIGNATURE_EVENT_TYPES,
        ...ACCESS_EVENT_TYPES,
        ...ERASURE_EVENT_TYPES,
      ],
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
    const reads = new ReaderDatabase(db, READ_SCOPE_SCHEMAS);
    const messaging = await openMessaging(
      engine,
      {
        ...providers,
        slots: booking.slots,
        times: heldTimes,
        publicUrl: channels.publicUrl,
        sandboxSends: channels.sandboxSends,
        mailFrom: channels.smtp?.from,
        readsReplies: twilioCalls(channels) !== null,
      },
      reads,
    );
    const tasks = await openTasks(engine, reads);
    const ofLedger = {
      keyFile: configuration.ledgerKeyFile,
      folder: configuration.ledgerFolder,
      witnesses: parseWitnesses(configuration.witnesses),
    };
    const logOfEvents = kurrentdbUrl === undefined ? new DatabaseLog(db) : new StoreLog(engine.store);
    const ledger = await openLedger(engine, ofLedger, log, logOfEvents);
    if (configuration.mode === 'embedded') await clearLedgerLeases(db);
    // Whoever is erased again below loses their ways to sign in.
    await migrateAccess(db);
    // The read models are put together below; nobody asks before that.
    const erasure = await openErasure(engine, {
      ...{ keysFolder: configuration.keysFolder, removers: ERASURE_REMOVERS, log },
      accounts: accountsOfPatients(engine, () => projections),
    });
    const scopes = recordScopes(engine, () => projections);
    const access = await openAccess(engine, {
      ...{ chain, configuration: signIn, publicUrl: channels.publicUrl, log },
      scopes,
    });
    const namesOf: NamesOf = async (of, principals) =>
      new Map([...NAMES_OF_NOBODY, ...(await access.queries.namesOf(of, principals))]);
    const signatures = new SignatureService({
      ...{ ...engine, namesOf, references: new References(engine.codes) },
      ...signingScopes(scopes),
      ...signingProofs(access),
      leafOf: leavesFrom(engine.store),
    });
    const readRecord = await openReadRecord(engine, {
      namesOf,
      ...{ ledger: ofLedger, log },
      patientOf: async (of, { kind, reference }) => (await scopes.of(of, kind, reference))?.patient ?? undefined,
    });
    if (configuration.mode === 'embedded') await clearClockLeases(db);
    const projections = new Projections({ ...engine, log }, [
      ...treatmentProjections(engine),
      ...messaging.works,
      ...booking.works,
      ...tasks.works,
      ...erasure.works,
      ...access.works,
    ]);
    await projections.prepare();
    const workers = new ProcessWorkers({
      configuration,
      engine,
      messaging,
      booking,
      tasks,
      erasure,
      ledger,
      readRecord,
      projections,
      log,
    });
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
      reads,
      chain,
      projections,
      importer: new HistoryImporter(engine),
      messaging,
      booking,
      tasks,
      ledger,
      erasure,
      access,
      readRecord,
      signatures,
      channels,
      publicHost: channels.publicUrl === undefined ? undefined : new URL(channels.publicUrl).host,
      publicIsSecure: channels.publicUrl?.startsWith('https:') ?? false,
      workers,
      readModelsAtHead: (of) => projections.waitForHead(of, READ_MODELS_MS_MAX, (work) => !('react' in work)),
      health: async () => {
        const [database, events, queue, messages, ofLedger] = await Promise.all([
          databaseProbe.check(),
          eventsProbe?.check(),
          workers.health(),
          alarmHealth(() => lastBalance(db, chain)),
          alarmHealth(async () => {
            const ofReads = await readRecord.ledger.problem(readsChainOf(chain));
            const alarm = (await ledger.problem(chain)) ?? (ofReads && `Of the tree over reads: ${ofReads}`) ?? null;
            return { alarm };
          }),
        ]);
        return {
          ...{ database, ...(events && { events }), ...(queue && { queue: queueCheck(queue) }) },
          ...(messages && { messages }),
          ...(ofLedger && { ledger: ofLedger }),
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
