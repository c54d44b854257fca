import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPistor, startPistor } from './pistor-process.js';

const LIVE = { PISTOR_SANDBOX: 'false' };

/** A live chain, where people have to sign in, served over a data folder of its own. */
export interface LivePistor {
  readonly folder: string;
  /** By `localhost`: browsers make no passkey for a number. */
  readonly url: string;
  /** One command of the operator on the folder, to its end. */
  run(...args: readonly string[]): ReturnType<typeof runPistor>;
  /** What such a command printed. @throws Error where it did not end well */
  command(...args: readonly string[]): Promise<string>;
  /** Ends it the hard way, and removes the folder. */
  close(): Promise<void>;
}

/** The server must have been built. */
export async function startLivePistor(): Promise<LivePistor> {
  const folder = await mkdtemp(join(tmpdir(), 'pistor live '));
  const removeFolder = () => rm(folder, { recursive: true, force: true });
  const server = await startPistor(folder, ['--no-demo'], LIVE).catch(async (error: unknown) => {
    await removeFolder();
    throw error;
  });
  const run = (...args: readonly string[]) => runPistor([...args, '--data', folder], { ...LIVE, PISTOR_LOG: 'error' });
  return {
    folder,
    url: server.url.replace('127.0.0.1', 'localhost'),
    run,
    command: async (...args) => {
      const { code, stdout, stderr } = await run(...args);
      if (code !== 0) throw new Error(`pistor ${args.join(' ')} ended with ${code}: ${stderr}`);
      return stdout;
    },
    close: async () => {
      await server.kill();
      await removeFolder();
    },
  };
}
