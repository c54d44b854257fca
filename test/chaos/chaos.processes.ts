import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { find } from '../../scripts/services.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const READY_MS_MAX = 120_000;
const RESTART_MS = 500;
/** What a process said last, for whoever has to find out why it ended. */
const SAID_CHARACTERS = 4_000;

/** As `docker-compose.yml` starts them. */
const FLAGS = ['--max-semi-space-size=32', '--enable-source-maps'];

/** A process of the product that is started again whenever it ends, as an orchestrator does. */
export class KeptProcess {
  private child: ChildProcess | undefined;
  private closing = false;
  private said = '';
  private isReady = false;
  /** How often it ended without having been asked to. */
  ends = 0;

  constructor(
    readonly name: string,
    private readonly file: string,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly ready: RegExp,
  ) {}

  start(): void {
    this.isReady = false;
    const path = join(ROOT, 'dist', 'apps', this.file, 'src', 'main.js');
    const child = spawn(process.execPath, [...FLAGS, path], {
      env: { ...process.env, ...this.environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      this.said = (this.said + part).slice(-SAID_CHARACTERS);
      if (this.ready.test(this.said)) this.isReady = true;
    });
    child.on('exit', () => {
      if (this.closing || this.child !== child) return;
      this.ends += 1;
      setTimeout(() => !this.closing && this.start(), RESTART_MS);
    });
    this.said = '';
    this.child = child;
  }

  /** @throws Error with what it said, when it does not become ready */
  async untilReady(): Promise<void> {
    const deadline = Date.now() + READY_MS_MAX;
    while (!this.isReady) {
      if (Date.now() > deadline) throw new Error(`${this.name} is not ready. It said:\n${this.said}`);
      await sleep(50);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** In order, whatever state it is in. @returns whether it ended by itself in time */
  async stop(): Promise<boolean> {
    this.closing = true;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return true;
    const gone = once(child, 'exit');
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(killer);
    return child.signalCode !== 'SIGKILL';
  }
}

/** What the command line of the product says, in its environment. Whatever it ends with is told by what it says. */
export function runCommand(environment: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<string> {
  const path = join(ROOT, 'dist', 'apps', 'cli', 'src', 'main.js');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [path, ...args],
      { env: { ...process.env, ...environment }, maxBuffer: 64 * 1024 * 1024 },
      (_, said, complaint) => resolve(said === '' ? complaint : said),
    );
  });
}

/** A Redis of its own, which can be stopped and started again on the same port. It writes nothing to the disk. */
export class ChaosRedis {
  private child: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'pistor-chaos-redis-'));

  private constructor(
    private readonly program: string,
    private readonly port: number,
  ) {}

  static async start(): Promise<ChaosRedis> {
    const program = find('redis-server') ?? find('valkey-server');
    if (program === undefined) throw new Error('Redis is not installed: redis-server was not found.');
    const redis = new ChaosRedis(program, await freePort());
    await redis.resume();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async resume(): Promise<void> {
    const where = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.folder];
    const how = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];
    this.child = spawn(this.program, [...where, ...how], { stdio: 'ignore', cwd: this.folder });
    const deadline = Date.now() + READY_MS_MAX;
    while (!(await answers(this.port))) {
      if (Date.now() > deadline) throw new Error('Redis does not start.');
      await sleep(50);
    }
  }

  /** As a power failure: nothing of what it held is left. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const tell = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(1_000, () => tell(false));
    socket.on('error', () => tell(false));
    socket.on('data', (answer: Buffer) => tell(answer.toString().startsWith('+PONG')));
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

/** Builds the server where it is stale. */
export const buildServer = (): void => {
  execFileSync(process.execPath, [join(ROOT, 'scripts', 'build.mjs'), '--server'], { stdio: 'ignore' });
};
