import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A module of this folder that a process of its own runs: `open` gives an object whose methods are called from here. */
export interface ChildModule<Options, Subject extends Closable> {
  readonly open: (options: Options) => Promise<Subject>;
}

interface Closable {
  close(): Promise<void>;
}

type Method = (...args: never[]) => Promise<unknown>;
type Called<Member> = Extract<Member, Method>;

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
}

/** Longer than any single call takes, filling a large log included. */
const ANSWER_MS_MAX = 15 * 60_000;
const CLOSE_MS_MAX = 20_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const process of running) process.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));

/** As docker-compose.yml starts a server: a third less work for the garbage collector. The same for every contender. */
const SERVER_FLAGS = ['--max-semi-space-size=32'];

/**
 * A process of its own for whoever is measured, so that one's garbage and compiled code do not colour another's
 * figures. It ends when it is closed, and with this process.
 */
export class Child<Subject extends Closable> {
  private constructor(private readonly process: ChildProcess) {}

  /**
   * @param module a file of this folder without its ending
   * @param nodeFlags `--cpu-prof` and the like
   */
  static async start<Options, Subject extends Closable>(
    module: string,
    options: Options,
    nodeFlags: readonly string[] = [],
  ): Promise<Child<Subject>> {
    const child = fork(join(import.meta.dirname, 'child.process.js'), [module], {
      execArgv: ['--enable-source-maps', ...SERVER_FLAGS, ...nodeFlags],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const started = new Child<Subject>(child);
    await started.ask('open', [options]);
    return started;
  }

  /** Calls a method of what the module opened. @throws Error with what it threw, or when the process is gone */
  async call<Name extends keyof Subject & string>(
    name: Name,
    ...args: Parameters<Called<Subject[Name]>>
  ): Promise<Awaited<ReturnType<Called<Subject[Name]>>>> {
    return (await this.ask(name, args)) as Awaited<ReturnType<Called<Subject[Name]>>>;
  }

  async close(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const killer = setTimeout(() => this.process.kill('SIGKILL'), CLOSE_MS_MAX);
    const gone = once(this.process, 'exit');
    this.process.send({ method: 'close', args: [] });
    await gone;
    clearTimeout(killer);
  }

  private ask(method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer);
        this.process.off('message', onAnswer);
        this.process.off('exit', onExit);
        settle();
      };
      const onAnswer = ({ value, error }: Answer) =>
        done(() => (error === undefined ? resolve(value) : reject(new Error(error))));
      const onExit = (code: number | null) =>
        done(() => reject(new Error(`The process ended (${code}) in ${method}.`)));
      const timer = setTimeout(() => onExit(null), ANSWER_MS_MAX);
      this.process.on('message', onAnswer);
      this.process.on('exit', onExit);
      this.process.send({ method, args });
    });
  }
}
