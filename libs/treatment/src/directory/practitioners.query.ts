import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf } from '#libs/http/src/validation.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import type { z } from 'zod';
import type { PractitionerView } from './directory.contract.js';
import { DIRECTORY } from './directory.projection.js';
import type { People } from './people.js';

export const practitionersParamsSchema = listQueryOf({});
export type PractitionersParams = z.output<typeof practitionersParamsSchema>;

const SCHEMA = `"${schemaOf(DIRECTORY)}"`;

/** Who treats, and what they are allowed to. */
export class PractitionersQuery {
  static readonly reads = [DIRECTORY.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly people: People,
  ) {}

  /** In the order in which they were registered: their codes are personal and stand closed. @throws Invalid `cursor.malformed` */
  async list(chain: Chain, params: PractitionersParams): Promise<{ items: PractitionerView[]; next: string | null }> {
    const after = params.cursor === undefined ? null : decodeCursor(params.cursor, 1)[0];
    const { rows } = await this.db.query<Pick<PractitionerView, 'id' | 'role' | 'credentials'>>(
      `select p.id, p.role, coalesce((
         select jsonb_agg(jsonb_build_object(
                  'procedures', c.procedures, 'validFrom', c.valid_from, 'validTo', c.valid_to) order by c.ordinal)
         from ${SCHEMA}.credential c where c.chain = p.chain and c.practitioner_id = p.id
       ), '[]') as credentials
       from ${SCHEMA}.practitioner p
       where p.chain = $1 and ($3::uuid is null or p.id > $3)
       order by p.id limit $2`,
      [chain.no, params.limit + 1, after],
    );
    const page = pageOf(rows, params.limit, (row) => [row.id as Id]);
    const person = await this.people.practitioners(
      chain,
      page.items.map(({ id }) => id),
    );
    return {
      items: page.items.map((row) => ({ ...person(row.id), role: row.role, credentials: row.credentials })),
      next: page.next,
    };
  }
}
