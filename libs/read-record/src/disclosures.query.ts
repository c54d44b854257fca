import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeNumber, pageOf } from '#libs/http/src/cursor.js';
import type { NamesOf } from '#libs/http/src/principal.js';
import { listQueryOf } from '#libs/http/src/validation.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { instantSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import type { ReadKind } from './read-recorder.js';

const kindSchema = z.enum(['read', 'search', 'export']);

export const disclosuresParamsSchema = listQueryOf({
  kind: kindSchema.optional().describe('`export`: what left the system as a file.'),
  since: instantSchema.optional().describe('From this instant on.'),
  until: instantSchema.optional().describe('Before this instant.'),
});
export type DisclosuresParams = z.output<typeof disclosuresParamsSchema>;

export const disclosureSchema = z
  .object({
    /** Its place among all reads of the chain, from 1: what the tree over them proves. */
    position: z.int(),
    at: instantSchema,
    principal: z.string(),
    /** Name of whoever asked; null where nobody knows it (any more). */
    name: z.string().nullable(),
    purpose: z.string(),
    operation: z.string(),
    kind: kindSchema,
    /** Whether it was about anybody of the chain, and so about this patient, too. */
    ofAnybody: z.boolean(),
    correlationId: z.uuid(),
  })
  .meta({ id: 'Disclosure' });
export type Disclosure = z.output<typeof disclosureSchema>;

interface Row {
  readonly position: string;
  readonly recorded_at: Date;
  readonly header: string;
  readonly of_anybody: boolean;
}

interface Header {
  readonly principal: string;
  readonly purpose: string;
  readonly operation: string;
  readonly kind: ReadKind;
  readonly correlationId: Id;
}

const WANTED = `($3::bigint is null or position < $3)
         and ($4::text is null or header::json->>'kind' = $4)
         and ($5::timestamptz is null or recorded_at >= $5) and ($6::timestamptz is null or recorded_at < $6)`;

/** Who has seen what of a patient, newest first: what the patient may ask for, and what an auditor looks at. */
export class DisclosuresQuery {
  constructor(
    private readonly db: Pick<Database, 'query'>,
    private readonly namesOf: NamesOf,
  ) {}

  /**
   * @param patients every registration that is asked about
   * @throws Invalid `cursor.malformed`
   */
  async list(
    chain: Chain,
    patients: readonly Id[],
    { limit, cursor, kind, since, until }: DisclosuresParams,
  ): Promise<{ items: Disclosure[]; next: string | null }> {
    const before = cursor === undefined ? null : decodeNumber(cursor);
    const { rows } = await this.db.query<Row>(
      // Those of the patients by the index on them, whatever the planner thinks of the order that is wanted.
      `with theirs as materialized (
         select position, recorded_at, header, false as of_anybody from read_record
         where chain = $1 and patients && $2::uuid[] and ${WANTED}
       ), of_anybody as (
         select position, recorded_at, header, true as of_anybody from read_record
         where chain = $1 and patients is null and ${WANTED} order by position desc limit $7
       )
       select * from theirs union all select * from of_anybody
       order by position desc limit $7`,
      [chain.no, patients, before, kind ?? null, since ?? null, until ?? null, limit + 1],
    );
    const page = pageOf(rows, limit, ({ position }) => [Number(position)]);
    const headers = page.items.map(({ header }) => JSON.parse(header) as Header);
    const names = await this.namesOf(chain, [...new Set(headers.map(({ principal }) => principal))]);
    const items = page.items.map((row, n): Disclosure => {
      const { principal, purpose, operation, kind: of, correlationId } = headers[n] as Header;
      return {
        position: Number(row.position),
        at: row.recorded_at.toISOString(),
        principal,
        name: names.get(principal) ?? null,
        ...{ purpose, operation, kind: of },
        ofAnybody: row.of_anybody,
        correlationId,
      };
    });
    return { items, next: page.next };
  }
}
