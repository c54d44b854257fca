import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '#libs/backup/src/backup.format.js';
import { linesOf, readBackup } from '#libs/backup/src/backup-reader.js';
import { ROWS_OF_CHAINS, StrangerRows } from '#libs/backup/src/stranger-rows.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Tile, TILE_BYTES } from '#libs/ledger/src/tile.js';
import { isReadsChain, readsChainOf } from '#libs/read-record/src/reads-chain.js';
import { READS_STREAM } from '#libs/read-record/src/read-log.js';
import { keptLedger, type KeyRow, type LedgerRows } from './kept-ledger.js';
import {
  type ChainVerdict,
  forChain,
  hasReadsToo,
  treesWithReads,
  type VerifyOptions,
  withStrangers,
} from './verify-database.js';
import { type LogRow, LogVerifier } from './verify-log.js';

/**
 * Verifies every chain of a backup and its reads, while it is read: nothing is restored, and of the log nothing is kept.
 * Its tiles go to a folder in TMPDIR meanwhile, 33 bytes an event, and so do the reads, packed as they came: they come
 * before the ledger that they are compared with. In memory stand 88 bytes for each stream.
 * @param chunks bytes of what `pistor backup` writes
 * @throws BackupUnreadable, BackupNewer, BackupDamaged; NotFound `verify.no-ledger`, `verify.no-chain`
 */
export async function verifyBackup(
  chunks: AsyncIterable<Uint8Array>,
  options: VerifyOptions,
): Promise<{ readonly manifest: Manifest; readonly verdicts: ChainVerdict[] }> {
  const spool = await VerifySpool.open();
  try {
    let walk: BackupWalk | undefined;
    for await (const part of readBackup(chunks)) {
      options.signal?.throwIfAborted();
      if ('manifest' in part) walk = new BackupWalk(part.manifest, options, spool);
      if ('block' in part && part.block.table === 'read_record') await spool.keepReads(part.body);
      else if ('block' in part) await walk?.rows(part.block.table, await linesOf(part.body));
    }
    // A backup without a manifest was refused by its reader.
    return await (walk as BackupWalk).finish();
  } finally {
    await spool.close();
  }
}

type Texts = (string | null)[];

class BackupWalk {
  private readonly ledgers = new Map<number, { -readonly [Key in keyof LedgerRows]: LedgerRows[Key] }>();
  private readonly erased = new Map<number, Set<string>>();
  private readonly verifiers = new Map<
    number,
    { verifier: LogVerifier; origin: string; size: number; keysGiven: boolean }
  >();
  /** Positions of the last reads, by the numbers of their trees. */
  private readonly readHeads = new Map<number, number>();
  private readonly strangers = new StrangerRows();
  private readonly keepsReads: boolean;
  private readonly total: number;
  private events = 0;

  constructor(
    private readonly manifest: Manifest,
    private readonly options: VerifyOptions,
    private readonly spool: VerifySpool,
  ) {
    if (!manifest.tables.some(({ table }) => table === 'ledger_tree')) {
      throw new NotFound('verify.no-ledger', 'There is no ledger in this backup: an older version has made it.');
    }
    for (const { no, id } of manifest.chains.flatMap((chain) => [chain, readsChainOf(chain)])) {
      this.ledgers.set(no, { chainId: id, tree: undefined, checkpoints: [], signatures: [], keys: [] });
    }
    const reads = manifest.tables.find(({ table }) => table === 'read_record');
    this.keepsReads = reads !== undefined;
    this.total = manifest.chains.reduce((sum, { head }) => sum + head, reads?.rows ?? 0);
  }

  /** Rows of one table but the reads, one a line. The log comes after everything else. */
  async rows(table: string, lines: string): Promise<void> {
    const columns = this.manifest.tables.find((each) => each.table === table)?.columns ?? [];
    const at = (name: string) => columns.indexOf(name);
    const [chain] = [at('chain')];
    if (table === 'event_log') return this.log(lines, columns);
    if (!TABLES.has(table) && ROWS_OF_CHAINS[table] === undefined) return;
    const field = (row: Texts, name: string) => row[at(name)] ?? '';
    for (const line of lines.split('\n')) {
      const row = JSON.parse(line) as Texts;
      const no = Number(row[chain]);
      const ledger = this.ledgers.get(no);
      if (!ledger || (table === 'read_head' && no < 0)) {
        this.strangers.add(table, no);
        continue;
      }
      const size = () => Number(field(row, 'size'));
      if (table === 'read_head') {
        this.readHeads.set(readsChainOf({ no, id: '', slug: '' }).no, Number(field(row, 'position')));
      } else if (table === 'ledger_tree') {
        ledger.tree = { size: size(), root: bytesOf(field(row, 'root')), edge: bytesOf(field(row, 'edge')) };
      } else if (table === 'ledger_tile') {
        const tile = { level: Number(field(row, 'level')), n: Number(field(row, 'n')) };
        await this.spool.write(no, tile, bytesOf(field(row, 'hashes')));
      } else if (table === 'ledger_checkpoint') {
        const checkpoint = { size: size(), root: bytesOf(field(row, 'root')), body: field(row, 'body') };
        (ledger.checkpoints as (typeof checkpoint)[]).push(checkpoint);
      } else if (table === 'ledger_signature') {
        (ledger.signatures as { size: number; line: string }[]).push({ size: size(), line: field(row, 'line') });
      } else if (table === 'ledger_key') {
        const until = row[at('until_size')] ?? '';
        const untilSize = until === '' ? null : Number(until);
        (ledger.keys as KeyRow[]).push({
          vkey: field(row, 'vkey'),
          fromSize: Number(field(row, 'from_size')),
          untilSize,
        });
      } else if (table === 'subject_key' && field(row, 'destroyed_at') !== '') {
        this.erased.set(no, (this.erased.get(no) ?? new Set()).add(field(row, 'subject')));
      }
    }
  }

  async finish(): Promise<{ readonly manifest: Manifest; readonly verdicts: ChainVerdict[] }> {
    const columns = this.manifest.tables.find(({ table }) => table === 'read_record')?.columns ?? [];
    for await (const body of this.spool.reads()) await this.reads(await linesOf(body), columns);
    const verdicts: ChainVerdict[] = [];
    const trees = this.trees();
    for (const tree of trees) {
      const { no, slug } = tree;
      const head = isReadsChain(tree) ? (this.readHeads.get(no) ?? 0) : tree.head;
      const { verifier, origin, size, keysGiven } = this.verifierOf(no);
      const verdict = await verifier.finish(head);
      const erased = this.erased.get(no)?.size ?? 0;
      const readsToo = hasReadsToo(tree, trees);
      verdicts.push({ ...verdict, chain: slug, origin, head, ledgerSize: size, keysGiven, erased, readsToo });
    }
    return { manifest: this.manifest, verdicts: withStrangers(verdicts, this.strangers, this.options) };
  }

  /** By what was read of the ledger until then. */
  private trees() {
    const isCommitted = (no: number) => {
      const ledger = this.ledgers.get(no);
      return ledger?.tree !== undefined || (ledger?.checkpoints.length ?? 0) > 0 || (ledger?.keys.length ?? 0) > 0;
    };
    return treesWithReads(this.manifest.chains, this.options, (no) => this.keepsReads || isCommitted(no));
  }

  private async log(lines: string, columns: readonly string[]): Promise<void> {
    const [stream, revision] = [columns.indexOf('stream'), columns.indexOf('revision')];
    const [commandId, commandEvents] = [columns.indexOf('command_id'), columns.indexOf('command_events')];
    await this.walk('event_log', lines, columns, (row) => {
      const events = row[commandEvents] ?? null;
      return {
        stream: row[stream] as string,
        revision: Number(row[revision]),
        commandId: row[commandId] ?? undefined,
        commandEvents: events === null ? null : Number(events),
        patients: undefined,
      };
    });
  }

  private async reads(lines: string, columns: readonly string[]): Promise<void> {
    const [position, patients] = [columns.indexOf('position'), columns.indexOf('patients')];
    await this.walk('read_record', lines, columns, (row) => ({
      stream: READS_STREAM,
      revision: Number(row[position]) - 1,
      commandId: undefined,
      commandEvents: undefined,
      patients: row[patients] ?? null,
    }));
  }

  /** Gives the rows of a block to the verifiers of their trees. */
  private async walk(
    table: 'event_log' | 'read_record',
    lines: string,
    columns: readonly string[],
    restOf: (row: Texts) => Omit<LogRow, 'position' | 'recordedAtMs' | 'header' | 'data'>,
  ): Promise<void> {
    const names = ['chain', 'position', 'recorded_at', 'header', 'data'];
    const [chain, position, recordedAt, header, data] = names.map((name) => columns.indexOf(name)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const pages = new Map<number, LogRow[]>();
    for (const line of lines.split('\n')) {
      const row = JSON.parse(line) as Texts;
      const no = Number(row[chain]);
      const page = pages.get(no) ?? [];
      pages.set(no, page);
      page.push({
        ...restOf(row),
        position: Number(row[position]),
        recordedAtMs: timeOf(row[recordedAt] as string),
        header: row[header] as string,
        data: row[data] as string,
      });
    }
    for (const [no, page] of pages) {
      this.events += page.length;
      const found = this.manifest.chains.find((each) => each.no === no);
      if (!found) {
        this.strangers.add(table, no);
        continue;
      }
      const { no: tree, slug } = table === 'event_log' ? found : readsChainOf(found);
      await this.verifierOf(tree).verifier.page(page);
      this.options.onProgress?.(this.events, this.total, slug);
    }
  }

  private verifierOf(no: number) {
    const known = this.verifiers.get(no);
    if (known) return known;
    const ledger = this.ledgers.get(no) ?? { chainId: '', tree: undefined, checkpoints: [], signatures: [], keys: [] };
    const { outside, keys: given } = forChain(this.options, ledger.chainId, this.trees());
    const { kept, keys } = keptLedger(ledger, (tiles) => this.spool.read(no, tiles));
    const verifier = new LogVerifier({ kept, keys: given.length > 0 ? given : keys, outside });
    const made = { verifier, origin: kept.origin, size: kept.size, keysGiven: given.length > 0 };
    this.verifiers.set(no, made);
    return made;
  }
}

const TABLES = new Set([
  'ledger_tree',
  'ledger_tile',
  'ledger_checkpoint',
  'ledger_signature',
  'ledger_key',
  'subject_key',
]);

/** As PostgreSQL writes bytes: `\\x` and hexadecimal digits. */
const bytesOf = (text: string): Buffer => Buffer.from(text.slice(2), 'hex');

/** `2026-01-31 09:00:00.123+00`; a time of less than whole milliseconds was never recorded. */
const timeOf = (text: string): number => (/\.\d{4}/.test(text) ? Number.NaN : new Date(text).getTime());

/** Tiles in files, each at its place: 8 KiB times its number. And blocks of reads, one after the other. */
class VerifySpool {
  /** Several tiles are asked for at once: a file is opened once all the same. */
  private readonly files = new Map<string, Promise<FileHandle>>();

  /** Bytes of each block of reads, in their order. */
  private readonly readBlocks: number[] = [];
  private readBytes = 0;

  private constructor(private readonly folder: string) {}

  static async open(): Promise<VerifySpool> {
    return new VerifySpool(await mkdtemp(join(tmpdir(), 'pistor-verify-')));
  }

  async keepReads(body: Buffer): Promise<void> {
    const file = await this.named('reads');
    await file.write(body, 0, body.length, this.readBytes);
    this.readBlocks.push(body.length);
    this.readBytes += body.length;
  }

  async *reads(): AsyncGenerator<Buffer> {
    let at = 0;
    for (const bytes of this.readBlocks) {
      const body = Buffer.alloc(bytes);
      await (await this.named('reads')).read(body, 0, bytes, at);
      at += bytes;
      yield body;
    }
  }

  async write(chain: number, { level, n }: Tile, hashes: Buffer): Promise<void> {
    const file = await this.fileOf(chain, level);
    if (hashes.length === TILE_BYTES) await file.write(hashes, 0, TILE_BYTES, n * TILE_BYTES);
  }

  /** One that was never written reads as nothing, or as zeros, which no hash is. */
  async read(chain: number, tiles: readonly Tile[]): Promise<(Buffer | undefined)[]> {
    const read: (Buffer | undefined)[] = [];
    for (const { level, n } of tiles) {
      const hashes = Buffer.alloc(TILE_BYTES);
      const file = await this.fileOf(chain, level);
      const { bytesRead } = await file.read(hashes, 0, TILE_BYTES, n * TILE_BYTES);
      read.push(bytesRead < TILE_BYTES || hashes.every((byte) => byte === 0) ? undefined : hashes);
    }
    return read;
  }

  async close(): Promise<void> {
    for (const file of this.files.values()) await (await file).close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private fileOf(chain: number, level: number): Promise<FileHandle> {
    return this.named(`${chain}-${level}`);
  }

  private named(name: string): Promise<FileHandle> {
    const known = this.files.get(name) ?? open(join(this.folder, name), 'w+', 0o600);
    this.files.set(name, known);
    return known;
  }
}
