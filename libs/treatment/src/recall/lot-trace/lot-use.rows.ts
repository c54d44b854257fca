import { boolArray, jsonArray, textArray, uuidArray } from '#libs/database/src/binary-array.js';
import { changesHistory } from '#libs/event-store/src/correction.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import type { CourseEvent, CourseStreamEvent } from '../../course/course.events.js';
import { saveLotNames } from './lot-name.rows.js';
import { type LotUse, stepOf, type TracedCourse } from './traced-course.js';

type CourseStates = Map<Id, TracedCourse>;

/** Which lots are in which sessions, from the events of courses. */
export class LotUseRows {
  /** Applies the events of courses of a page, in their order. */
  async apply({ tx, chain }: ProjectionContext, page: readonly SealedEvent<CourseStreamEvent>[]): Promise<void> {
    if (page.length === 0) return;
    const states = await statesBefore({ tx, chain }, page);
    const changed: CourseStates = new Map();
    const rows = new Map<Id, readonly LotUse[]>();
    /** Courses that a correction has folded anew: whatever stood in their rows is gone. */
    const anew = new Set<Id>();
    for (const event of page) {
      const { courseId, patientId } = event.data;
      if (changesHistory(event.type)) {
        anew.add(courseId);
        states.set(courseId, { courseId, patientId, open: [] });
        for (const [sessionId, uses] of rows) if (uses.some((use) => use.courseId === courseId)) rows.delete(sessionId);
      }
      for (const each of (event.history ?? [event]) as readonly CourseEvent[]) {
        const step = stepOf(states.get(courseId), each);
        if (!step) continue;
        states.set(courseId, step.course);
        for (const [sessionId, uses] of step.rows) rows.set(sessionId, uses);
      }
      const state = states.get(courseId);
      if (state) changed.set(courseId, state);
    }
    await saveCourses({ tx, chain }, changed);
    await saveUses({ tx, chain }, rows, anew);
  }
}

type Tables = Pick<ProjectionContext, 'tx' | 'chain'>;

/** Courses as the pages before left them; a course that begins in this page has nothing yet. */
async function statesBefore(
  { tx, chain }: Tables,
  page: readonly SealedEvent<CourseStreamEvent>[],
): Promise<CourseStates> {
  const fresh = new Set(page.filter(({ revision }) => revision === 0).map(({ data }) => data.courseId));
  const wanted = [...new Set(page.map(({ data }) => data.courseId))].filter((id) => !fresh.has(id));
  if (wanted.length === 0) return new Map();
  const { rows } = await tx.query<{ id: Id; state: TracedCourse }>(
    'select id, state from course where chain = $1 and id = any($2::uuid[])',
    [chain.no, uuidArray(wanted)],
  );
  return new Map(rows.map((row) => [row.id, row.state]));
}

async function saveCourses({ tx, chain }: Tables, courses: CourseStates): Promise<void> {
  if (courses.size === 0) return;
  await tx.query(
    `insert into course (chain, id, state) select $1, * from unnest($2::uuid[], $3::json[])
     on conflict (chain, id) do update set state = excluded.state`,
    [
      chain.no,
      uuidArray([...courses.keys()]),
      jsonArray([...courses.values()].map((course) => JSON.stringify(course))),
    ],
  );
}

/** Puts the rows of sessions in the place of those that stood there. */
async function saveUses(
  { tx, chain }: Tables,
  rows: ReadonlyMap<Id, readonly LotUse[]>,
  anew: ReadonlySet<Id>,
): Promise<void> {
  if (anew.size > 0) {
    await tx.query('delete from lot_use where chain = $1 and course_id = any($2::uuid[])', [chain.no, [...anew]]);
  }
  if (rows.size === 0) return;
  await tx.query('delete from lot_use where chain = $1 and session_id = any($2::uuid[])', [
    chain.no,
    uuidArray([...rows.keys()]),
  ]);
  const uses = [...rows.values()].flat();
  if (uses.length === 0) return;
  await saveLotNames({ tx, chain }, uses);
  await tx.query(INSERT, [
    chain.no,
    uuidArray(uses.map((use) => use.sessionId)),
    textArray(uses.map((use) => use.product)),
    textArray(uses.map((use) => use.lotNumber)),
    boolArray(uses.map((use) => use.planned)),
    uuidArray(uses.map((use) => use.siteId)),
    uuidArray(uses.map((use) => use.practitionerId)),
    uuidArray(uses.map((use) => use.courseId)),
    uuidArray(uses.map((use) => use.patientId)),
    textArray(uses.map((use) => use.wall)),
    textArray(uses.map((use) => use.instant)),
    uses.map((use) => use.volumeUl),
    boolArray(uses.map((use) => use.isVolumeKnown)),
  ]);
}

const INSERT = `
  insert into lot_use (chain, session_id, product, lot_number, planned, site_id, practitioner_id, course_id, patient_id,
    wall, instant, volume_ul, volume_known)
  select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::boolean[], $6::uuid[], $7::uuid[], $8::uuid[],
    $9::uuid[], $10::text[], $11::text[], $12::bigint[], $13::boolean[])`;
