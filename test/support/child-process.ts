import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';

const ROOT = join(import.meta.dirname, '..', '..');

export interface Child {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  /** Lines of its standard output so far. */
  readonly lines: string[];
  /** Resolves with the first line that matches; rejects with its standard error when it ends before. */
  line(pattern: RegExp): Promise<string>;
  /** Sends the signal and waits for the end; gives the exit code (null when a signal ended it). */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts a TypeScript file of this repository as a process of its own. */
export function startChild(file: string, args: readonly string[] = []): Child {
  const loader = pathToFileURL(join(ROOT, 'test', 'support', 'typescript-loader.mjs')).href;
  const flags = ['-C', 'app-source', '--import', loader, join(ROOT, file)];
  const child = spawn(process.execPath, [...flags, ...args], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const errors: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stderr.on('data', (text) => errors.push(String(text)));
  const closed = once(child, 'close') as Promise<[number | null]>;

  return {
    process: child,
    lines,
    line: async (pattern) => {
      const known = lines.find((line) => pattern.test(line));
      if (known !== undefined) return known;
      return new Promise((resolve, reject) => {
        reader.on('line', (line) => pattern.test(line) && resolve(line));
        void closed.then(([code]) =>
          reject(new Error(`${file} ended (${code}) before ${pattern}: ${errors.join('')}`)),
        );
      });
    },
    end: async (signal) => {
      child.kill(signal);
      const [code] = await closed;
      return code;
    },
  };
}
