import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** `pistor start` as a process of its own, on a free port. The server must have been built. */
export interface PistorProcess {
  readonly url: string;
  readonly child: ChildProcess;
  readonly readyMs: number;
  /** What it said until it was ready. */
  readonly said: string;
  /** Ends it the hard way. */
  kill(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<number | null>;
}

/** The built command, for `node`. */
export const CLI = join(__dirname, '..', '..', 'dist', 'apps', 'cli', 'src', 'main.js');
const READY_MS_MAX = 60_000;

export async function startPistor(
  dataFolder: string,
  args: readonly string[] = ['--no-demo'],
  environment: NodeJS.ProcessEnv = {},
): Promise<PistorProcess> {
  const since = performance.now();
  const child = spawn(process.execPath, [CLI, 'start', '--data', dataFolder, '--port', '0', ...args], {
    env: { ...process.env, PISTOR_LOG: 'error', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`Not ready after ${READY_MS_MAX} ms. It said: ${said}`)),
      READY_MS_MAX,
    );
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
      const ready = /ready at (http:\/\/\S+) .*\n/.exec(said);
      if (ready) {
        clearTimeout(timer);
        resolve(ready[1] as string);
      }
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`It ended with ${code}. It said: ${said}`));
    });
  }).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    await once(child, 'exit');
    return child.exitCode;
  };
  return {
    url,
    child,
    said,
    readyMs: performance.now() - since,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}

/** Runs one command of the CLI to its end. */
export async function runPistor(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}
