import { createHash, createHmac, type Hash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Database, Queryable } from '#libs/database/src/database.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import { NotFound, Refused } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { LogHasStrangers, LogNotWhole } from './backup.errors.js';
import { BLOCK_BYTES, type Contents, eventsOf, FORMAT, MAGIC, type Manifest, type Seal } from './backup.format.js';
import { Spool } from './spool.js';
import { strangersIn } from './stranger-rows.js';
import { describeTable, type Page, PORTABLE_TEXTS, readPage, type Table } from './table-rows.js';
import { TABLE_DECISIONS } from './table-decisions.js';

/** Most of the content is ciphertext, which no level makes smaller: the quickest loses little. */
const GZIP_LEVEL = 1;
const pack = promisify<string, { level: number }, Buffer>(gzip);

export interface BackupSource {
  readonly db: Database;
  /** Seals the backup. It does not go into it. */
  readonly master: MasterKey;
  /** Of this software. */
  readonly version: string;
}

type ChainFacts = Manifest['chains'][number];

/**
 * A backup as bytes, as they are taken. Everything that may change is read in one transaction, into a file without a
 * name; the log, which does not change, is read after it, so that nobody waits for its gigabytes: on an embedded database
 * there is one session for everybody. Never more than a few blocks are in memory.
 *
 * @throws Refused `backup.events-elsewhere` when the events are kept in KurrentDB, `backup.other-key` when the database
 *   was written with another master key; NotFound `backup.nothing` for a database that was never started; LogNotWhole,
 *   LogHasStrangers; Unavailable
 */
export async function* writeBackup({ db, master, version }: BackupSource): AsyncGenerator<Buffer> {
  const spool = await Spool.open();
  try {
    const writer = new BlockWriter();
    const snapshot = await db.transaction((tx) => takeSnapshot(tx, spool, writer, { db, master, version }));
    const { manifest, log } = snapshot;
    const sealed = createHash('sha256');
    let bytes = 0;
    const told = (chunk: Buffer): Buffer => {
      sealed.update(chunk);
      bytes += chunk.length;
      return chunk;
    };
    yield told(Buffer.from(`${MAGIC} ${FORMAT}\n${JSON.stringify({ manifest })}\n`));
    for await (const chunk of spool.read()) yield told(chunk);
    for (const chain of manifest.chains) {
      for await (const block of logOf(db, log, chain, writer)) yield told(block);
    }
    yield told(Buffer.from(`${JSON.stringify({ contents: writer.contents() })}\n`));
    const sha256 = sealed.digest('hex');
    const seal: Seal = { blocks: writer.blocks, bytes, sha256, hmac: hmacOf(master, sha256) };
    yield Buffer.from(`${JSON.stringify({ seal })}\n`);
  } finally {
    await spool.close();
  }
}

/** What only the holder of the master key can compute. */
export const hmacOf = (master: MasterKey, sha256: string): string =>
  createHmac('sha256', master.derive('backup seal')).update(sha256).digest('hex');

async function takeSnapshot(
  tx: Queryable,
  spool: Spool,
  writer: BlockWriter,
  { db, master, version }: BackupSource,
): Promise<{ manifest: Manifest; log: Table }> {
  await tx.query(`set transaction isolation level repeatable read, read only; ${PORTABLE_TEXTS}`);
  await demandOwn(tx, master);
  const facts = await tx.query<{ now: string; migrations: Manifest['migrations']; chains: ChainFacts[] }>(FACTS);
  const { now, migrations, chains } = facts.rows[0]!;
  await demandNoStrangers(tx);
  const tables: { table: string; columns: string[]; rows: number }[] = [];
  let log: Table | undefined;
  for (const [name, decision] of Object.entries(TABLE_DECISIONS)) {
    if (decision.keep === 'nothing') continue;
    const where = decision.keep === 'rows' ? decision.where : undefined;
    // A database that an older version has left lacks the newer tables.
    const table = await describeTable(tx, name, decision.key, where);
    if (!table) continue;
    const columns = table.columns.map((column) => column.name);
    if (decision.keep === 'log') {
      log = table;
      tables.push({ table: name, columns, rows: chains.reduce((sum, { head }) => sum + head, 0) });
      continue;
    }
    let rows = 0;
    for await (const page of pagesOf(tx, table)) {
      rows += page.rows;
      await spool.write(await writer.block(name, name, page));
    }
    tables.push({ table: name, columns, rows });
  }
  const mode = db.kind === 'pglite' ? 'embedded' : 'scaled-out';
  const masterKey = master.fingerprint;
  return {
    manifest: { format: FORMAT, id: newId(), version, mode, takenAt: now, masterKey, chains, migrations, tables },
    log: log as Table,
  };
}

/** Times as everybody shows them: with milliseconds, in UTC. */
const iso = (time: string): string => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const FACTS = `
  select ${iso('t.now')} as now,
    (select coalesce(json_agg(json_build_object('component', component, 'number', number, 'name', name, 'checksum', checksum)
              order by applied_at, component, number), '[]') from schema_migrations) as migrations,
    (select coalesce(json_agg(json_build_object('no', no, 'id', id, 'slug', slug, 'sandbox', sandbox, 'head', position,
              'now', ${iso(`greatest(recorded_at, t.now + clock_offset_ms * interval '1 millisecond')`)}) order by no), '[]')
       from chain) as chains
  from (select date_trunc('milliseconds', clock_timestamp()) as now) t`;

/** The database has been used, keeps its events itself, and was written with this key. */
async function demandOwn(tx: Queryable, master: MasterKey): Promise<void> {
  const { rows: made } = await tx.query<{ made: boolean; places: boolean }>(
    `select to_regclass('chain') is not null and to_regclass('master_key') is not null as made,
            to_regclass('log_place') is not null as places`,
  );
  const { rows } = made[0]?.made
    ? await tx.query<{ fingerprint: string }>('select fingerprint from master_key')
    : { rows: [] };
  if (rows.length === 0) {
    throw new NotFound(
      'backup.nothing',
      'There is nothing to back up: no Pistor has been started on this database yet.',
    );
  }
  if (!rows.some(({ fingerprint }) => fingerprint === master.fingerprint)) {
    throw new Refused(
      'backup.other-key',
      `The database was written with master key ${rows.map((row) => row.fingerprint).join(', ')}, and the one at hand is ` +
        `${master.fingerprint}. A backup is made only where its key is at hand: without it, it would be worth nothing.`,
    );
  }
  if (!made[0]?.places) return;
  const { rows: place } = await tx.query<{ place: string }>('select place from log_place');
  if (place[0]?.place === 'kurrentdb') {
    throw new Refused(
      'backup.events-elsewhere',
      "The events of this database are kept in KurrentDB, so a backup of one of the two would fit nothing. Use KurrentDB's " +
        'own backup, and pg_dump after it.',
    );
  }
}

/** The log is read chain by chain, from 1 up to the head: a row anywhere else would be left out, and nobody would know. */
async function demandNoStrangers(tx: Queryable): Promise<void> {
  const strangers = await strangersIn(tx, ['event_log']);
  const { rows } = await tx.query<{ slug: string; head: string; first: string; last: string }>(
    `select c.slug, c.position as head, e.first, e.last
     from chain c cross join lateral (
       select (select min(position) from event_log where chain = c.no) as first,
              (select max(position) from event_log where chain = c.no) as last
     ) e
     where e.first < 1 or e.last > c.position order by c.no`,
  );
  const outside = rows.map(({ slug, head, first, last }) => {
    const position = Number(first) < 1 ? first : last;
    return `Chain ${slug} has events from 1 to ${head}, and there is one at position ${position}.`;
  });
  const found = [...strangers.told(), ...outside];
  if (found.length > 0) throw new LogHasStrangers(found);
}

async function* pagesOf(tx: Queryable, table: Table, until?: readonly string[]): AsyncGenerator<Page> {
  let from: readonly string[] | null = null;
  for (;;) {
    const page: Page | undefined = await readPage(tx, table, from, BLOCK_BYTES, until);
    if (!page) return;
    yield page;
    from = page.last;
  }
}

/** The events of a chain up to the head that it had, each page on its own. */
async function* logOf(db: Database, log: Table, chain: ChainFacts, writer: BlockWriter): AsyncGenerator<Buffer> {
  const no = String(chain.no);
  let from = 0;
  while (from < chain.head) {
    const page = await db.transaction(async (tx) => {
      await tx.query(PORTABLE_TEXTS);
      return readPage(tx, log, [no, String(from)], BLOCK_BYTES, [no, String(chain.head)]);
    });
    const last = Number(page?.last[1] ?? 0);
    if (!page || last !== from + page.rows) throw new LogNotWhole(chain.slug, from + 1, last);
    yield await writer.block('event_log', eventsOf(chain.id), page);
    from = last;
  }
}

/** Numbers the blocks, and keeps a hash of what is in them. */
class BlockWriter {
  blocks = 0;
  private readonly hashes = new Map<string, Hash>();

  /** @param content what the rows are counted as in the seal */
  async block(table: string, content: string, { lines, rows }: Page): Promise<Buffer> {
    const hash = this.hashes.get(content) ?? createHash('sha256');
    this.hashes.set(content, hash.update(`${lines}\n`));
    const body = await pack(lines, { level: GZIP_LEVEL });
    this.blocks += 1;
    const sha256 = createHash('sha256').update(body).digest('hex');
    const head = { block: this.blocks, table, rows, bytes: body.length, sha256 };
    return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
  }

  contents(): Contents {
    return Object.fromEntries([...this.hashes].map(([content, hash]) => [content, hash.digest('hex')]));
  }
}
