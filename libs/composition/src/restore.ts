import { createReadStream, existsSync } from 'node:fs';
import { BackupNewer, BackupUnreadable } from '#libs/backup/src/backup.errors.js';
import type { Manifest, Seal } from '#libs/backup/src/backup.format.js';
import { sizeOf } from '#libs/backup/src/backup-file.js';
import { readBackup } from '#libs/backup/src/backup-reader.js';
import { demandEmptyDatabase, makeFolder, markDatabase, markFolder } from '#libs/backup/src/restore-mark.js';
import { forgetProcesses, restoreRows } from '#libs/backup/src/restore-rows.js';
import { provideApplicationLogin } from '#libs/database/src/application.login.js';
import type { Database } from '#libs/database/src/database.js';
import { migrate, migrationsOf } from '#libs/database/src/migrations.js';
import { openPglite } from '#libs/database/src/pglite.database.js';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { openEngine } from '#libs/engine/src/engine.js';
import { openKeyVault } from '#libs/engine/src/open-key-vault.js';
import { ErasureRegister, subjectOf } from '#libs/erasure/src/effect/erasure-register.js';
import { ERASURE_EVENT_TYPES } from '#libs/erasure/src/erasure.event-types.js';
import { openErasure } from '#libs/erasure/src/erasure.js';
import { Chains } from '#libs/event-store/src/chains.js';
import { type MasterKey, masterKeyFromFile, MasterKeyProblem } from '#libs/event-store/src/master-key.js';
import { adoptRestoredKeys } from '#libs/event-store/src/restored-keys.js';
import { RewrappedKeys } from '#libs/event-store/src/rewrapped-keys.js';
import { Refused } from '#libs/kernel/src/errors.js';
import { DispatchGate } from '#libs/messaging/src/dispatch/dispatch-gate.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { MIGRATION_SOURCES } from './bring-up-to-date.js';
import { ERASURE_REMOVERS } from './erasure-removers.js';

/** A chunk of the file at a time. */
const READ_BYTES = 1024 * 1024;

export interface CheckedBackup {
  readonly manifest: Manifest;
  readonly seal: Seal;
  /** Of the file. */
  readonly bytes: number;
}

export interface RestoreOptions {
  readonly signal?: AbortSignal | undefined;
  /** How many bytes of the file were read in this step. */
  /** Goes on where there is no register of erasures: whoever was erased since the backup is there again. */
  readonly withoutRegister?: boolean | undefined;
  readonly onProgress?: ((step: 'checking' | 'restoring', bytes: number, total: number) => void) | undefined;
}

/**
 * Reads a backup from its first byte to its last and checks each.
 * @param key also checks that it was made, and not changed since, by who holds this master key
 * @throws NotFound `backup.no-file`; BackupUnreadable, BackupNewer, BackupDamaged, OtherMasterKey
 */
export async function checkBackup(
  file: string,
  { signal, onProgress }: RestoreOptions = {},
  key?: { readonly master: MasterKey; readonly file: string },
): Promise<CheckedBackup> {
  const bytes = await sizeOf(file);
  let manifest: Manifest | undefined;
  let read = 0;
  for await (const part of readBackup(bytesOf(file), key)) {
    signal?.throwIfAborted();
    read += part.bytes.length;
    onProgress?.('checking', read, bytes);
    if ('manifest' in part) {
      // Before gigabytes are read for nothing.
      manifest = part.manifest;
      await demandKnown(manifest);
    }
    if ('seal' in part) return { manifest: manifest as Manifest, seal: part.seal, bytes };
  }
  throw new Error('A backup ends with its seal');
}

/**
 * Restores a backup into the empty folder or database that the configuration names. It is all there at the end, or the
 * place refuses to be opened until a restore has come to its end. Nothing is written before the whole file was checked.
 * Whoever stands in the register of erasures is erased again before that end. Afterwards no chain sends messages until its
 * dispatch is opened: what fell due since the backup may have been sent.
 *
 * @throws what `checkBackup` throws; MasterKeyProblem; TargetNotEmpty, RestoreUnderWay; Conflict `folder.locked`;
 *   Refused `restore.events-elsewhere`, `restore.no-erasure-register`; KeyVaultProblem; RegisterUnreadable; Unavailable
 */
export async function restore(
  file: string,
  configuration: Configuration,
  options: RestoreOptions = {},
): Promise<CheckedBackup> {
  const { kurrentdbUrl, masterKeyFile } = configuration;
  if (kurrentdbUrl !== undefined) {
    throw new Refused(
      'restore.events-elsewhere',
      'A backup holds its events itself, and goes into a folder or PostgreSQL. Unset KURRENTDB_URL, or name a folder with --into.',
    );
  }
  await sizeOf(file);
  const key = { master: takeMasterKey(masterKeyFile), file: masterKeyFile };
  const checked = await checkBackup(file, options, key);
  if (!options.withoutRegister) demandRegister(new ErasureRegister(configuration.keysFolder));
  options.signal?.throwIfAborted();
  await (configuration.mode === 'embedded' ? intoFolder : intoDatabase)(configuration, async (db) => {
    await fill(db, file, key, checked, options);
    await eraseAgain(db, configuration, key.master);
  });
  return checked;
}

type Fill = (db: Database) => Promise<void>;

async function intoFolder({ dataFolder, masterKeyFile, keysFolder }: Configuration, fillIt: Fill): Promise<void> {
  await makeFolder(dataFolder);
  const finish = await markFolder(dataFolder, [masterKeyFile, keysFolder]);
  const db = await openPglite(dataFolder);
  await fillIt(db).finally(() => db.close());
  await finish();
}

async function intoDatabase(configuration: Configuration, fillIt: Fill): Promise<void> {
  const { databaseOwnerUrl, databaseUrl } = configuration;
  const url = databaseOwnerUrl ?? (databaseUrl as string);
  // Looked at as it is: to open it as the application would already make a role and take rights away.
  const found = await openPostgres(url, { as: 'login', poolMax: 1 });
  await demandEmptyDatabase(found).finally(() => found.close());
  const db = await openPostgres(url);
  try {
    const { finish, release } = await markDatabase(db);
    try {
      await fillIt(db);
      if (databaseUrl !== undefined) await provideApplicationLogin(db, databaseUrl);
      await finish();
    } finally {
      await release();
    }
  } finally {
    await db.close();
  }
}

async function fill(
  db: Database,
  file: string,
  key: { readonly master: MasterKey; readonly file: string },
  { manifest, bytes }: CheckedBackup,
  { signal, onProgress }: RestoreOptions,
): Promise<void> {
  // The tables as they were; what newer migrations do to rows, they do to these.
  for (const source of MIGRATION_SOURCES) {
    const last = manifest.migrations.filter(({ component }) => component === source.name).length;
    await migrate(db, { ...source, last });
  }
  let read = 0;
  await restoreRows(db, readBackup(bytesOf(file), key), (part) => {
    signal?.throwIfAborted();
    read += part.bytes.length;
    onProgress?.('restoring', read, bytes);
  });
  for (const source of MIGRATION_SOURCES) await migrate(db, source);
  await forgetProcesses(db);
  const gate = new DispatchGate(db);
  const chains = new Map((await new Chains(db).all()).map((chain) => [chain.id, chain]));
  for (const { id, now } of manifest.chains) {
    const reason = `A backup of ${manifest.takenAt} was restored: what fell due since may have been sent.`;
    await gate.close(chains.get(id)!, reason, now);
  }
}

/**
 * Fits what was restored to the keys as they are now, and erases again whoever was erased since the backup was taken:
 * nothing of them can be read by whatever opens this place first.
 */
async function eraseAgain(db: Database, configuration: Configuration, master: MasterKey): Promise<void> {
  const register = new ErasureRegister(configuration.keysFolder);
  const erased = new Set((await register.all()).map((each) => `${each.chain}/${subjectOf(each)}`));
  const rewrapped = new RewrappedKeys(configuration.keysFolder);
  const { rows } = await db.query('select 1 from key_vault limit 1');
  // A backup of before buckets has nothing that they wrap: its keys are opened by the master key.
  if (rows.length > 0) {
    const vault = openKeyVault(configuration, false);
    await adoptRestoredKeys(db, vault, rewrapped, (chain, subject) => erased.has(`${chain}/${subject}`));
  }
  const engine = await openEngine({
    ...{ db, masterKey: () => master, rewrapped },
    keyVault: (mayCreate) => openKeyVault(configuration, mayCreate),
    eventTypes: [...TREATMENT_EVENT_TYPES, ...ERASURE_EVENT_TYPES],
  });
  try {
    const log = { warn: () => undefined };
    await openErasure(engine, {
      ...{ keysFolder: configuration.keysFolder, removers: ERASURE_REMOVERS, log },
      // Read models are built by whoever opens this place first.
      accounts: undefined,
    });
  } finally {
    await engine.close();
  }
}

function demandRegister(register: ErasureRegister): void {
  if (register.exists) return;
  throw new Refused(
    'restore.no-erasure-register',
    `There is no register of erasures at ${register.file}, so nobody can tell who was erased since the backup and would be there again. ` +
      'Put the folder of keys there as it was last, or name it in PISTOR_KEYS_FOLDER. If nobody was ever erased, or there ' +
      'never was such a folder, go on with --without-erasure-register.',
    { data: { file: register.file } },
  );
}

function takeMasterKey(file: string): MasterKey {
  try {
    return masterKeyFromFile(file, false);
  } catch (error) {
    if (!(error instanceof MasterKeyProblem) || existsSync(file)) throw error;
    throw new MasterKeyProblem(
      `A backup does not hold the master key, and there is none at ${file}. Put the one there that was kept apart ` +
        '(mode 600), or name its file in PISTOR_MASTER_KEY_FILE.',
    );
  }
}

/** The migrations that made the tables are those that this program has. */
async function demandKnown({ migrations, version }: Manifest): Promise<void> {
  for (const { component, number, name, checksum } of migrations) {
    const source = MIGRATION_SOURCES.find((each) => each.name === component);
    const known = source && (await migrationsOf(source))[number - 1];
    if (!known) throw new BackupNewer(`has tables made by ${component}/${name}`, version);
    if (known.checksum !== checksum) {
      throw new BackupUnreadable(
        `The backup has tables made by another ${component}/${name} than this program's. Use the very version that made it, ${version}.`,
        { component, migration: name },
      );
    }
  }
}

const bytesOf = (file: string): AsyncIterable<Buffer> => createReadStream(file, { highWaterMark: READ_BYTES });
