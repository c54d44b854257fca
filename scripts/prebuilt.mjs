import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isStale, root } from './sources.mjs';

/**
 * Builds stale halves in a process of its own, so that neither the compiler's nor Vite's memory stays in the server
 * that starts next. Everything that is printed goes to stderr. Does nothing where there are no sources: in an
 * installed package or a container dist is all there is.
 * @param {('server' | 'console')[]} halves
 */
export async function ensureBuilt(halves) {
  if (!existsSync(join(root, 'apps/cli/src'))) return;
  const stale = halves.filter(isStale);
  if (stale.length === 0) return;
  console.error(`Building the ${stale.join(' and the ')} ...`);
  const child = spawn(process.execPath, [join(root, 'scripts/build.mjs'), ...stale.map((half) => `--${half}`)], {
    stdio: ['ignore', 2, 2],
  });
  const stop = (signal) => child.kill(signal);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('exit', resolve));
  process.off('SIGINT', stop).off('SIGTERM', stop);
  if (code !== 0) process.exit(code ?? 1);
}

/** Becomes the built CLI: same process, so that signals reach it, as if it had been called with these arguments. */
export async function becomeCli(args) {
  const main = join(root, 'dist/apps/cli/src/main.js');
  endWithNpm();
  process.argv = [process.execPath, main, ...args];
  await import(pathToFileURL(main).href);
}

/** Soon enough that whoever stopped npm and starts it again finds the data folder free. */
const parentCheckMs = 100;

/**
 * npm runs a script through `sh`, and where that is dash, as on Debian, a signal sent to npm ends the shell and never
 * reaches the server, which would go on alone and hold its port and data folder. So the shell's end is taken for it.
 */
function endWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, parentCheckMs);
  timer.unref();
}
