import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgres } from '#libs/database/src/postgres.database.js';
import { Chains } from '#libs/event-store/src/chains.js';
import { Codec } from '#libs/event-store/src/codec.js';
import { EventTypes } from '#libs/event-store/src/event-type.js';
import { FileKeyVault } from '#libs/event-store/src/file.key-vault.js';
import { masterKeyFromFile } from '#libs/event-store/src/master-key.js';
import { Boxes } from '#libs/event-store/src/boxes.js';
import { PostgresEventStore } from '#libs/event-store/src/postgres.event-store.js';
import { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import { startPostgres } from '../../scripts/services.mjs';
import { Ledger } from '../simulation/ledger.js';
import { Random } from '../simulation/random.js';
import { ChaosDesk } from './chaos.desk.js';
import { ChaosFaults } from './chaos.faults.js';
import { ChaosRedis, freePort, KeptProcess, runCommand } from './chaos.processes.js';
import { chaosProblems, dueAndOpen, type TreeVerdict, whatIsNotProved } from './chaos.properties.js';
import { ChaosProvider } from './chaos.provider.js';

export interface ChaosOptions {
  readonly seed: string;
  /** For how long things go wrong. */
  readonly seconds: number;
  readonly workers: number;
  readonly patients: number;
  /** For how long a worker is stopped at a time. */
  readonly stopSeconds: number;
  readonly say: (line: string) => void;
  /** Ends it early, in order. */
  readonly signal?: AbortSignal;
}

export interface ChaosResult {
  readonly problems: readonly string[];
  /** Messages in each state, by the log. */
  readonly messages: Readonly<Record<string, number>>;
  readonly calls: number;
  readonly faults: Readonly<Record<string, number>>;
}

/** Between two faults, in the middle. */
const FAULT_EVERY_MS = 2_500;
const ACT_EVERY_MS = 50;
const ACTS_MAX = 12;
/** A worker that slept, an attempt that lost its maker, a provider that says 429: all of it is over by then. */
const SETTLE_MS_MAX = 240_000;
/** Nothing that is due stands open for so long, and more may still come of what has just been appended. */
const QUIET_MS = 6_000;
/** A worker that was killed keeps its lease on a tree for six seconds. */
const PROVED_TRIES_MAX = 15;

/**
 * Real processes, on servers of their own, with faults at random; then what they left behind is judged. The seed decides
 * what is tried, and not what comes of it.
 */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const { say } = options;
  const random = new Random(options.seed);
  const folder = mkdtempSync(join(tmpdir(), 'pistor-chaos-'));
  const closing: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  try {
    const postgres = await startPostgres();
    closing.push(() => postgres.stop());
    const redis = await ChaosRedis.start();
    closing.push(() => redis.stop());
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const secrets = {
      webhookSecret: `whsec_${randomBytes(32).toString('base64')}`,
      twilioToken: randomBytes(16).toString('hex'),
    };
    const provider = new ChaosProvider(random.fork('provider'), { ...secrets, publicUrl: url });
    const endpoint = await provider.listen();
    closing.push(() => provider.close());
    const environment = {
      // A sandbox that sends: nobody has to sign in to it, and its clock is never moved here.
      ...{ DATABASE_URL: postgres.url, REDIS_URL: redis.url, PISTOR_SANDBOX_SENDS: 'true', PISTOR_LOG: 'info' },
      ...{ DATABASE_OWNER_URL: '', KURRENTDB_URL: '', PORT: String(port), PISTOR_DATA: folder },
      PISTOR_MASTER_KEY_FILE: join(folder, 'master.key'),
      ...{ PISTOR_PUBLIC_URL: url, SMTP_URL: '', MAIL_FROM: '' },
      ...{ MESSAGE_WEBHOOK_URL: `${endpoint}/messages`, MESSAGE_WEBHOOK_SECRETS: secrets.webhookSecret },
      ...{ MESSAGE_WEBHOOK_ALLOW_HOSTS: '127.0.0.1', WEBHOOK_RATE: '100', TWILIO_RATE: '100' },
      ...{ TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: secrets.twilioToken },
      ...{ TWILIO_FROM: '+14155550100', TWILIO_MESSAGING_SERVICE_SID: '', TWILIO_API_URL: endpoint },
    };
    const api = new KeptProcess('the API', 'api', environment, /listening/);
    closing.push(() => api.stop());
    api.start();
    await api.untilReady();
    const workers = Array.from(
      { length: options.workers },
      (_, n) => new KeptProcess(`worker ${n + 1}`, 'worker', environment, /working/),
    );
    for (const worker of workers) {
      closing.push(() => worker.stop());
      worker.start();
    }
    for (const worker of workers) await worker.untilReady();

    const desk = new ChaosDesk(url, random.fork('desk'), secrets.twilioToken);
    await desk.begin(options.patients, options.seconds * 500);
    say(`${options.workers} workers and ${options.patients} patients; ${options.seconds} s of faults begin`);
    const faults = new ChaosFaults({
      ...{ random: random.fork('faults'), api, workers, redis },
      ...{ databaseUrl: postgres.url, stopMs: options.stopSeconds * 1_000 },
    });
    await run(desk, faults, random, options.seconds * 1_000, options.signal);
    say(`calm: ${[...faults.counts].map(([name, n]) => `${name} ${n}`).join(', ')}`);
    say(`desks: ${[...desk.answers].map(([name, n]) => `${name} ${n}`).join(', ')}`);
    provider.isMoody = false;
    await faults.poison();
    return await judge(options, { url, environment, databaseUrl: postgres.url, folder, provider, faults, workers });
  } finally {
    for (const close of closing.reverse()) await close().catch(() => undefined);
  }
}

/** Desks work and things go wrong, for so long. */
async function run(
  desk: ChaosDesk,
  faults: ChaosFaults,
  random: Random,
  ms: number,
  signal?: AbortSignal,
): Promise<void> {
  const until = Date.now() + ms;
  const acting = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const beat = random.fork('beat');
  let faultAt = Date.now() + FAULT_EVERY_MS;
  while (Date.now() < until) {
    signal?.throwIfAborted();
    if (Date.now() >= faultAt) {
      faults.next();
      faultAt = Date.now() + beat.int(FAULT_EVERY_MS / 4, (FAULT_EVERY_MS * 7) / 4);
    }
    if (acting.size < ACTS_MAX) {
      const act: Promise<void> = desk
        .act()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => acting.delete(act));
      acting.add(act);
    }
    await sleep(ACT_EVERY_MS);
  }
  await faults.calm();
  await Promise.all(acting);
  if (failures.length > 0) throw failures[0];
}

interface Scene {
  readonly url: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly databaseUrl: string;
  readonly folder: string;
  readonly provider: ChaosProvider;
  readonly faults: ChaosFaults;
  readonly workers: readonly KeptProcess[];
}

/** Waits until nothing that is due stands open, and judges by the log. */
async function judge({ say, signal }: ChaosOptions, scene: Scene): Promise<ChaosResult> {
  const db = await openPostgres(scene.databaseUrl);
  try {
    const chains = new Chains(db);
    const vault = FileKeyVault.open(join(scene.folder, 'keys', 'bucket.keys'), false);
    const keys = new SubjectKeys(db, masterKeyFromFile(join(scene.folder, 'master.key'), false), vault);
    // Only the log is read, as it stands: no type of event needs to be known for it.
    const store = await PostgresEventStore.open(db, chains, new Codec(new EventTypes([]), new Boxes(keys)));
    const [chain] = await chains.all();
    if (!chain) throw new Error('There is no chain.');
    const ledger = new Ledger(store, chain, (id) => id);
    const since = Date.now();
    let open = dueAndOpen(ledger, since);
    for (let quietSince = Date.now(); ; ) {
      signal?.throwIfAborted();
      const news = await ledger.catchUp();
      open = dueAndOpen(ledger, Date.now());
      if (news.length > 0 || open.length > 0) quietSince = Date.now();
      if (Date.now() - quietSince > QUIET_MS || Date.now() - since > SETTLE_MS_MAX) break;
      await sleep(500);
    }
    await scene.provider.settled();
    say(`settled after ${((Date.now() - since) / 1_000).toFixed(0)} s`);
    const parked = await scene.faults.parked();
    await ledger.catchUp();
    const balance = await balanceOf(scene.url, `${chain.id}:${ledger.position}`);
    await ledger.catchUp();
    const { calls } = scene.provider;
    const problems = [
      ...open.map(({ label, status, due }) => `${label} is still ${status}; it was due at ${due}`),
      ...chaosProblems({ ledger, calls, leaks: [...scene.faults.leaks], balance }),
      ...(await notProved(scene.environment)),
      ...(parked > 0 ? [] : ['of the jobs that nobody can do, none lies where it can be seen']),
    ];
    await store.close();
    return {
      problems,
      messages: ledger.counts(),
      calls: calls.length,
      faults: Object.fromEntries(scene.faults.counts),
    };
  } finally {
    await db.close();
  }
}

/** As an auditor asks, with the checkpoints that were written outside the database. Leaves come a moment after events. */
async function notProved(environment: NodeJS.ProcessEnv): Promise<string[]> {
  for (let tries = 1; ; tries += 1) {
    const said = await runCommand(environment, 'verify', '--json');
    const { chains } = JSON.parse(said) as { readonly chains: readonly TreeVerdict[] };
    const problems = whatIsNotProved(chains);
    if (chains.length < 2) problems.push(`only ${chains.length} trees were verified`);
    if (problems.length === 0 || tries >= PROVED_TRIES_MAX) return problems;
    await sleep(1_000);
  }
}

async function balanceOf(url: string, position: string): Promise<Record<string, number>> {
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(`${url}/v1/messages/balance`, { headers: { 'pistor-position': position } });
    if (answer.ok) return (await answer.json()) as Record<string, number>;
    if (tries > 30) throw new Error(`The balance answered ${answer.status}: ${await answer.text()}`);
    await sleep(1_000);
  }
}
