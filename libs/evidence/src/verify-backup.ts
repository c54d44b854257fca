import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '#libs/backup/src/backup.format.js';
import { linesOf, readBackup } from '#libs/backup/src/backup-reader.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Tile, TILE_BYTES } from '#libs/ledger/src/tile.js';
import { keptLedger, type KeyRow, type LedgerRows } from './kept-ledger.js';
import { type ChainVerdict, forChain, type VerifyOptions } from './verify-database.js';
import { type LogRow, LogVerifier } from './verify-log.js';

/**
 * Verifies every chain of a backup, while it is read: nothing is restored, and of the log nothing is kept. Its tiles go to
 * a folder in TMPDIR meanwhile, 33 bytes an event. In memory stand 88 bytes for each stream.
 * @param chunks bytes of what `pistor backup` writes
 * @throws BackupUnreadable, BackupNewer, BackupDamaged; NotFound `verify.no-ledger`
 */
export async function verifyBackup(
  chunks: AsyncIterable<Uint8Array>,
  options: VerifyOptions,
): Promise<{ readonly manifest: Manifest; readonly verdicts: ChainVerdict[] }> {
  const tiles = await TileSpool.open();
  try {
    let walk: BackupWalk | undefined;
    for await (const part of readBackup(chunks)) {
      options.signal?.throwIfAborted();
      if ('manifest' in part) walk = new BackupWalk(part.manifest, options, tiles);
      if ('block' in part) await walk?.rows(part.block.table, await linesOf(part.body));
    }
    // A backup without a manifest was refused by its reader.
    return await (walk as BackupWalk).finish();
  } finally {
    await tiles.close();
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
  private readonly total: number;
  private events = 0;

  constructor(
    private readonly manifest: Manifest,
    private readonly options: VerifyOptions,
    private readonly tiles: TileSpool,
  ) {
    if (!manifest.tables.some(({ table }) => table === 'ledger_tree')) {
      throw new NotFound('verify.no-ledger', 'There is no ledger in this backup: an older version has made it.');
    }
    for (const { no, id } of manifest.chains) {
      this.ledgers.set(no, { chainId: id, tree: undefined, checkpoints: [], signatures: [], keys: [] });
    }
    this.total = manifest.chains.reduce((sum, { head }) => sum + head, 0);
  }

  /** Rows of one table, one a line. The log comes after everything else. */
  async rows(table: string, lines: string): Promise<void> {
    const columns = this.manifest.tables.find((each) => each.table === table)?.columns ?? [];
    const at = (name: string) => columns.indexOf(name);
    const [chain] = [at('chain')];
    if (table === 'event_log') return this.log(lines, columns);
    if (!TABLES.has(table)) return;
    const field = (row: Texts, name: string) => row[at(name)] ?? '';
    for (const line of lines.split('\n')) {
      const row = JSON.parse(line) as Texts;
      const no = Number(row[chain]);
      const ledger = this.ledgers.get(no);
      if (!ledger) continue;
      const size = () => Number(field(row, 'size'));
      if (table === 'ledger_tree') {
        ledger.tree = { size: size(), root: bytesOf(field(row, 'root')), edge: bytesOf(field(row, 'edge')) };
      } else if (table === 'ledger_tile') {
        const tile = { level: Number(field(row, 'level')), n: Number(field(row, 'n')) };
        await this.tiles.write(no, tile, bytesOf(field(row, 'hashes')));
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
      } else if (field(row, 'destroyed_at') !== '') {
        this.erased.set(no, (this.erased.get(no) ?? new Set()).add(field(row, 'subject')));
      }
    }
  }

  async finish(): Promise<{ readonly manifest: Manifest; readonly verdicts: ChainVerdict[] }> {
    const verdicts: ChainVerdict[] = [];
    for (const { no, slug, head } of this.manifest.chains) {
      const { verifier, origin, size, keysGiven } = this.verifierOf(no);
      const verdict = await verifier.finish(head);
      const erased = this.erased.get(no)?.size ?? 0;
      verdicts.push({ ...verdict, chain: slug, origin, head, ledgerSize: size, keysGiven, erased });
    }
    return { manifest: this.manifest, verdicts };
  }

  private async log(lines: string, columns: readonly string[]): Promise<void> {
    const names = ['chain', 'position', 'stream', 'revision', 'recorded_at', 'command_id', 'header', 'data'];
    const [chain, position, stream, revision, recordedAt, commandId, header, data] = names.map((name) =>
      columns.indexOf(name),
    ) as [number, number, number, number, number, number, number, number];
    const pages = new Map<number, LogRow[]>();
    for (const line of lines.split('\n')) {
      const row = JSON.parse(line) as string[];
      const no = Number(row[chain]);
      const page = pages.get(no) ?? [];
      pages.set(no, page);
      page.push({
        position: Number(row[position]),
        stream: row[stream] as string,
        revision: Number(row[revision]),
        recordedAtMs: timeOf(row[recordedAt] as string),
        commandId: row[commandId],
        header: row[header] as string,
        data: row[data] as string,
      });
    }
    for (const [no, page] of pages) {
      await this.verifierOf(no).verifier.page(page);
      this.events += page.length;
      const { slug } = this.manifest.chains.find((each) => each.no === no) ?? { slug: String(no) };
      this.options.onProgress?.(this.events, this.total, slug);
    }
  }

  private verifierOf(no: number) {
    const known = this.verifiers.get(no);
    if (known) return known;
    const ids = this.manifest.chains.map(({ id }) => id);
    const ledger = this.ledgers.get(no) ?? { chainId: '', tree: undefined, checkpoints: [], signatures: [], keys: [] };
    const { outside, keys: given } = forChain(this.options, ledger.chainId, ids);
    const { kept, keys } = keptLedger(ledger, (tiles) => this.tiles.read(no, tiles));
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

/** Tiles in files, each at its place: 8 KiB times its number. */
class TileSpool {
  /** Several tiles are asked for at once: a file is opened once all the same. */
  private readonly files = new Map<string, Promise<FileHandle>>();

  private constructor(private readonly folder: string) {}

  static async open(): Promise<TileSpool> {
    return new TileSpool(await mkdtemp(join(tmpdir(), 'pistor-verify-')));
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
    const name = `${chain}-${level}`;
    const known = this.files.get(name) ?? open(join(this.folder, name), 'w+', 0o600);
    this.files.set(name, known);
    return known;
  }
}
