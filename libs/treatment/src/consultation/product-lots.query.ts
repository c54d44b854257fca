import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { DIRECTORY } from '../directory/directory.projection.js';
import { lotStream } from '../lot/lot.events.js';
import { lotFold } from '../lot/lot.state.js';

/** The composition of a product rarely changes: the latest lots tell it. Each of them is a stream that a decision reads. */
const LOTS_MAX = 5;

/**
 * Which lots of a product a chain has. A read model, and so a little behind the log: what a lot that has just come in is
 * made of is checked when a session is recorded with it.
 */
export class ProductLots {
  constructor(private readonly db: Database) {}

  /** The ids of the latest lots of a product, at whatever site, the last received first. */
  async latest(chain: Chain, product: string): Promise<Id[]> {
    const { rows } = await this.db.query<{ id: Id }>(
      `select id from "${schemaOf(DIRECTORY)}".lot where chain = $1 and product = $2
       order by received_on desc, id desc limit $3`,
      [chain.no, product, LOTS_MAX],
    );
    return rows.map(({ id }) => id);
  }
}

/** What is in these lots, as far as they were received; each ingredient once. */
export async function ingredientsOfLots(reads: Pick<Reads, 'load'>, ids: readonly Id[]): Promise<string[]> {
  const states = await Promise.all(ids.map(async (id) => (await reads.load(lotStream(id), lotFold)).state));
  return [...new Set(states.flatMap((lot) => (lot.status === 'received' ? lot.ingredients : [])))];
}
