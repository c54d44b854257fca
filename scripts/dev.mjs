// `npm run dev`: the server with its sources watched. A change rebuilds and restarts it; a change that does not build
// is printed and leaves the server that runs alone. The console is rebuilt beside it.
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BuildFailed, build } from './build.mjs';
import { isStale, root, sourcesOf } from './sources.mjs';

/** Watching by polling: a few hundred stats cost 3 ms, and no platform's file events are trusted for new folders. */
const pollMs = 300;
/** Longer than the server's own shutdown, which closes the database in order. */
const stopMsMax = 15_000;

let server;
let stopping = false;

function startServer() {
  const main = join(root, 'dist/apps/cli/src/main.js');
  const child = spawn(process.execPath, ['--enable-source-maps', main, 'start', ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  child.on('exit', (code, signal) => {
    if (server === child) server = undefined;
    if (!stopping && code) console.error(`The server ended (${signal ?? code}); waiting for a change.`);
  });
  server = child;
}

async function stopServer() {
  const child = server;
  if (child === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await ended;
  clearTimeout(killer);
}

async function tryBuild(half) {
  try {
    await build({ halves: [half] });
    return true;
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error;
    console.error(error.message);
    return false;
  }
}

function snapshot() {
  const files = new Set([...sourcesOf('server'), ...sourcesOf('console')]);
  return [...files]
    .map((file) => `${file} ${statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs}`)
    .join('\n');
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    await stopServer();
    process.exit(0);
  });
}

let seen = snapshot();
if (await tryBuild('server')) startServer();
await tryBuild('console');
while (!stopping) {
  await sleep(pollMs);
  const now = snapshot();
  if (now === seen) continue;
  seen = now;
  if (isStale('server') && (await tryBuild('server')) && !stopping) {
    await stopServer();
    startServer();
  }
  await tryBuild('console');
}
