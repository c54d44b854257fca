import type { Database, Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { EMPTY_ROOT } from './sha256.js';
import { type PartialTile, type Tile, TILE_WIDTH } from './tile.js';
import type { FullTile } from './tree-edge.js';

/** A tree as it was last committed, and who may move it. */
export interface TreeRow {
  readonly size: number;
  readonly root: Buffer;
  readonly edge: Buffer;
  /** Of the last leaf in the log; 0 for an empty tree. */
  readonly position: number;
  /** Positions of the leaves in the lowest tile of the edge, eight bytes each; empty where positions have no gaps. */
  readonly edgePositions: Buffer;
  readonly epoch: number;
}

export interface TreeHead {
  readonly size: number;
  readonly position: number;
  /** The newest checkpoint is not published yet. */
  readonly pending: boolean;
}

/** How a tree stands, for whoever looks at it. */
export interface TreeStatus {
  readonly size: number;
  readonly position: number;
  readonly publishedSize: number;
  /** Since the tree was moved last, and since the oldest checkpoint was committed that is not published; null for none. */
  readonly unmovedMs: number;
  readonly unpublishedMs: number | null;
  readonly problem: { readonly code: string; readonly detail: string; readonly at: Date } | null;
  readonly publishProblem: string | null;
}

/** A tile of level 0 with the positions of its leaves. */
export interface PositionedTile extends FullTile {
  readonly positions?: Buffer | undefined;
  readonly firstPosition?: number | undefined;
}

export interface CommittedCheckpoint {
  readonly size: number;
  readonly root: Buffer;
  readonly body: string;
}

export interface PublishedCheckpoint extends CommittedCheckpoint {
  readonly committedAt: Date;
  readonly lines: readonly string[];
}

/** Longer than a page takes under load; a dead owner is replaced after it. */
export const LEASE_MS = 6_000;

interface TreeColumns {
  size: string;
  root: Buffer;
  edge: Buffer;
  position: string;
  edge_positions: Buffer;
  epoch: number;
}

const TREE = 'size, root, edge, position, edge_positions, epoch';

const treeOf = (row: TreeColumns): TreeRow => ({
  size: Number(row.size),
  root: row.root,
  edge: row.edge,
  position: Number(row.position),
  edgePositions: row.edge_positions,
  epoch: row.epoch,
});

/** Takes all leases away. Only for a database that no other process can have open. */
export async function clearLedgerLeases(db: Database): Promise<void> {
  await db.query(`update ledger_tree set owner = null, lease_until = '-infinity' where owner is not null`);
}

/** The ledger's rows. What is full or committed is inserted once and never changed. */
export class LedgerTables {
  constructor(
    private readonly db: Database,
    /** This process. */
    private readonly owner: Id,
    private readonly leaseMs = LEASE_MS,
  ) {}

  /** Takes or renews the lease on a tree; undefined while another living process has it. */
  async lease(chain: Chain): Promise<TreeRow | undefined> {
    const { rows } = await this.db.query<TreeColumns>({
      name: 'ledger_lease',
      text: `insert into ledger_tree as t (chain, root, owner, lease_until, epoch)
             values ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond', 1)
             on conflict (chain) do update
               set owner = excluded.owner,
                   lease_until = excluded.lease_until,
                   epoch = t.epoch + (t.owner is distinct from excluded.owner)::int
               where t.owner is null or t.owner = excluded.owner or t.lease_until < clock_timestamp()
             returning ${TREE}`,
      values: [chain.no, EMPTY_ROOT, this.owner, this.leaseMs],
    });
    return rows[0] && treeOf(rows[0]);
  }

  /** Whether no other process has taken the lease since this one took it. */
  async isOwner(chain: Chain): Promise<boolean> {
    const { rows } = await this.db.query<{ owner: string | null }>('select owner from ledger_tree where chain = $1', [
      chain.no,
    ]);
    return rows[0]?.owner === this.owner;
  }

  /** Gives all leases of this process back, so that others need not wait for them to run out. */
  async release(): Promise<void> {
    await this.db.query(`update ledger_tree set owner = null, lease_until = '-infinity' where owner = $1`, [
      this.owner,
    ]);
  }

  /** Size and position of each chain's tree, by the chain's number. */
  async heads(): Promise<Map<number, TreeHead>> {
    const { rows } = await this.db.query<{ chain: number; size: string; position: string; pending: boolean }>({
      name: 'ledger_heads',
      text: `select chain, size, position,
                    size > coalesce((select max(p.size) from ledger_publication p where p.chain = t.chain), 0) as pending
             from ledger_tree t`,
    });
    return new Map(
      rows.map(({ chain, size, position, pending }) => [
        chain,
        { size: Number(size), position: Number(position), pending },
      ]),
    );
  }

  /**
   * Moves a tree on by compare-and-set, with its tiles and the body of its checkpoint, in one statement: all or nothing.
   * @returns false where the tree is no longer the one that was read, or is another process's: then nothing is written
   */
  async commit(
    chain: Chain,
    from: TreeRow,
    to: Omit<TreeRow, 'epoch'> & { readonly body: string },
    tiles: readonly PositionedTile[],
  ): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      const { rows } = await tx.query<{ moved: string }>({
        name: 'ledger_commit',
        text: `with moved as (
                 update ledger_tree
                 set size = $5, root = $6, edge = $7, position = $8, edge_positions = $9, moved_at = clock_timestamp(),
                     lease_until = clock_timestamp() + $10 * interval '1 millisecond',
                     problem = null, problem_detail = null, problem_at = null
                 where chain = $1 and size = $2 and root = $3 and epoch = $4 and owner = $17
                 returning chain, epoch
               ), tiles as (
                 insert into ledger_tile (chain, level, n, hashes, positions, first_position)
                 select m.chain, t.level, t.n, t.hashes, t.positions, t.first_position
                 from moved m, unnest($11::smallint[], $12::bigint[], $13::bytea[], $14::bytea[], $15::bigint[])
                   as t(level, n, hashes, positions, first_position)
               ), checkpoint as (
                 insert into ledger_checkpoint (chain, size, root, body, epoch)
                 select chain, $5, $6, $16, epoch from moved
               )
               select count(*) as moved from moved`,
        values: [
          chain.no,
          from.size,
          from.root,
          from.epoch,
          to.size,
          to.root,
          to.edge,
          to.position,
          to.edgePositions,
          this.leaseMs,
          tiles.map(({ level }) => level),
          tiles.map(({ n }) => n),
          tiles.map(({ hashes }) => hashes),
          tiles.map(({ positions }) => positions ?? null),
          tiles.map(({ firstPosition }) => firstPosition ?? null),
          to.body,
          this.owner,
        ],
      });
      return rows[0]?.moved === '1';
    });
  }

  /** Notes why the tree is not moved on; what was noted first of the same kind stays. */
  async recordProblem(chain: Chain, code: string, detail: string): Promise<void> {
    await this.db.query(
      `update ledger_tree set problem = $2, problem_detail = $3, problem_at = clock_timestamp()
       where chain = $1 and owner = $4 and (problem, problem_detail) is distinct from ($2, $3)`,
      [chain.no, code, detail, this.owner],
    );
  }

  async clearProblem(chain: Chain): Promise<void> {
    await this.db.query(
      `update ledger_tree set problem = null, problem_detail = null, problem_at = null
       where chain = $1 and owner = $2 and problem is not null`,
      [chain.no, this.owner],
    );
  }

  async recordPublishProblem(chain: Chain, detail: string | null): Promise<void> {
    await this.db.query(
      `update ledger_tree set publish_problem = $2 where chain = $1 and publish_problem is distinct from $2`,
      [chain.no, detail],
    );
  }

  /** Checkpoints that are committed and not published, oldest first. */
  async unpublished(chain: Chain, limit: number): Promise<CommittedCheckpoint[]> {
    const { rows } = await this.db.query<{ size: string; root: Buffer; body: string }>({
      name: 'ledger_unpublished',
      text: `select size, root, body from ledger_checkpoint c
             where chain = $1 and size > coalesce((select max(size) from ledger_publication p where p.chain = $1), -1)
             order by size limit $2`,
      values: [chain.no, limit],
    });
    return rows.map(({ size, root, body }) => ({ size: Number(size), root, body }));
  }

  /** The root that was committed of a size. */
  async committed(chain: Chain, size: number): Promise<{ readonly root: Buffer } | undefined> {
    const { rows } = await this.db.query<{ root: Buffer }>({
      name: 'ledger_committed',
      text: 'select root from ledger_checkpoint where chain = $1 and size = $2',
      values: [chain.no, size],
    });
    return rows[0];
  }

  /** Notes signatures, and that these checkpoints stand outside the database as well. */
  async publish(chain: Chain, signed: readonly SignatureRow[]): Promise<void> {
    await this.db.transaction(async (tx) => {
      await insertSignatures(tx, chain, signed);
      await tx.query(
        `insert into ledger_publication (chain, size) select distinct $1::int, s from unnest($2::bigint[]) s
         on conflict do nothing`,
        [chain.no, signed.map(({ size }) => size)],
      );
    });
  }

  addSignatures(chain: Chain, signed: readonly SignatureRow[]): Promise<void> {
    return insertSignatures(this.db, chain, signed);
  }

  /** A published checkpoint with its signatures: the newest one, or the newest of at least a size. */
  async published(chain: Chain, which: { readonly size?: number } = {}): Promise<PublishedCheckpoint | undefined> {
    const { rows } = await this.db.query<{
      size: string;
      root: Buffer;
      body: string;
      committed_at: Date;
      lines: string[];
    }>({
      name: which.size === undefined ? 'ledger_published' : 'ledger_published_of',
      text: `select c.size, c.root, c.body, c.committed_at,
                    array(select s.line from ledger_signature s where s.chain = c.chain and s.size = c.size
                          order by s.signed_at, s.key_id) as lines
             from ledger_publication p join ledger_checkpoint c on c.chain = p.chain and c.size = p.size
             where p.chain = $1 ${which.size === undefined ? '' : 'and p.size = $2'}
             order by p.size desc limit 1`,
      values: which.size === undefined ? [chain.no] : [chain.no, which.size],
    });
    const [row] = rows;
    if (!row) return undefined;
    return { size: Number(row.size), root: row.root, body: row.body, committedAt: row.committed_at, lines: row.lines };
  }

  /** Size and root of the newest published checkpoint. */
  async publishedTree(chain: Chain): Promise<{ readonly size: number; readonly root: Buffer } | undefined> {
    const { rows } = await this.db.query<{ size: string; root: Buffer }>({
      name: 'ledger_published_tree',
      text: `select c.size, c.root from ledger_checkpoint c
             where c.chain = $1 and c.size = (select max(size) from ledger_publication p where p.chain = $1)`,
      values: [chain.no],
    });
    return rows[0] && { size: Number(rows[0].size), root: rows[0].root };
  }

  /** Size of the newest published checkpoint; 0 for none. */
  async publishedSize(chain: Chain): Promise<number> {
    const { rows } = await this.db.query<{ size: string | null }>({
      name: 'ledger_published_size',
      text: 'select max(size) as size from ledger_publication where chain = $1',
      values: [chain.no],
    });
    return Number(rows[0]?.size ?? 0);
  }

  /** The tree's row as it stands, whoever owns it. */
  async tree(chain: Chain): Promise<TreeRow | undefined> {
    const { rows } = await this.db.query<TreeColumns>({
      name: 'ledger_tree',
      text: `select ${TREE} from ledger_tree where chain = $1`,
      values: [chain.no],
    });
    return rows[0] && treeOf(rows[0]);
  }

  /** Full tiles, in the order in which they are asked for; undefined for one that is not full. */
  fullTiles(chain: Chain, tiles: readonly Tile[]): Promise<(Buffer | undefined)[]> {
    return fullTilesOf(this.db, chain, tiles);
  }

  /** Leaf hashes that stand in full tiles, by their index: of each tile only what is asked for is read. */
  async leaves(chain: Chain, indexes: readonly number[]): Promise<Map<number, Buffer>> {
    if (indexes.length === 0) return new Map();
    const { rows } = await this.db.query<{ i: string; hash: Buffer }>({
      name: 'ledger_leaves',
      text: `select w.i, t.hash from unnest($2::bigint[]) as w(i)
             cross join lateral (
               select substring(hashes from 1 + 32 * (w.i % 256)::int for 32) as hash from ledger_tile l
               where l.chain = $1 and l.level = 0 and l.n = w.i / 256 limit 1
             ) t`,
      values: [chain.no, indexes],
    });
    return new Map(rows.map(({ i, hash }) => [Number(i), hash]));
  }

  /** The last full tile of level 0 that begins at this position or before it, with the positions of its leaves. */
  async tileAtPosition(chain: Chain, position: number): Promise<{ n: number; positions: Buffer } | undefined> {
    const { rows } = await this.db.query<{ n: string; positions: Buffer }>({
      name: 'ledger_tile_at_position',
      text: `select n, positions from ledger_tile where chain = $1 and first_position <= $2
             order by first_position desc limit 1`,
      values: [chain.no, position],
    });
    return rows[0] && { n: Number(rows[0].n), positions: rows[0].positions };
  }

  /** Positions of the leaves of a full tile of level 0; undefined where positions have no gaps. */
  async positionsOf(chain: Chain, n: number): Promise<Buffer | undefined> {
    const { rows } = await this.db.query<{ positions: Buffer | null }>(
      'select positions from ledger_tile where chain = $1 and level = 0 and n = $2',
      [chain.no, n],
    );
    return rows[0]?.positions ?? undefined;
  }

  async status(chain: Chain): Promise<TreeStatus | undefined> {
    const { rows } = await this.db.query<{
      size: string;
      position: string;
      published: string;
      unmoved_ms: number;
      unpublished_ms: number | null;
      problem: string | null;
      problem_detail: string | null;
      problem_at: Date | null;
      publish_problem: string | null;
    }>({
      name: 'ledger_status',
      text: `select t.size, t.position, p.size as published, t.problem, t.problem_detail, t.problem_at, t.publish_problem,
                    extract(epoch from clock_timestamp() - t.moved_at)::float8 * 1000 as unmoved_ms,
                    (select extract(epoch from clock_timestamp() - c.committed_at)::float8 * 1000 from ledger_checkpoint c
                     where c.chain = t.chain and c.size > p.size order by c.size limit 1) as unpublished_ms
             from ledger_tree t
             cross join lateral (
               select coalesce(max(size), 0) as size from ledger_publication where chain = t.chain
             ) p
             where t.chain = $1`,
      values: [chain.no],
    });
    const [row] = rows;
    if (!row) return undefined;
    return {
      size: Number(row.size),
      position: Number(row.position),
      publishedSize: Number(row.published),
      unmovedMs: row.unmoved_ms,
      unpublishedMs: row.unpublished_ms,
      problem:
        row.problem === null
          ? null
          : { code: row.problem, detail: row.problem_detail ?? '', at: row.problem_at ?? new Date(0) },
      publishProblem: row.publish_problem,
    };
  }
}

/** A line below the body of a checkpoint. */
export interface SignatureRow {
  readonly size: number;
  readonly name: string;
  readonly keyId: string;
  readonly line: string;
}

async function insertSignatures(db: Queryable, chain: Chain, signed: readonly SignatureRow[]): Promise<void> {
  await db.query(
    `insert into ledger_signature (chain, size, name, key_id, line)
     select $1, * from unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) on conflict do nothing`,
    [
      chain.no,
      signed.map(({ size }) => size),
      signed.map(({ name }) => name),
      signed.map(({ keyId }) => keyId),
      signed.map(({ line }) => line),
    ],
  );
}

/** Positions as they stand in rows: eight bytes each, big endian. */
export function packPositions(positions: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * positions.length);
  positions.forEach((position, i) => bytes.writeBigUInt64BE(BigInt(position), 8 * i));
  return bytes;
}

export const unpackPositions = (bytes: Buffer): number[] =>
  Array.from({ length: bytes.length / 8 }, (_, i) => Number(bytes.readBigUInt64BE(8 * i)));

/** As `readTiles` of proofs: full tiles from rows, the others from an edge that has come at least as far. */
export async function readTilesOf(
  tables: LedgerTables,
  chain: Chain,
  wanted: readonly PartialTile[],
  edge: { hashesOf(level: number): Buffer; readonly size: number },
  known?: Map<string, Buffer>,
): Promise<Buffer[]> {
  const read: (Buffer | undefined)[] = wanted.map(({ level, n }) => {
    const firstOfEdge = Math.floor(edge.size / TILE_WIDTH ** (level + 1));
    return n === firstOfEdge ? edge.hashesOf(level) : known?.get(`${level}/${n}`);
  });
  const missing = wanted.flatMap((tile, i) => (read[i] ? [] : [{ tile, i }]));
  const rows = await tables.fullTiles(
    chain,
    missing.map(({ tile }) => tile),
  );
  missing.forEach(({ tile, i }, at) => {
    const hashes = rows[at];
    if (!hashes) throw new Error(`Tile ${tile.level}/${tile.n} of ${chain.slug} is missing`);
    read[i] = hashes;
    known?.set(`${tile.level}/${tile.n}`, hashes);
  });
  return read as Buffer[];
}

/** As `LedgerTables.fullTiles`, for whoever only looks. */
export async function fullTilesOf(
  db: Queryable,
  { no }: Pick<Chain, 'no'>,
  tiles: readonly Tile[],
): Promise<(Buffer | undefined)[]> {
  if (tiles.length === 0) return [];
  const { rows } = await db.query<{ i: string; hashes: Buffer }>({
    name: 'ledger_tiles',
    text: `select w.i, t.hashes from unnest($2::smallint[], $3::bigint[]) with ordinality as w(level, n, i)
           cross join lateral (
             select hashes from ledger_tile t where t.chain = $1 and t.level = w.level and t.n = w.n limit 1
           ) t`,
    values: [no, tiles.map(({ level }) => level), tiles.map(({ n }) => n)],
  });
  const found: (Buffer | undefined)[] = tiles.map(() => undefined);
  for (const { i, hashes } of rows) found[Number(i) - 1] = hashes;
  return found;
}
