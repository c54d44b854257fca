import type { Database } from '#libs/database/src/database.js';
import { Coalesce } from '#libs/kernel/src/coalesce.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';

/** The organisation that runs the clinics. Every stream, row and query belongs to exactly one. */
export interface Chain {
  readonly id: Id;
  /** Short number that stands in rows in place of the id. */
  readonly no: number;
  readonly slug: string;
  /** A sandbox chain has a clock that its user may advance. */
  readonly sandbox: boolean;
}

interface ChainRow {
  no: number;
  id: Id;
  slug: string;
  sandbox: boolean;
}

/** Questions for the time that go together. */
const CLOCKS_MAX = 1_000;

/** The chains of a database, with their clocks. Chains never change their id, number or slug, so they are kept. */
export class Chains {
  private readonly known = new Map<Id, Chain>();

  private readonly clocks = new Coalesce<number, Instant>((chains) => this.readClocks(chains), CLOCKS_MAX);

  constructor(private readonly db: Database) {}

  /** Makes the chain when no chain has this slug yet. */
  async ensure(slug: string, sandbox: boolean): Promise<Chain> {
    await this.db.query('insert into chain (id, slug, sandbox) values ($1, $2, $3) on conflict do nothing', [
      newId(),
      slug,
      sandbox,
    ]);
    const { rows } = await this.db.query<ChainRow>('select no, id, slug, sandbox from chain where slug = $1', [slug]);
    return this.remember(rows[0] as ChainRow);
  }

  async all(): Promise<Chain[]> {
    const { rows } = await this.db.query<ChainRow>('select no, id, slug, sandbox from chain order by no');
    return rows.map((row) => this.remember(row));
  }

  /** @throws NotFound */
  async byNumber(no: number): Promise<Chain> {
    for (const chain of this.known.values()) if (chain.no === no) return chain;
    const chain = (await this.all()).find((each) => each.no === no);
    if (!chain) throw new NotFound('chain.unknown', `There is no chain number ${no}.`);
    return chain;
  }

  /** @throws NotFound */
  async get(id: Id): Promise<Chain> {
    const known = this.known.get(id);
    if (known) return known;
    const { rows } = await this.db.query<ChainRow>('select no, id, slug, sandbox from chain where id = $1', [id]);
    if (!rows[0]) throw new NotFound('chain.unknown', `There is no chain ${id}.`);
    return this.remember(rows[0]);
  }

  /** The chain's present time: the database's clock and the chain's offset, never before what is already recorded. */
  now(chain: Chain): Promise<Instant> {
    return this.clocks.get(chain.no);
  }

  /** By how many milliseconds the chain's clock is ahead of the database's: 0 but for a sandbox that was advanced. */
  async clockOffsetMs(chain: Chain): Promise<number> {
    if (!chain.sandbox) return 0;
    const { rows } = await this.db.query<{ ms: string }>('select clock_offset_ms as ms from chain where no = $1', [
      chain.no,
    ]);
    return Number(rows[0]?.ms ?? 0);
  }

  /**
   * Moves the clock of a sandbox chain forward so that it shows `to`. Does nothing when it already shows that or later.
   * The caller sees to it that the chain is a sandbox.
   */
  async advanceTo(chain: Chain, to: Instant): Promise<void> {
    await this.db.query(
      `update chain set clock_offset_ms = ceil(extract(epoch from $2::timestamptz - clock_timestamp()) * 1000)
       where no = $1 and sandbox and clock_timestamp() + clock_offset_ms * interval '1 millisecond' < $2::timestamptz`,
      [chain.no, to],
    );
  }

  private async readClocks(chains: readonly number[]): Promise<Instant[]> {
    const { rows } = await this.db.query<{ no: number; now: Date }>(
      `select no, greatest(recorded_at, date_trunc('milliseconds', clock_timestamp() + clock_offset_ms * interval '1 millisecond')) as now
       from chain where no = any($1)`,
      [[...new Set(chains)]],
    );
    const clocks = new Map(rows.map((row) => [row.no, row.now.toISOString()]));
    return chains.map((no) => clocks.get(no) as Instant);
  }

  private remember(row: ChainRow): Chain {
    const chain = { id: row.id, no: row.no, slug: row.slug, sandbox: row.sandbox };
    this.known.set(chain.id, chain);
    return chain;
  }
}
