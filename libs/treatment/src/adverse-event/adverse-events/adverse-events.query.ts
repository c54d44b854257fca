import type { Queryable } from '#libs/database/src/database.js';
import type { Boxes, SealedBox } from '#libs/event-store/src/boxes.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { References } from '#libs/cqrs/src/references.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import { daysBetween } from '#libs/kernel/src/local-date.js';
import { type Instant, type LocalDate, localDateAt } from '#libs/kernel/src/zoned-time.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { z } from 'zod';
import { DIRECTORY } from '../../directory/directory.projection.js';
import { type NamedSite, openAll, type People, siteIn, siteRef } from '../../directory/people.js';
import type { AdverseEventState } from '../adverse-event.state.js';
import { uniteAdverseEvent } from '../follow-up-adverse-event.js';
import type { AdverseEventView } from './adverse-events.contract.js';
import { ADVERSE_EVENTS } from './adverse-events.projection.js';

export const adverseEventsParamsSchema = listQueryOf({
  state: z.enum(['open', 'closed']).optional(),
  site: z.string().optional(),
  patient: z.string().optional().describe('Id or code of one registration.'),
  owner: z.string().optional().describe('Id or code of the practitioner who sees to it.'),
  overdue: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true`: only open ones that were not reported to the authority by their last day.'),
});
export type AdverseEventsParams = z.output<typeof adverseEventsParamsSchema>;

const SCHEMA = `"${schemaOf(ADVERSE_EVENTS)}"`;

interface Row {
  id: Id;
  patient_id: Id;
  report_by: LocalDate;
  found: AdverseEventState | null;
  done: AdverseEventState | null;
  description: SealedBox | null;
}

const COLUMNS = 'a.id, a.patient_id, a.report_by, a.found, a.done, a.description';

/** Open and not reported by the last day, by the date at its site. */
const OVERDUE = `(a.state = 'open' and not a.is_reported and a.report_by < coalesce(t.today, $4::date))`;

/** Adverse events, those that are to be reported first in front. */
export class AdverseEventsQuery {
  static readonly reads = [ADVERSE_EVENTS.name, DIRECTORY.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
    private readonly boxes: Boxes,
  ) {}

  /**
   * In the order of their last days.
   * @throws NotFound `site.unknown`, `patient.unknown`, `practitioner.unknown`; Invalid `cursor.malformed`
   */
  async list(chain: Chain, params: AdverseEventsParams): Promise<{ items: AdverseEventView[]; next: string | null }> {
    const { references } = this;
    const site = params.site && (await references.resolve(chain, 'site', params.site));
    const patient = params.patient && (await references.resolve(chain, 'patient', params.patient));
    const owner = params.owner && (await references.resolve(chain, 'practitioner', params.owner, 'owner'));
    const [reportBy, after] = params.cursor === undefined ? [null, null] : decodeCursor(params.cursor, 2);
    const now = await this.chains.now(chain);
    const sites = await this.people.sites(chain);
    const known = [...sites.values()];
    const { rows } = await this.db.query<Row>(
      `select ${COLUMNS} from ${SCHEMA}.adverse_event a
       left join unnest($2::uuid[], $3::date[]) as t(site_id, today) on t.site_id = a.site_id
       where a.chain = $1 and a.state is not null
         and ($5::text is null or a.state = $5)
         and ($6::uuid is null or a.site_id = $6)
         and ($7::uuid is null or a.patient_id = $7)
         and ($8::uuid is null or a.owner_id = $8)
         and ($9::boolean is null or ${OVERDUE} = $9)
         and ($10::date is null or (a.report_by, a.id) > ($10::date, $11::uuid))
       order by a.report_by, a.id limit $12`,
      [
        chain.no,
        known.map(({ id }) => id),
        known.map(({ timeZone }) => localDateAt(now, timeZone)),
        todayAt(sites, undefined, now),
        params.state ?? null,
        site ?? null,
        patient ?? null,
        owner ?? null,
        params.overdue === undefined ? null : params.overdue === 'true',
        reportBy,
        after,
        params.limit + 1,
      ],
    );
    const page = pageOf(rows, params.limit, (row) => [row.report_by, row.id]);
    return { items: await this.views(chain, page.items, sites, now), next: page.next };
  }

  /** @throws NotFound `adverse-event.unknown` */
  async detail(chain: Chain, id: string): Promise<AdverseEventView> {
    const { rows } = isId(id)
      ? await this.db.query<Row>(
          `select ${COLUMNS} from ${SCHEMA}.adverse_event a where a.chain = $1 and a.id = $2 and a.state is not null`,
          [chain.no, id],
        )
      : { rows: [] };
    const [view] = await this.views(chain, rows, await this.people.sites(chain), await this.chains.now(chain));
    if (!view) throw adverseEventUnknown();
    return view;
  }

  /** Whose adverse event it is, or was: one that was taken back keeps its place. @throws NotFound `adverse-event.unknown` */
  async patientOf(chain: Chain, id: string): Promise<Id> {
    const { rows } = isId(id)
      ? await this.db.query<{ patient_id: Id }>(
          `select patient_id from ${SCHEMA}.adverse_event where chain = $1 and id = $2`,
          [chain.no, id],
        )
      : { rows: [] };
    if (!rows[0]) throw adverseEventUnknown();
    return rows[0].patient_id;
  }

  private async views(
    chain: Chain,
    rows: readonly Row[],
    sites: ReadonlyMap<Id, NamedSite>,
    now: Instant,
  ): Promise<AdverseEventView[]> {
    const boxes = rows.map(({ id, description: box }) => ({ id, box }));
    const described = await openAll<{ description?: string }>(this.boxes, chain, boxes);
    return this.viewsOf(chain, rows, (id) => described.get(id)?.description ?? null, sites, now);
  }

  /** Adverse events as answers show them, whichever history they are from. */
  async viewsOf(
    chain: Chain,
    rows: readonly Pick<Row, 'id' | 'patient_id' | 'found' | 'done'>[],
    descriptionOf: (id: Id) => string | null,
    sites: ReadonlyMap<Id, NamedSite>,
    now: Instant,
  ): Promise<AdverseEventView[]> {
    const known = rows.map((row) => ({ row, state: standing(row) }));
    const patient = await this.people.patients(
      chain,
      rows.map((row) => row.patient_id),
    );
    const practitioner = await this.people.practitioners(
      chain,
      known.flatMap(({ state }) => [state.ownerId, state.closure?.physicianId ?? state.ownerId]),
    );
    return known.map(({ row, state }): AdverseEventView => {
      const { closure, reportedToAuthority } = state;
      return {
        id: row.id,
        state: state.status,
        source: state.source,
        patient: patient(row.patient_id),
        site: siteRef(siteIn(sites, state.siteId)),
        courseId: state.courseId,
        sessionId: state.sessionId,
        followUpId: state.followUpId,
        kind: state.kind,
        severity: state.severity,
        causality: state.causality,
        owner: practitioner(state.ownerId),
        onsetOn: state.onsetOn,
        reportBy: state.reportBy,
        daysOverdue: daysOverdue(state, todayAt(sites, state.siteId, now)),
        reportedToAuthority,
        closure: closure && { physician: practitioner(closure.physicianId), outcome: closure.outcome },
        description: descriptionOf(row.id),
      };
    });
  }
}

const adverseEventUnknown = () => new NotFound('adverse-event.unknown', 'There is no such adverse event.');

/** An adverse event that a report or a follow-up stands behind: what each of them says is there. */
type Standing = AdverseEventState & {
  readonly [Field in 'siteId' | 'kind' | 'ownerId' | 'onsetOn' | 'reportBy']: string;
};

function standing({ id, found, done }: Pick<Row, 'id' | 'found' | 'done'>): Standing {
  const united = uniteAdverseEvent(found ?? undefined, done ?? undefined);
  if (!united) throw new Error(`Nothing stands behind adverse event ${id}`);
  return united as Standing;
}

/** Days since the last day for the report, where it is still to be made. */
export const daysOverdue = (
  {
    status,
    reportedToAuthority,
    reportBy,
  }: Pick<AdverseEventState, 'status' | 'reportedToAuthority'> & {
    readonly reportBy: LocalDate;
  },
  today: LocalDate,
): number => (status === 'open' && reportedToAuthority === null ? Math.max(0, daysBetween(reportBy, today)) : 0);

/** The date at a site; of one that is not registered yet, in UTC. */
const todayAt = (sites: ReadonlyMap<Id, NamedSite>, site: Id | undefined, now: Instant): LocalDate =>
  localDateAt(now, siteIn(sites, site ?? '').timeZone);
