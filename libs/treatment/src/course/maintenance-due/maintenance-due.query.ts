import type { Queryable } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf, queryList } from '#libs/http/src/validation.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, type LocalDate, localDateAt, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { type MaintenanceWindow, maintenanceState, suggestionState } from '#libs/protocols/src/maintenance.rule.js';
import { z } from 'zod';
import { DIRECTORY } from '../../directory/directory.projection.js';
import { type NamedSite, type People, siteIn, siteRef } from '../../directory/people.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { MaintenanceDue, MaintenanceDueState } from './maintenance-due.contract.js';
import { type BookedMaintenance, MAINTENANCE_DUE } from './maintenance-due.projection.js';
import { ENDS_ON, IS_ERASED, PERSON_END } from './maintenance-end.js';

export const maintenanceParamsSchema = listQueryOf({
  site: z.string().optional(),
  patient: z.string().optional().describe('Id or code of one registration.'),
  state: queryList(['upcoming', 'due', 'overdue', 'unscheduled']).optional(),
  suggestedCourse: queryList(['upcoming', 'open', 'over'])
    .optional()
    .describe('Only where a whole new course is suggested, and that stands so.'),
  today: localDateSchema.optional().describe('Another date than that of the chain’s clock.'),
});
export type MaintenanceParams = z.output<typeof maintenanceParamsSchema>;

/** How many windows of a site's courses are in each state. */
export type WindowCounts = Readonly<Record<MaintenanceDueState, number>>;

const SCHEMA = `"${schemaOf(MAINTENANCE_DUE)}"`;

interface Row {
  id: Id;
  code: string | null;
  patient_id: Id;
  site_id: Id;
  protocol: string;
  window_ordinal: number;
  window_opens: LocalDate | null;
  window_closes: LocalDate | null;
  window_latest: LocalDate | null;
  suggested_opens: LocalDate | null;
  suggested_closes: LocalDate | null;
  /** By what the list is in order. */
  due_on: LocalDate;
  imported_at: Instant | null;
  released_at: Instant | null;
  derived: { booked: BookedMaintenance[] };
}

/** The state of a window on the date at its site, as `maintenanceState` has it; the rhythm must go on at that date. */
const STATE = `case when c.window_opens is null then 'unscheduled' when t.today < c.window_opens then 'upcoming'
  when t.today <= c.window_closes then 'due' else 'overdue' end`;
const SUGGESTION = `case when c.suggested_opens is null then null when t.today < c.suggested_opens then 'upcoming'
  when t.today <= c.suggested_closes then 'open' else 'over' end`;
const DUE_ON = 'coalesce(c.window_opens, c.window_latest)';
const AT_SITES = `
  ${SCHEMA}.course c join unnest($2::uuid[], $3::date[]) as t(site_id, today) on t.site_id = c.site_id
  ${PERSON_END}`;
const GOES_ON = `(${ENDS_ON} is null or ${ENDS_ON} > t.today) and not ${IS_ERASED}`;

/** Whose maintenance is coming up, due or overdue. */
export class MaintenanceDueQuery {
  static readonly reads = [MAINTENANCE_DUE.name, DIRECTORY.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
  ) {}

  /**
   * Windows in the order in which they open; one that a physician is still to set stands at the day by which maintenance
   * should take place.
   * @throws NotFound `site.unknown`, `patient.unknown`; Invalid `cursor.malformed`
   */
  async list(chain: Chain, params: MaintenanceParams): Promise<{ items: MaintenanceDue[]; next: string | null }> {
    const site = params.site && (await this.references.resolve(chain, 'site', params.site));
    const patient = params.patient && (await this.references.resolve(chain, 'patient', params.patient));
    const [dueOn, id] = params.cursor === undefined ? [null, null] : decodeCursor(params.cursor, 2);
    const now = await this.chains.now(chain);
    const sites = await this.people.sites(chain);
    const { ids, dates } = datesAt(sites, now, params.today, site);
    const { rows } = await this.db.query<Row>(
      `select c.id, c.code, c.patient_id, c.site_id, c.protocol, c.window_ordinal, c.window_opens, c.window_closes,
              c.window_latest, c.suggested_opens, c.suggested_closes, c.imported_at, c.derived,
              ${DUE_ON} as due_on,
              (select r.released_at from ${SCHEMA}.site_release r where r.chain = c.chain and r.site_id = c.site_id)
       from ${AT_SITES}
       where c.chain = $1 and ${DUE_ON} is not null and ${GOES_ON}
         and ($5::text[] is null or ${STATE} = any($5))
         and ($8::text[] is null or ${SUGGESTION} = any($8))
         and ($9::uuid is null or c.patient_id = $9)
         and ($6::date is null or (${DUE_ON}, c.id) > ($6::date, $7::uuid))
       order by ${DUE_ON}, c.id limit $4`,
      [
        ...[chain.no, ids, dates, params.limit + 1, params.state ?? null, dueOn, id],
        ...[params.suggestedCourse ?? null, patient ?? null],
      ],
    );
    const page = pageOf(rows, params.limit, (row) => [row.due_on, row.id]);
    const named = await this.people.patients(
      chain,
      page.items.map((row) => row.patient_id),
    );
    const items = page.items.map((row): MaintenanceDue => {
      const at = siteIn(sites, row.site_id);
      return {
        course: { id: row.id, code: row.code, protocol: row.protocol },
        patient: named(row.patient_id),
        site: siteRef(at),
        ordinal: row.window_ordinal,
        ...standingOf(row, params.today ?? localDateAt(now, at.timeZone)),
        booked: bookedAt(row.derived.booked, now),
        imported: waitsForRelease(row, at.timeZone),
      };
    });
    return { items, next: page.next };
  }

  /** How many windows are in each state, by site. */
  async countsBySite(chain: Chain): Promise<ReadonlyMap<Id, WindowCounts>> {
    const { ids, dates } = datesAt(await this.people.sites(chain), await this.chains.now(chain), undefined, undefined);
    const { rows } = await this.db.query<{ site_id: Id } & WindowCounts>(
      `select site_id, count(*) filter (where state = 'upcoming')::integer as upcoming,
              count(*) filter (where state = 'due')::integer as due,
              count(*) filter (where state = 'overdue')::integer as overdue,
              count(*) filter (where state = 'unscheduled')::integer as unscheduled
       from (select c.site_id, ${STATE} as state from ${AT_SITES}
             where c.chain = $1 and ${DUE_ON} is not null and ${GOES_ON}) windows group by site_id`,
      [chain.no, ids, dates],
    );
    return new Map(rows.map(({ site_id, ...counts }) => [site_id, counts]));
  }
}

/** How the window and the suggestion of a row stand on a date. */
export function standingOf(
  row: Pick<Row, 'window_opens' | 'window_closes' | 'window_latest' | 'suggested_opens' | 'suggested_closes'>,
  today: LocalDate,
): Pick<MaintenanceDue, 'opens' | 'closes' | 'latest' | 'state' | 'suggestedCourse'> {
  const window = windowOf(row.window_opens, row.window_closes);
  const suggested = windowOf(row.suggested_opens, row.suggested_closes);
  return {
    opens: row.window_opens,
    closes: row.window_closes,
    latest: row.window_latest,
    state: window ? maintenanceState(window, today) : 'unscheduled',
    suggestedCourse: suggested && { ...suggested, state: suggestionState(suggested, today) },
  };
}

const windowOf = (opens: LocalDate | null, closes: LocalDate | null): MaintenanceWindow | null =>
  opens !== null && closes !== null ? { opens, closes } : null;

/** Whether the window was over already when an import brought the course, and its site has released none since. */
export function waitsForRelease(
  row: Pick<Row, 'imported_at' | 'released_at' | 'window_closes'>,
  zone: string,
): boolean {
  const { imported_at: importedAt, released_at: releasedAt } = row;
  if (importedAt === null || row.window_closes === null) return false;
  if (row.window_closes >= localDateAt(importedAt, zone)) return false;
  return releasedAt === null || releasedAt < importedAt;
}

/** The date that each site has now. */
function datesAt(
  sites: ReadonlyMap<Id, NamedSite>,
  now: Instant,
  today: LocalDate | undefined,
  only: Id | undefined,
): { ids: Id[]; dates: LocalDate[] } {
  const ids = only === undefined ? [...sites.keys()] : [only];
  return { ids, dates: ids.map((id) => today ?? localDateAt(now, siteIn(sites, id).timeZone)) };
}

/** The next of the booked sessions that is still to come. */
export function bookedAt(booked: readonly BookedMaintenance[], now: Instant): MaintenanceDue['booked'] {
  const next = booked.find(({ instant }) => instant >= now);
  return next ? { sessionId: next.sessionId, at: next.at } : null;
}
