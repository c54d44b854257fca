import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import pg from 'pg';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { takeApplicationRole } from './application.role.js';
import { PgliteWire } from './pglite.wire.js';
import { valueTypes } from './value.types.js';

/** Cells of the memory that both threads see; the same numbers stand in pglite.worker.mjs. */
const WAKE = 0;
const FSYNCS = 1;
const FULL = 2;

/** A start that failed is not tried again before this: recovery costs a good part of a second of one core. */
const RESTART_PAUSE_MS = 1_000;
/** Recovery of 64 MB of log takes a few seconds; a start that hangs for longer is given up. */
const START_MS_MAX = 60_000;
/** The checkpoint of a shutdown writes at most the shared buffers. */
const CLOSE_MS_MAX = 30_000;
/** Its objects are a few buffers at a time; 48 MB by default, most of which would be held for nothing. */
const YOUNG_GENERATION_MB = 8;
/** SQLSTATE of a server that crashed and took its sessions along. */
const CRASH_SHUTDOWN = '57P02';

const wasm = (globalThis as unknown as { WebAssembly: { compile(bytes: Uint8Array): Promise<unknown> } }).WebAssembly;

type WorkerEvent =
  | { event: 'ready' }
  | { event: 'closed' }
  | { event: 'fatal'; kind: 'lost' | 'unsafe'; message: string };

export interface HostOptions {
  /** Leaves the fsync hook out. Only the test of the check at start has a reason to. */
  readonly hook?: boolean;
  /** As for a server: with the rights of the application (default) or with those of the superuser. */
  readonly as?: 'application' | 'login';
}

/**
 * The folder is a server of its own, so the role needs no name of its own. Beside the application's work it does that of
 * the background processes that are missing here; vacuum and checkpoint change no row.
 */
const APPLICATION = {
  schema: 'public',
  name: 'pistor_application',
  memberOf: ['pg_maintain', 'pg_checkpoint'],
};

const READER = 'pistor_reader';

/** The one session with PGlite while its worker lives. */
export interface PgliteSession {
  readonly client: pg.Client;
}

/**
 * Runs PGlite's worker thread and the one pg.Client that talks to it. A worker that dies (a full disk makes PostgreSQL
 * panic) fails what is under way and is started again, with recovery, by the next `start`.
 */
export class PgliteHost {
  /** The session, while there is one. */
  session: PgliteSession | undefined;
  /** Told when a session that was in use is gone. */
  onLost: (error: Error) => void = () => {};
  private readonly shared = new Int32Array(new SharedArrayBuffer(16));
  private worker: Worker | undefined;
  private port: MessagePort | undefined;
  private starting: Promise<PgliteSession> | undefined;
  private failure: { error: Error; at: number } | undefined;
  private refusal: Error | undefined;

  constructor(
    private readonly folder: string,
    private readonly options: HostOptions = {},
  ) {}

  /** The role that the session takes whenever it is made. */
  get applicationRole(): string | undefined {
    return this.options.as === 'login' ? undefined : APPLICATION.name;
  }

  /** The role for limited reads, which the folder's own superuser has made with the other one. */
  get readerRole(): string | undefined {
    return this.options.as === 'login' ? undefined : READER;
  }

  /** How often the files were forced to the disk since this host was made. */
  get fsyncs(): number {
    return Atomics.load(this.shared, FSYNCS);
  }

  /** Makes every write fail as on a full disk. For tests. */
  set diskFull(full: boolean) {
    Atomics.store(this.shared, FULL, full ? 1 : 0);
  }

  /** @throws an error with SQLSTATE 57P02 when PGlite does not start, Unavailable `database.not-durable` when it must not. */
  start(): Promise<PgliteSession> {
    if (this.refusal) return Promise.reject(this.refusal);
    if (this.session) return Promise.resolve(this.session);
    if (this.failure && performance.now() - this.failure.at < RESTART_PAUSE_MS)
      return Promise.reject(this.failure.error);
    this.starting ??= this.open().finally(() => {
      this.starting = undefined;
    });
    return this.starting;
  }

  /** PostgreSQL's own shutdown with its checkpoint, after which nothing starts again. */
  async close(): Promise<void> {
    this.refusal ??= new Unavailable('database.unavailable', 'The database is closed');
    await this.starting?.catch(() => {});
    const { worker, port } = this;
    if (!worker || !port) return;
    const closed = exit(worker);
    this.end(new Error('Connection terminated'), { tellPool: false });
    port.postMessage('close');
    this.wake();
    const timer = setTimeout(() => void worker.terminate(), CLOSE_MS_MAX);
    await closed;
    clearTimeout(timer);
  }

  /** Ends the worker as a crash would; with a reason, for good. */
  async kill(forGood?: Error): Promise<void> {
    this.refusal ??= forGood;
    await this.worker?.terminate();
  }

  private async open(): Promise<PgliteSession> {
    try {
      const wire = await this.startWorker();
      const client = new pg.Client({
        stream: () => wire.asStream(),
        // Named, so that no PG… variable of the environment, meant for a real server, gets in here.
        host: 'pglite',
        user: 'postgres',
        password: '',
        database: 'postgres',
        ssl: false,
        types: valueTypes,
        pipeline: true,
      } as pg.ClientConfig);
      client.on('error', () => {});
      await client.connect();
      await this.takeRole(client);
      this.failure = undefined;
      this.session = { client };
      return this.session;
    } catch (error) {
      this.failure = { error: error as Error, at: performance.now() };
      await this.worker?.terminate();
      throw error;
    }
  }

  private async takeRole(client: pg.Client): Promise<void> {
    if (this.applicationRole === undefined) return;
    const { name, warning } = await takeApplicationRole(client, APPLICATION);
    if (name === undefined || warning !== undefined) {
      throw lost(warning ?? 'its session could not take the role of the application');
    }
  }

  private async startWorker(): Promise<PgliteWire> {
    const { port1: port, port2 } = new MessageChannel();
    const module = await compilePglite();
    const worker = startThread({ folder: this.folder, port: port2, shared: this.shared, module, ...this.options });
    const wire = new PgliteWire((request) => {
      port.postMessage(request, [request.buffer]);
      this.wake();
    });
    wire.on('error', () => {});
    this.worker = worker;
    this.port = port;
    const ready = new Promise<void>((resolve, reject) => {
      let lastWords: Error | undefined;
      const timer = setTimeout(() => {
        lastWords = lost(`it did not start within ${START_MS_MAX / 1000} s`);
        void worker.terminate();
      }, START_MS_MAX);
      const take = (message: Uint8Array<ArrayBuffer> | WorkerEvent) => {
        if (!('event' in message)) return wire.receive(message);
        if (message.event === 'ready') {
          clearTimeout(timer);
          resolve();
        }
        if (message.event === 'fatal')
          lastWords = message.kind === 'unsafe' ? unsafe(message.message) : lost(message.message);
      };
      port.on('message', take);
      worker.on('error', (error) => (lastWords ??= lost(error.message)));
      worker.on('exit', () => {
        clearTimeout(timer);
        drain(port, take);
        const error = lastWords ?? lost('its worker thread ended');
        reject(error);
        if (this.worker === worker) this.end(error, { tellPool: true });
        wire.destroy(error);
      });
    });
    await ready;
    return wire;
  }

  private end(error: Error, { tellPool }: { tellPool: boolean }): void {
    const { session } = this;
    this.session = undefined;
    this.worker = undefined;
    this.port = undefined;
    if (session && tellPool) this.onLost(error);
  }

  private wake(): void {
    Atomics.add(this.shared, WAKE, 1);
    Atomics.notify(this.shared, WAKE);
  }
}

let compiled: Promise<unknown> | undefined;

/**
 * Compiles PGlite once for this process, beside whatever else goes on: half of the time of a start. The module is only
 * handed through, hence `unknown` (its type is the browser's).
 */
export function compilePglite(): Promise<unknown> {
  compiled ??= readFile(join(pgliteFolder(), 'pglite.wasm')).then((bytes) => wasm.compile(bytes));
  // Whoever needs it sees the error, and may try again; whoever only wanted it early does not.
  compiled.catch(() => (compiled = undefined));
  return compiled;
}

/** Where PGlite's files are. */
export function pgliteFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite'));
}

/** Makes an empty database in the folder (initdb), with PGlite's own settings. Takes seconds, in a process of its own. */
export async function initialiseDatabase(folder: string): Promise<void> {
  const env = { ...process.env, NODE_OPTIONS: '' };
  try {
    await promisify(execFile)(process.execPath, [fileURLToPath(workerUrl()), folder], { env });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw lost(`no database could be made in ${folder}: ${stderr?.trim() || String(error)}`);
  }
}

/** What the worker said last is still on its way when the thread has already gone. */
function drain<M>(port: MessagePort, take: (message: M) => void): void {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) take(next.message as M);
  port.close();
}

function workerUrl(): URL {
  return new URL('./pglite.worker.mjs', import.meta.url);
}

function startThread(workerData: Record<string, unknown> & { port: MessagePort }): Worker {
  // Flags of this process (a loader, a debugger) are not meant for the database.
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB };
  return new Worker(workerUrl(), {
    workerData,
    transferList: [workerData.port],
    env: {},
    execArgv: [],
    resourceLimits,
  });
}

function exit(worker: Worker): Promise<void> {
  return new Promise((resolve) => worker.once('exit', () => resolve()));
}

function lost(reason: string): Error {
  return Object.assign(new Error(`The embedded database is gone: ${reason}`), { code: CRASH_SHUTDOWN });
}

function unsafe(reason: string): Error {
  return new Unavailable('database.not-durable', `The embedded database refuses to start: ${reason}`);
}
