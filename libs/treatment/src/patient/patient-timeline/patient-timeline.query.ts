import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { z } from 'zod';
import { DIRECTORY } from '../../directory/directory.projection.js';
import { type People, siteIn, siteRef } from '../../directory/people.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { PatientTimeline, TimelineItem } from './patient-timeline.contract.js';
import { PATIENT_TIMELINE, type TimelineEvent } from './patient-timeline.projection.js';
import { tell } from './patient-timeline.titles.js';

export const timelineParamsSchema = listQueryOf({
  order: z.enum(['asc', 'desc']).default('desc').describe('`desc`: newest first.'),
});
export type TimelineParams = z.output<typeof timelineParamsSchema>;

const SCHEMA = `"${schemaOf(PATIENT_TIMELINE)}"`;

interface Row {
  position: string;
  type: TimelineEvent['type'];
  occurred_at: string;
  precision: TimelineItem['precision'];
  wall: string | null;
  zone: string | null;
  recorded_at: string;
  origin: TimelineItem['origin'];
  site_id: Id | null;
  practitioner_id: Id | null;
  course_id: Id | null;
  facts: unknown;
  protocol: string | null;
  session_kind: 'course' | 'maintenance' | null;
  session_number: number | null;
}

/** Everything that happened to a patient, in the order in which it occurred. */
export class PatientTimelineQuery {
  static readonly reads = [PATIENT_TIMELINE.name, DIRECTORY.name] as const;

  constructor(
    private readonly db: Database,
    private readonly references: References,
    private readonly people: People,
  ) {}

  /**
   * @param patient id or code
   * @throws NotFound `patient.unknown`; Invalid `cursor.malformed`
   */
  async list(chain: Chain, patient: string, params: TimelineParams): Promise<PatientTimeline> {
    const patientId = await this.references.resolve(chain, 'patient', patient);
    const [occurredAt, position] = params.cursor === undefined ? [null, null] : decodeCursor(params.cursor, 2);
    const { rows } = await this.db.query<Row>(params.order === 'asc' ? ASCENDING : DESCENDING, [
      chain.no,
      patientId,
      params.limit + 1,
      occurredAt,
      position,
    ]);
    if (rows.length === 0 && params.cursor === undefined) {
      throw new NotFound('patient.unknown', `There is no patient ${patient}.`);
    }
    const page = pageOf(rows, params.limit, (row) => [row.occurred_at, Number(row.position)]);
    const sites = await this.people.sites(chain);
    const person = await this.people.patients(chain, [patientId]);
    const practitioner = await this.people.practitioners(
      chain,
      page.items.flatMap((row) => row.practitioner_id ?? []),
    );
    const course = await this.people.courses(
      chain,
      page.items.flatMap((row) => row.course_id ?? []),
    );
    const items = page.items.map(
      (row): TimelineItem => ({
        position: Number(row.position),
        type: row.type,
        occurredAt: row.occurred_at,
        precision: row.precision,
        wall: row.wall,
        zone: row.zone,
        recordedAt: row.recorded_at,
        origin: row.origin,
        site: row.site_id === null ? null : siteRef(siteIn(sites, row.site_id)),
        course: row.course_id === null ? null : course(row.course_id, row.protocol ?? ''),
        practitioner: row.practitioner_id === null ? null : practitioner(row.practitioner_id),
        ...tell({
          type: row.type,
          facts: row.facts,
          session:
            row.session_kind === null || row.session_number === null
              ? undefined
              : { kind: row.session_kind, number: row.session_number },
          protocol: row.protocol ?? undefined,
        }),
      }),
    );
    return { patient: person(patientId), items, next: page.next };
  }
}

/**
 * An event that names no site of its own happened where the session was last booked, else where the consultation was
 * held, else at the site of the course; so with the practitioner, except that a course as such has none.
 */
const select = (after: '<' | '>', direction: 'asc' | 'desc') => `
  with page as (
    select * from ${SCHEMA}.entry
    where chain = $1 and patient_id = $2
      and ($4::text is null or (occurred_at, position) ${after} ($4, $5::bigint))
    order by occurred_at ${direction}, position ${direction} limit $3
  )
  select e.position, e.type, e.occurred_at, e.precision, e.wall, e.zone, e.recorded_at, e.origin, e.facts, e.course_id,
         coalesce(e.site_id, b.site_id, k.site_id, c.site_id) as site_id,
         coalesce(e.practitioner_id, b.practitioner_id, k.practitioner_id) as practitioner_id,
         c.protocol, s.kind as session_kind, s.number as session_number
  from page e
  left join ${SCHEMA}.course c on c.chain = e.chain and c.id = e.course_id
  left join ${SCHEMA}.session s on s.chain = e.chain and s.id = e.session_id
  left join ${SCHEMA}.consultation k on k.chain = e.chain and k.id = e.consultation_id
  left join lateral (
    select x.site_id, x.practitioner_id from ${SCHEMA}.entry x
    where x.chain = e.chain and x.patient_id = e.patient_id and x.session_id = e.session_id
      and x.position < e.position and x.site_id is not null
    order by x.position desc limit 1
  ) b on true
  order by e.occurred_at ${direction}, e.position ${direction}`;

const ASCENDING = select('>', 'asc');
const DESCENDING = select('<', 'desc');
