import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isStale, readStamp, root, sourceHash, sourcesOf, stampFile } from './sources.mjs';

/**
 * Builds what is stale: the server (apps/api, worker, cli, libs, bench) into dist, the console into dist/console.
 *
 *     node scripts/build.mjs [--server] [--console] [--force]
 *
 * Without a name both halves are looked at. Messages go to stderr, so that a command whose stdout is read by a program
 * can build on the way.
 *
 * The server is made by SWC, file by file, not by `tsc`: 250 files with 22,000 lines take it 0.5 s on two cores, and
 * `tsc -p tsconfig.build.json` 8 s (3 s incremental), which a newcomer's first `npm start` would have to wait for.
 * SWC reads the same decorators and writes the same metadata, and `isolatedModules` with `verbatimModuleSyntax` keeps the
 * code to what can be translated one file at a time. Types are checked by `npm run check`.
 */

const dist = join(root, 'dist');
const lockFile = join(dist, '.build-lock');
/** A build takes seconds; a lock this old belongs to a process id that was given to somebody else. */
const lockAgeMsMax = 10 * 60_000;

/**
 * Brings halves up to date. Returns at once, and without loading a compiler, when they are.
 * @param {{ halves?: ('server' | 'console')[], force?: boolean }} [options]
 */
export async function build({ halves = ['server', 'console'], force = false } = {}) {
  const wanted = () => halves.filter((half) => force || isStale(half));
  if (wanted().length === 0) return;
  await withLock(async () => {
    // Whoever held the lock may have built the very same thing.
    const builders = { server: buildServer, console: buildConsole };
    const results = await Promise.allSettled(wanted().map((half) => stamped(half, builders[half])));
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) throw new BuildFailed(failures.map((failure) => failure.message).join('\n'));
  });
}

/** The sources do not build; the message says where. */
export class BuildFailed extends Error {}

/** The stamp goes before the first file is touched and comes back last: a build that failed half-way leaves none. */
async function stamped(half, make) {
  if (half === 'console' && !existsSync(join(root, 'apps/console/vite.config.ts'))) return;
  const started = performance.now();
  const hash = sourceHash(half);
  const before = readStamp(half)?.outputs ?? [];
  rmSync(stampFile(half), { force: true });
  const outputs = await make(before);
  writeWhole(stampFile(half), JSON.stringify({ hash, outputs }));
  console.error(`Built the ${half} in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
}

async function buildServer(outputsBefore) {
  const { transform } = await import('@swc/core').catch((cause) => {
    throw new BuildFailed('The compiler is not installed: run `npm ci` (with development dependencies) first.', {
      cause,
    });
  });
  const { $schema: _schema, ...options } = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
  const sources = sourcesOf('server').filter((file) => !file.endsWith('.d.ts'));

  const compile = async (file) => {
    const to = file.replace(/\.ts$/, '.js');
    const code = readFileSync(join(root, file), 'utf8');
    const result = await transform(code, {
      ...options,
      swcrc: false,
      configFile: false,
      filename: join(root, file),
      sourceFileName: `${'../'.repeat(file.split('/').length)}${file}`,
      sourceMaps: true,
    });
    const name = to.slice(to.lastIndexOf('/') + 1);
    writeWhole(join(dist, to), `${result.code}\n//# sourceMappingURL=${name}.map\n`);
    writeWhole(join(dist, `${to}.map`), result.map);
    return [to, `${to}.map`];
  };
  /** SQL, plain JavaScript, templates and the like are read from beside the code that uses them. */
  const copy = (file) => {
    writeWhole(join(dist, file), readFileSync(join(root, file)));
    return [file];
  };

  const made = await Promise.allSettled(sources.map((file) => (file.endsWith('.ts') ? compile(file) : copy(file))));
  const failures = made.flatMap((result) => (result.status === 'rejected' ? [complaint(result.reason)] : []));
  if (failures.length > 0) throw new BuildFailed(failures.join('\n'));

  const outputs = made.flatMap((result) => result.value);
  removeStale(outputsBefore, outputs);
  return outputs;
}

/** SWC adds its own stack to what it says about the source. */
function complaint(error) {
  return error.message.split('\n\nCaused by:')[0].trim();
}

/** A source that was renamed or removed must not live on in dist, where an import could still find it. */
function removeStale(before, now) {
  const kept = new Set(now);
  for (const file of before) if (!kept.has(file)) rmSync(join(dist, file), { force: true });
}

/**
 * Vite runs in a process of its own: its memory is given back, and it works beside the server's build. It writes to a
 * folder of its own, which takes the old one's place only when all went well.
 */
async function buildConsole() {
  const next = join(dist, '.console-next');
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  if (!existsSync(vite))
    throw new BuildFailed('Vite is not installed: run `npm ci` (with development dependencies) first.');
  rmSync(next, { recursive: true, force: true });
  const args = [vite, 'build', '--outDir', next, '--emptyOutDir', '--logLevel', 'warn', '--config', 'vite.config.ts'];
  const output = await run(process.execPath, args, {
    cwd: join(root, 'apps/console'),
    // Under a test runner NODE_ENV is `test`, which would put React's development build into the bundle.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (output.code !== 0) throw new BuildFailed(`The console does not build:\n${output.text}`);
  const target = join(dist, 'console');
  const old = join(dist, '.console-old');
  rmSync(old, { recursive: true, force: true });
  if (existsSync(target)) renameSync(target, old);
  renameSync(next, target);
  rmSync(old, { recursive: true, force: true });
  return ['console/index.html'];
}

/** @returns {Promise<{ code: number | null, text: string }>} */
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text }));
  });
}

/** Readers see the old file or the new one, never half of one. */
function writeWhole(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, content);
  renameSync(draft, path);
}

/** Two commands started together must not write the same files: the second waits, and then finds the work done. */
async function withLock(work) {
  mkdirSync(dist, { recursive: true });
  while (!takeLock()) await sleep(50);
  const release = () => rmSync(lockFile, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

function takeLock() {
  try {
    const handle = openSync(lockFile, 'wx');
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (error) {
    if (error.code === 'EACCES' || error.code === 'EROFS') {
      throw new BuildFailed(
        `Sources have changed since the last build, and ${dist} belongs to another user: ${error.message}`,
      );
    }
    if (error.code !== 'EEXIST') throw error;
    if (isAbandoned()) rmSync(lockFile, { force: true });
    return false;
  }
}

function isAbandoned() {
  try {
    if (Date.now() - statSync(lockFile).mtimeMs > lockAgeMsMax) return true;
    const holder = Number(readFileSync(lockFile, 'utf8'));
    // Empty for the moment between creating the file and writing the number.
    if (!holder) return false;
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const named = ['server', 'console'].filter((half) => process.argv.includes(`--${half}`));
  try {
    await build({ halves: named.length > 0 ? named : undefined, force: process.argv.includes('--force') });
  } catch (error) {
    console.error(error instanceof BuildFailed ? error.message : error);
    process.exitCode = 1;
  }
}
