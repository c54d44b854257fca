/**
 * `npm run bench [-- NAME ...] [--FLAG ...]`: builds, then runs bench/NAME.bench.ts, or every benchmark there is, one
 * after the other, each in a process of its own so that one's memory and compiled code do not colour the next one's
 * figures. Flags are for the benchmark. Those that need a server get a throw-away PostgreSQL, unless DATABASE_URL names
 * one: there they work in databases of their own.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './prebuilt.mjs';
import { startPostgres, startRedis } from './services.mjs';
import { root } from './sources.mjs';

const suffix = '.bench.ts';
const folder = join(root, 'bench');
const needsPostgres = new Set([
  'append',
  'erasure',
  'ledger',
  'messages',
  'project',
  'reads',
  'recall',
  'snapshots',
  'timeline',
  'what-if',
]);
/** Always one of its own: a benchmark wipes it. */
const needsRedis = new Set(['messages']);
const known = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith(suffix))
      .map((file) => file.slice(0, -suffix.length))
      .sort()
  : [];
const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const flags = process.argv.slice(2).filter((word) => word.startsWith('--'));
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0 || known.length === 0) {
  console.error(`No such benchmark: ${unknown.join(', ') || '(any)'}. There are: ${known.join(', ') || 'none'}.`);
  process.exit(2);
}
if (flags.length > 0 && asked.length !== 1) {
  console.error('Flags belong to one benchmark: name it.');
  process.exit(2);
}

let child;
let interrupted = false;
// Without these, an interrupt would end this process and leave the server behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    child?.kill(signal);
  });
}

await ensureBuilt(asked.length > 0 && !asked.includes('embedded') ? ['server'] : ['server', 'console']);
for (const name of asked.length > 0 ? asked : known) {
  if (interrupted) break;
  console.log(`\n## ${name}\n`);
  const needsServer = needsPostgres.has(name) && !process.env.DATABASE_URL;
  const server = needsServer ? await startPostgres() : undefined;
  const redis = needsRedis.has(name) ? await startRedis() : undefined;
  try {
    const env = {
      ...process.env,
      ...(server && { DATABASE_URL: server.url }),
      ...(redis && { BENCH_REDIS_URL: redis.url }),
    };
    if ((await run(name, env)) !== 0) process.exitCode = 1;
  } finally {
    await redis?.stop();
    await server?.stop();
  }
}
if (interrupted) process.exitCode = 130;

function run(name, env) {
  const file = join(root, 'dist/bench', `${name}.bench.js`);
  return new Promise((resolve, reject) => {
    child = spawn(process.execPath, ['--expose-gc', file, ...flags], { stdio: 'inherit', cwd: root, env });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 130));
    // An interrupt that came while the server was starting reached nobody.
    if (interrupted) child.kill('SIGTERM');
  });
}
