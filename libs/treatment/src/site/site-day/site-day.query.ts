import type { Queryable } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { queryOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { localDateAt, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import type { z } from 'zod';
import { DIRECTORY } from '../../directory/directory.projection.js';
import { type People, siteRef } from '../../directory/people.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { SiteDay, SiteDaySession } from './site-day.contract.js';
import { SITE_DAY } from './site-day.projection.js';

export const siteDayParamsSchema = queryOf({
  date: localDateSchema.optional().describe('A day of the site; without it, the one it has now.'),
});
export type SiteDayParams = z.output<typeof siteDayParamsSchema>;

interface Row {
  id: Id;
  course_id: Id;
  patient_id: Id;
  practitioner_id: Id;
  kind: SiteDaySession['kind'];
  number: number;
  status: SiteDaySession['status'];
  wall: string;
  duration_minutes: number | null;
  protocol: string | null;
}

/** More sessions than any site holds on a day; the answer stays bounded whatever was imported. */
const SESSIONS_MAX = 2_000;

/** A site's day. */
export class SiteDayQuery {
  static readonly reads = [SITE_DAY.name, DIRECTORY.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
  ) {}

  /**
   * @param site id or code
   * @throws NotFound `site.unknown`
   */
  async day(chain: Chain, site: string, params: Pick<SiteDayParams, 'date'> = {}): Promise<SiteDay> {
    const siteId = await this.references.resolve(chain, 'site', site);
    const at = (await this.people.sites(chain)).get(siteId);
    if (!at) throw new NotFound('site.unknown', `There is no site ${site}.`);
    const date = params.date ?? localDateAt(await this.chains.now(chain), at.timeZone);
    const { rows } = await this.db.query<Row>(
      `select s.*, c.protocol from "${schemaOf(SITE_DAY)}".session s
       left join "${schemaOf(SITE_DAY)}".course c on c.chain = s.chain and c.id = s.course_id
       where s.chain = $1 and s.site_id = $2 and s.local_date = $3
         -- What is still booked in a course that has ended does not take place.
         and not (s.status = 'booked' and coalesce(c.ended, false))
       order by s.instant, s.id limit $4`,
      [chain.no, siteId, date, SESSIONS_MAX],
    );
    const patient = await this.people.patients(
      chain,
      rows.map((row) => row.patient_id),
    );
    const practitioner = await this.people.practitioners(
      chain,
      rows.map((row) => row.practitioner_id),
    );
    const course = await this.people.courses(
      chain,
      rows.map((row) => row.course_id),
    );
    const items = rows.map((row) => ({
      sessionId: row.id,
      course: course(row.course_id, row.protocol ?? ''),
      patient: patient(row.patient_id),
      practitioner: practitioner(row.practitioner_id),
      kind: row.kind,
      number: row.number,
      status: row.status,
      at: row.wall,
      durationMinutes: row.duration_minutes,
    }));
    return { site: siteRef(at), date, items };
  }
}
