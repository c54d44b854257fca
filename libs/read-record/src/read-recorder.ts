import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { Coalesce } from '#libs/kernel/src/coalesce.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';

/** `search`: among what a search found. `export`: as a file that leaves the system. */
export type ReadKind = 'read' | 'search' | 'export';

/** One answer that holds data of patients. */
export interface ReadOfPatients {
  /** Who asked: `user:<uuid>`, `key:<uuid>`, `patient:<uuid>`. */
  readonly principal: string;
  readonly session: Id | null;
  /** Why, as they said: a word such as `treatment`. */
  readonly purpose: string;
  /** Operation id of OpenAPI. */
  readonly operation: string;
  readonly kind: ReadKind;
  readonly correlationId: Id;
  /** Whom the answer is about, without repeats; null: anybody of the chain. */
  readonly patients: readonly Id[] | null;
}

interface Waiting {
  readonly chain: Chain;
  readonly read: ReadOfPatients;
}

/** Reads that are committed together. */
const BATCH_MAX = 500;

/** The text that the tree commits to: names in this order, no blanks. */
export const headerOf = ({ principal, session, purpose, operation, kind, correlationId }: ReadOfPatients): string =>
  JSON.stringify({ principal, session, purpose, operation, kind, correlationId });

const dataOf = ({ patients }: ReadOfPatients): string => JSON.stringify({ patients: patients && [...patients].sort() });

/**
 * Puts on record who sees whose data. Whatever waits goes to the database as one commit; nothing is answered before it is
 * there, and nothing is left out.
 */
export class ReadRecorder {
  private readonly waiting = new Coalesce<Waiting, void>((batch) => this.append(batch), BATCH_MAX);

  constructor(private readonly db: Pick<Database, 'query'>) {}

  /** @throws Unavailable `reads.unrecorded` when it cannot be put on record: then nothing may be answered */
  async record(chain: Chain, read: ReadOfPatients): Promise<void> {
    if (read.patients?.length === 0) return;
    try {
      await this.waiting.get({ chain, read });
    } catch (error) {
      const why = 'That this was read cannot be put on record now, so it is not shown. Try again in a moment.';
      throw new Unavailable('reads.unrecorded', why, { cause: error });
    }
  }

  private async append(batch: readonly Waiting[]): Promise<void[]> {
    const chains = new Map(batch.map(({ chain }) => [chain.no, chain]));
    for (const no of chains.keys()) {
      const reads = batch.filter(({ chain }) => chain.no === no).map(({ read }) => read);
      await this.db.query({
        name: 'append_reads',
        text: 'select append_reads($1, $2::text[], $3::text[], $4::text[])',
        values: [
          no,
          reads.map(headerOf),
          reads.map(dataOf),
          reads.map(({ patients }) => (patients === null ? null : `{${patients.join(',')}}`)),
        ],
      });
    }
    return batch.map(() => undefined);
  }
}
