// PGlite in a thread of its own, hardened. Plain JavaScript, since a worker thread is started from this very file, in
// the sources (under the test runner) as well as in dist.
//
// As a process (`node pglite.worker.mjs FOLDER`) it makes an empty database in the folder and ends: initdb takes 500 MB
// for some seconds, which a thread would leave to its process for good.
//
// As a thread it serves the folder. workerData: { folder, port, shared, hook, module }
//   port    takes requests (bytes of PostgreSQL's wire protocol, whole up to a Sync) and 'close'; gives answers (bytes)
//           and events ({ event: 'ready' | 'closed' | 'fatal', ... })
//   shared  Int32Array: [WAKE, FSYNCS, FULL], see pglite.host.ts
//   module  PGlite's WebAssembly, compiled; every thread would do that again otherwise
//   hook    false leaves the fsync hook out; only the test of the check at start does that
import fs from 'node:fs';
import { isMainThread, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

const { folder, port, shared, hook, module } = isMainThread
  ? { folder: process.argv[2], shared: new Int32Array(new SharedArrayBuffer(16)) }
  : workerData;
const WAKE = 0;
const FSYNCS = 1;
const FULL = 2;

/** emscripten's numbers */
const EIO = 29;
const ENOSPC = 51;
/** PostgreSQL's way back to its main loop after an error; every other exception out of it is the end. */
const LONG_JUMP = 100;
/** Answers go out in pieces of at most this, so that a large result never stands here as a whole. */
const PIECE_BYTES = 256 * 1024;
/** How long the thread waits for the next request before it goes back to its event loop, which takes 60 µs to wake. */
const LINGER_MS = 5;

const settings = {
  // fdatasync, the default, is silently nothing here.
  wal_sync_method: 'fsync',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  // 128 MB otherwise; the operating system caches the files anyway.
  shared_buffers: '16MB',
  wal_buffers: '1MB',
  work_mem: '8MB',
  maintenance_work_mem: '32MB',
  // The host runs checkpoints when this much was written; here it only bounds what is kept for recycling.
  min_wal_size: '32MB',
  max_wal_size: '64MB',
  // There are no background processes; the host does their work on a timer.
  autovacuum: 'off',
  jit: 'off',
  timezone: 'UTC',
  // Our tables first, so that we create in it; BullMQ's second, whose statements name no schema.
  // Plans are kept for as long as the session lives, and the first are made while the tables are empty: they must not
  // scan what is large by then.
  enable_seqscan: 'off',
  search_path: 'public,bullmq',
  log_min_messages: 'fatal',
  log_min_error_statement: 'panic',
};

/** Database files are nobody else's; PostgreSQL's own umask is not in force here. */
const FOR_OTHERS = 0o077;

/** NODEFS, made to reach the disk, to keep strangers out, and never to take an unknown error for success. */
class DurableFS extends NodeFS {
  async init(pg, opts) {
    const { emscriptenOpts } = await super.init(pg, opts);
    // First: the root of the mount copies these operations when it is made.
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [harden, ...emscriptenOpts.preRun] } };
  }
}

function harden(mod) {
  const { NODEFS, FS } = mod;
  const toErrno = NODEFS.convertNodeCode;
  NODEFS.convertNodeCode = (error) => toErrno(error) ?? EIO;
  const { write } = NODEFS.stream_ops;
  const { mknod, setattr } = NODEFS.node_ops;
  NODEFS.node_ops = {
    ...NODEFS.node_ops,
    mknod: (parent, name, bits, dev) => mknod(parent, name, bits & ~FOR_OTHERS, dev),
    setattr: (node, attr) => setattr(node, attr.mode == null ? attr : { ...attr, mode: attr.mode & ~FOR_OTHERS }),
  };
  NODEFS.stream_ops = {
    ...NODEFS.stream_ops,
    write(stream, buffer, offset, length, position) {
      if (Atomics.load(shared, FULL) === 1) throw new FS.ErrnoError(ENOSPC);
      return write(stream, buffer, offset, length, position);
    },
  };
  if (hook === false) return;
  NODEFS.stream_ops.fsync = (stream) => {
    if (Atomics.load(shared, FULL) === 1) throw new FS.ErrnoError(ENOSPC);
    NODEFS.tryFSOperation(() => fs.fsyncSync(stream.nfd));
    Atomics.add(shared, FSYNCS, 1);
    return 0;
  };
}

const lastWords = [];

function remember(line) {
  lastWords.push(line);
  if (lastWords.length > 20) lastWords.shift();
}

/** Ends the thread at once: after this nothing of PostgreSQL's memory can be trusted. Recovery is the next start's. */
function fatal(reason, kind = 'lost') {
  if (isMainThread) throw new Error(reason);
  const words = lastWords.filter((line) => /PANIC|FATAL|DETAIL/.test(line)).join(' ');
  port.postMessage({ event: 'fatal', kind, message: [reason, words].filter(Boolean).join(': ') });
  process.exit(1);
}

async function open() {
  const startParams = PGlite.defaultStartParams.filter((param) => param !== '-F');
  for (const [name, value] of Object.entries(settings)) startParams.push('-c', `${name}=${value}`);
  const db = new PGlite({ fs: new DurableFS(folder), startParams, onStderr: remember, pgliteWasmModule: module });
  await db.waitReady;
  return db;
}

/** PGlite swallows every exception of the main loop and goes on; a dead PostgreSQL must be noticed instead. */
function watchMainLoop(mod) {
  const once = mod._PostgresMainLoopOnce;
  mod._PostgresMainLoopOnce = () => {
    try {
      once();
    } catch (error) {
      if (error?.status !== LONG_JUMP) fatal(String(error?.message ?? error));
      throw error;
    }
  };
  mod.onAbort = (what) => fatal(`PostgreSQL aborted ${what ?? ''}`);
}

/** The one check that nothing else can replace: does a commit really reach the disk? */
async function checkDurability(db) {
  const before = Atomics.load(shared, FSYNCS);
  await db.query(`SELECT pg_logical_emit_message(true, 'pistor', 'does a commit reach the disk?')`);
  if (Atomics.load(shared, FSYNCS) === before) {
    fatal(
      'a commit did not call fsync, so a power cut would lose acknowledged data (is PGlite the pinned version?)',
      'unsafe',
    );
  }
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit', 'wal_sync_method']) {
    const { rows } = await db.query('SELECT current_setting($1) AS value', [name]);
    if (rows[0].value !== settings[name]) fatal(`${name} is ${rows[0].value} and not ${settings[name]}`, 'unsafe');
  }
}

const piece = new Uint8Array(PIECE_BYTES);
let filled = 0;

function send() {
  if (filled === 0) return;
  const bytes = piece.slice(0, filled);
  filled = 0;
  port.postMessage(bytes, [bytes.buffer]);
}

/** `bytes` is a view of PostgreSQL's memory, valid only now. */
function collect(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const part = bytes.subarray(at, at + PIECE_BYTES - filled);
    piece.set(part, filled);
    filled += part.length;
    at += part.length;
    if (filled === PIECE_BYTES) send();
  }
}

const streaming = { syncToFs: false, onRawData: collect };

function serve(db) {
  let closing = false;
  const handle = (message) => {
    if (message === 'close') {
      closing = true;
      void close(db);
      return;
    }
    // Runs to its end before it returns; the promise only carries an error.
    db.execProtocolRawStream(message, streaming).catch((error) => fatal(String(error?.message ?? error)));
    send();
  };
  port.on('message', (first) => {
    handle(first);
    for (;;) {
      const seen = Atomics.load(shared, WAKE);
      const next = receiveMessageOnPort(port);
      if (next) handle(next.message);
      if (closing) return;
      if (!next && Atomics.wait(shared, WAKE, seen, LINGER_MS) === 'timed-out') return;
    }
  });
}

/** PostgreSQL's own shutdown, with its checkpoint. */
async function close(db) {
  try {
    await db.close();
    port.postMessage({ event: 'closed' });
  } catch (error) {
    port.postMessage({ event: 'fatal', kind: 'lost', message: String(error?.message ?? error) });
  }
  process.exit(0);
}

/** One database is enough here: without the two templates a new folder has 350 files to copy and to sync, not 970. */
async function dropTemplates(db) {
  await db.query('UPDATE pg_database SET datistemplate = false');
  for (const name of ['template0', 'template1']) await db.query(`DROP DATABASE ${name}`);
}

if (isMainThread) {
  const db = await open();
  await dropTemplates(db);
  await db.close();
  // PGlite leaves its own exit code behind.
  process.exitCode = 0;
} else {
  try {
    const db = await open();
    watchMainLoop(db.Module);
    await checkDurability(db);
    serve(db);
    port.postMessage({ event: 'ready' });
  } catch (error) {
    fatal(String(error?.message ?? error));
  }
}
