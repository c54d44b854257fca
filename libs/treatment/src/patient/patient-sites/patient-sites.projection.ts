import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import {
  type Projection,
  type ProjectionContext,
  type SealedEvent,
  schemaOf,
} from '#libs/projections/src/projection.js';
import { AdverseEventReported } from '../../adverse-event/adverse-event.events.js';
import { ConsultationHeld, ConsultationHeldCorrected } from '../../consultation/consultation.events.js';
import {
  CoursePlanned,
  CoursePlannedCorrected,
  FollowUpHeld,
  FollowUpHeldCorrected,
  SessionBooked,
  SessionPerformed,
  SessionPerformedCorrected,
  SessionRescheduled,
} from '../../course/course.events.js';
import { PatientRegistered } from '../patient.events.js';

export const PATIENT_SITES = { name: 'patient_sites', version: 1 } as const;
/** Where the rows stand for whoever limits what is shown to a site. */
export const PATIENT_SITES_SCHEMA = schemaOf(PATIENT_SITES);

const OF_COURSES: ReadonlySet<string> = new Set(
  [
    CoursePlanned,
    CoursePlannedCorrected,
    FollowUpHeld,
    FollowUpHeldCorrected,
    SessionBooked,
    SessionPerformed,
    SessionPerformedCorrected,
    SessionRescheduled,
  ].map(({ type }) => type),
);

interface Place {
  readonly patient: Id;
  readonly site: Id;
  readonly course: Id | null;
}

/**
 * Which sites have to do with a patient: where they were registered, where a consultation was held, a course planned, a
 * session booked or carried out. It only grows: what a site has done it has to be able to read, corrected or not.
 */
export const patientSitesProjection: Projection = {
  ...PATIENT_SITES,
  types: new Set([
    ...OF_COURSES,
    ...[PatientRegistered, ConsultationHeld, ConsultationHeldCorrected, AdverseEventReported].map(({ type }) => type),
  ]),
  ddl: `
    create table patient_site (
      chain integer not null, patient_id uuid not null, site_id uuid not null,
      primary key (chain, patient_id, site_id)
    );
    create index patient_site_site on patient_site (chain, site_id, patient_id);
    create table course_site (
      chain integer not null, course_id uuid not null, site_id uuid not null,
      primary key (chain, course_id, site_id)
    );
  `,
  // By these it is decided whose all other rows are: they are looked at themselves by their site alone.
  rowsOf: { patient_site: { site: 'site_id' }, course_site: { site: 'site_id' } },
  apply: async ({ tx, chain }: ProjectionContext, events) => {
    const places = events.flatMap(placeOf);
    await insert(tx, chain, 'patient_site (chain, patient_id, site_id)', places, ({ patient }) => patient);
    const ofCourses = places.filter(({ course }) => course !== null);
    await insert(tx, chain, 'course_site (chain, course_id, site_id)', ofCourses, ({ course }) => course as Id);
  },
};

function placeOf({ type, header, data }: SealedEvent): Place[] {
  const { patientId, siteId, courseId } = data as { patientId: Id; siteId?: Id; courseId?: Id };
  const site = siteId ?? (type === PatientRegistered.type ? header.site : undefined);
  if (site === undefined) return [];
  return [{ patient: patientId, site, course: OF_COURSES.has(type) ? (courseId ?? null) : null }];
}

async function insert(
  tx: Queryable,
  chain: Chain,
  table: string,
  places: readonly Place[],
  of: (place: Place) => Id,
): Promise<void> {
  const rows = new Map(places.map((place) => [`${of(place)} ${place.site}`, { of: of(place), site: place.site }]));
  if (rows.size === 0) return;
  await tx.query(
    `insert into ${table} select $1, r.of, r.site from jsonb_to_recordset($2::jsonb) as r(of uuid, site uuid)
     on conflict do nothing`,
    [chain.no, JSON.stringify([...rows.values()])],
  );
}
