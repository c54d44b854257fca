import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, chownSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Throw-away servers for tests: each in a temporary folder of its own, on a free port of the loopback address, so that
 * nothing that runs on the machine already is touched.
 * @typedef {{ url: string, stop: () => Promise<void> }} Service
 */

/** Slow disks need their time; a server that is not there after this long will not come. */
const startMsMax = 60_000;
const stopMsMax = 20_000;

/** @returns {Promise<Service>} a PostgreSQL cluster with an empty database, fsync on as in production */
export async function startPostgres() {
  const initdb = findPostgresProgram('initdb');
  const postgres = findPostgresProgram('postgres');
  const folder = mkdtempSync(join(tmpdir(), 'pistor-postgres-'));
  const owner = unprivilegedOwner();
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  const password = randomBytes(18).toString('hex');
  try {
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (owner) for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid);
    const init = ['-D', data, '-U', 'pistor', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync'];
    execFileSync(initdb, [...init, '--no-locale', '--encoding=UTF8'], { ...owner, cwd: folder, stdio: 'pipe' });
    const port = await freePort();
    const settings = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: '',
      max_connections: 200,
      fsync: 'on',
      synchronous_commit: 'on',
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    // SIGINT is PostgreSQL's fast shutdown: sessions are ended, files are left in order.
    const server = startServer(postgres, ['-D', data, ...args], { ...owner, cwd: folder }, 'SIGINT');
    const urlOf = (database) => `postgres://pistor:${password}@127.0.0.1:${port}/${database}`;
    await server.until(() => createDatabase(urlOf('postgres'), 'pistor'));
    return { url: urlOf('pistor'), stop: () => server.stop().finally(() => remove(folder)) };
  } catch (error) {
    remove(folder);
    throw error;
  }
}

/** @returns {Promise<Service>} a Redis (or Valkey) that evicts nothing and writes nothing to disk */
export async function startRedis() {
  const redis = find('redis-server') ?? find('valkey-server');
  if (!redis) throw new Error('Redis is not installed: redis-server was not found.');
  const folder = mkdtempSync(join(tmpdir(), 'pistor-redis-'));
  try {
    const port = await freePort();
    const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
    const how = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'];
    const server = startServer(redis, [...where, ...how], { cwd: folder }, 'SIGTERM');
    await server.until(() => answersPing(port));
    return { url: `redis://127.0.0.1:${port}`, stop: () => server.stop().finally(() => remove(folder)) };
  } catch (error) {
    remove(folder);
    throw error;
  }
}

/** PostgreSQL refuses to run as root. @returns {{ uid: number, gid: number } | undefined} */
function unprivilegedOwner() {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag) => Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // That user does not exist here: the next one may.
    }
  }
  throw new Error('PostgreSQL does not run as root, and neither a user `postgres` nor `nobody` exists.');
}

/** Debian keeps the server's programs out of PATH, one folder for each version: the newest first. */
function postgresFolders() {
  const versions = '/usr/lib/postgresql';
  if (!existsSync(versions)) return [];
  const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(versions, version, 'bin'));
}

/**
 * @param {string} program that comes with PostgreSQL
 * @returns {string} its path
 */
export function findPostgresProgram(program) {
  const path = find(program, postgresFolders());
  if (!path) throw new Error(`PostgreSQL is not installed: ${program} was not found.`);
  return path;
}

/**
 * @param {string} program
 * @param {string[]} [folders] looked at before PATH
 * @returns {string | undefined} its path
 */
export function find(program, folders = []) {
  return [...folders, ...(process.env.PATH ?? '').split(delimiter)]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function startServer(program, args, options, stopSignal) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part) => (log = (log + part).slice(-20_000)));
  }
  let running = true;
  const ended = new Promise((resolve) => {
    const end = () => resolve((running = false));
    child.on('exit', end).on('error', (error) => end((log += error.message)));
  });
  const stop = async () => {
    child.kill(stopSignal);
    const killer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
    await ended;
    clearTimeout(killer);
  };
  return {
    stop,
    until: (isReady) =>
      until(
        isReady,
        () => running,
        stop,
        () => `${program} does not start:\n${log}`,
      ),
  };
}

async function until(isReady, isRunning, stop, complaint) {
  const deadline = Date.now() + startMsMax;
  while (!(await isReady().catch(() => false))) {
    if (isRunning() && Date.now() < deadline) await sleep(50);
    else {
      await stop();
      throw new Error(complaint());
    }
  }
}

async function createDatabase(url, name) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}

function answersPing(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(2_000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.on('data', (answer) => {
      socket.destroy();
      resolve(answer.toString().startsWith('+PONG'));
    });
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function remove(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
