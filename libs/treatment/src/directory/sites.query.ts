import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf } from '#libs/http/src/validation.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import type { z } from 'zod';
import { COURSE_PROGRESS } from '../course/course-progress/course-progress.projection.js';
import { MAINTENANCE_DUE } from '../course/maintenance-due/maintenance-due.projection.js';
import type { MaintenanceDueQuery } from '../course/maintenance-due/maintenance-due.query.js';
import type { QuietHours } from '../site/site.events.js';
import type { SiteView } from './directory.contract.js';
import { DIRECTORY } from './directory.projection.js';

export const sitesParamsSchema = listQueryOf({});
export type SitesParams = z.output<typeof sitesParamsSchema>;

interface Row {
  id: Id;
  code: string | null;
  sort_key: string;
  name: string;
  time_zone: string;
  language: string;
  quiet_hours: QuietHours;
  active: number;
}

/** The sites of a chain, with what is going on at each. */
export class SitesQuery {
  static readonly reads = [DIRECTORY.name, COURSE_PROGRESS.name, MAINTENANCE_DUE.name] as const;

  constructor(
    private readonly db: Database,
    private readonly maintenance: MaintenanceDueQuery,
  ) {}

  /** In the order of their codes. @throws Invalid `cursor.malformed` */
  async list(chain: Chain, params: SitesParams): Promise<{ items: SiteView[]; next: string | null }> {
    const after = params.cursor === undefined ? null : decodeCursor(params.cursor, 1)[0];
    const { rows } = await this.db.query<Row>(
      `select s.id, s.code, s.sort_key, s.name, s.time_zone, s.language, s.quiet_hours,
              (select count(*)::integer from "${schemaOf(COURSE_PROGRESS)}".course c
               where c.chain = s.chain and c.site_id = s.id and c.status = 'active') as active
       from "${schemaOf(DIRECTORY)}".site s
       where s.chain = $1 and ($3::text is null or s.sort_key > $3)
       order by s.sort_key limit $2`,
      [chain.no, params.limit + 1, after],
    );
    const page = pageOf(rows, params.limit, (row) => [row.sort_key]);
    const windows = await this.maintenance.countsBySite(chain);
    const items = page.items.map((row) => ({
      id: row.id,
      code: row.code,
      name: row.name,
      timeZone: row.time_zone,
      language: row.language,
      quietHours: row.quiet_hours,
      counts: {
        activeCourses: row.active,
        ...(windows.get(row.id) ?? { due: 0, overdue: 0, upcoming: 0, unscheduled: 0 }),
      },
    }));
    return { items, next: page.next };
  }
}
