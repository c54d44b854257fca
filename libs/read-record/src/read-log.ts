import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { LogEvent } from '#libs/ledger/src/entry.js';
import { type LedgerLog, PAGE_EVENTS, type StreamPlace } from '#libs/ledger/src/ledger-log.js';

import { chainNoOfReads } from './reads-chain.js';

/** All reads of a chain follow each other: each leaf names the one before, so that a gap shows. */
export const READS_STREAM = 'reads';

interface Row {
  readonly position: string;
  readonly ms: string;
  readonly header: string;
  readonly data: string;
}

/** What is on record of reads, as the tree over it takes it: one stream, in the order of positions. */
export class ReadLog implements LedgerLog {
  readonly gapFree = true;

  constructor(private readonly db: Pick<Database, 'query'>) {}

  /** @param chain as `readsChainOf` makes it */
  async read(chain: Chain, from: number, limit: number): Promise<LogEvent[]> {
    const { rows } = await this.db.query<Row>({
      name: 'ledger_read_reads',
      text: `select position, (date_part('epoch', recorded_at) * 1000)::bigint as ms, header, data from read_record
             where chain = $1 and position >= $2 order by position limit $3`,
      values: [chainNoOfReads(chain), from, Math.min(limit, PAGE_EVENTS)],
    });
    return rows.map(({ position, ms, header, data }) => ({
      stream: READS_STREAM,
      revision: Number(position) - 1,
      position: Number(position),
      recordedAtMs: Number(ms),
      header,
      data,
    }));
  }

  /** The number of a read in its stream is its position. */
  positions(_chain: Chain, wanted: readonly StreamPlace[]): Promise<(number | undefined)[]> {
    return Promise.resolve(wanted.map(({ stream, revision }) => (stream === READS_STREAM ? revision + 1 : undefined)));
  }

  /** Of every chain that has any, the position of the newest. */
  async heads(): Promise<ReadonlyMap<number, number>> {
    const { rows } = await this.db.query<{ chain: number; position: string }>('select chain, position from read_head');
    return new Map(rows.map(({ chain, position }) => [chain, Number(position)]));
  }
}
