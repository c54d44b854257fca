import type { References } from '#libs/cqrs/src/references.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf, queryList } from '#libs/http/src/validation.js';
import { localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { DIRECTORY, type People, siteIn, siteRef } from '#libs/treatment/src/booking.contract.js';
import { z } from 'zod';
import { SLOT_STATES, type SlotView } from './slots.contract.js';
import { type SlotRow, SLOTS } from './slots.projection.js';

export const slotParamsSchema = listQueryOf({
  site: z.string().optional().describe('Id or code.'),
  state: queryList(SLOT_STATES).optional(),
  from: localDateSchema.optional().describe('Times from this day of the site on.'),
  to: localDateSchema.optional().describe('Times up to this day of the site, which belongs to it.'),
});
export type SlotParams = z.output<typeof slotParamsSchema>;

/** Behind every time, where what has none stands. */
const LAST = '9999';

/** Times that are held, with the names of whom they are held for. */
export class SlotsQuery {
  static readonly reads = [SLOTS.name, DIRECTORY.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly references: References,
    private readonly people: People,
  ) {}

  /** @throws NotFound `site.unknown`; Invalid `cursor.malformed` */
  async list(chain: Chain, params: SlotParams): Promise<{ items: SlotView[]; next: string | null }> {
    const site = params.site && (await this.references.resolve(chain, 'site', params.site));
    const [at, id] = params.cursor === undefined ? [null, null] : decodeCursor(params.cursor, 2);
    const { rows } = await this.db.query<SlotRow>(
      `select * from "${schemaOf(SLOTS)}".slot s
       where s.chain = $1 and ($2::uuid is null or s.site_id = $2) and ($3::text[] is null or s.state = any($3))
         and ($4::text is null or s.at_wall >= $4) and ($5::text is null or left(s.at_wall, 10) <= $5)
         and ($6::text is null or (coalesce(s.at_wall, '${LAST}'), s.id) > ($6, $7::uuid))
       order by coalesce(s.at_wall, '${LAST}'), s.id limit $8`,
      [
        ...[chain.no, site ?? null, params.state ?? null, params.from ?? null, params.to ?? null],
        ...[at, id, params.limit + 1],
      ],
    );
    const page = pageOf(rows, params.limit, (row) => [row.at_wall ?? LAST, row.id]);
    const [patient, course, sites] = await Promise.all([
      this.people.patients(
        chain,
        page.items.map((row) => row.patient_id),
      ),
      this.people.courses(
        chain,
        page.items.map((row) => row.course_id),
      ),
      this.people.sites(chain),
    ]);
    const items = page.items.map((row): SlotView => {
      const { code } = course(row.course_id, '');
      return {
        ...{ id: row.id, state: row.state, course: { id: row.course_id, code }, patient: patient(row.patient_id) },
        ...{ site: siteRef(siteIn(sites, row.site_id)), ordinal: row.ordinal, try: row.try, at: row.at_wall },
        ...{ durationMinutes: row.duration_minutes, heldUntil: row.held_until, confirmedBy: row.confirmed_by },
        ...{ against: [...row.against], reason: row.reason, answeredLate: row.answered_late },
        sessionId: row.session_id,
      };
    });
    return { items, next: page.next };
  }
}
