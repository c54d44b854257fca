import { changesHistory } from '#libs/event-store/src/correction.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { dateOfWall, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import type { AdverseEventEvent } from '../../adverse-event/adverse-event.events.js';
import type { CourseEvent, CourseStreamEvent } from '../../course/course.events.js';

interface Reported {
  readonly id: Id;
  readonly patient_id: Id;
  readonly course_id: Id | null;
  readonly session_id: Id | null;
  readonly site_id: Id;
  readonly kind: string;
  readonly severity: string | null;
  readonly onset_on: LocalDate;
  readonly by_follow_up: boolean;
}

interface Fate {
  readonly id: Id;
  readonly patient_id: Id;
  /** Null: as it was reported. */
  readonly severity: string | null;
  readonly closed: boolean;
}

type Tables = Pick<ProjectionContext, 'tx' | 'chain'>;

/** What was reported of patients, which a recall sets beside the sessions. */
export class AdverseEventRows {
  /** Those that follow-ups found, from the events of courses. */
  async applyCourses(tables: Tables, page: readonly SealedEvent<CourseStreamEvent>[]): Promise<void> {
    const rows = new Map<Id, Reported>();
    const anew = new Set<Id>();
    for (const event of page) {
      const { courseId } = event.data;
      if (changesHistory(event.type)) {
        anew.add(courseId);
        for (const [id, row] of rows) if (row.course_id === courseId) rows.delete(id);
      }
      for (const each of (event.history ?? [event]) as readonly CourseEvent[]) {
        const row = foundByFollowUp(each);
        if (row) rows.set(row.id, row);
      }
    }
    if (anew.size > 0) {
      await tables.tx.query(
        'delete from adverse_event where chain = $1 and course_id = any($2::uuid[]) and by_follow_up',
        [tables.chain.no, [...anew]],
      );
    }
    await report(tables, [...rows.values()]);
  }

  /** Those in the records of patients, and what became of all of them. */
  async applyPatients(tables: Tables, page: readonly SealedEvent<AdverseEventEvent>[]): Promise<void> {
    const { tx, chain } = tables;
    const anew = new Set(page.filter(({ type }) => changesHistory(type)).map(({ data }) => data.patientId));
    if (anew.size > 0) {
      const ids = [chain.no, [...anew]];
      await tx.query(
        'delete from adverse_event where chain = $1 and patient_id = any($2::uuid[]) and not by_follow_up',
        ids,
      );
      await tx.query('delete from adverse_event_fate where chain = $1 and patient_id = any($2::uuid[])', ids);
    }
    const reported = new Map<Id, Reported>();
    const fates = new Map<Id, Fate>();
    for (const event of entriesOf(page, anew)) {
      if (event.type === 'AdverseEventReported') reported.set(event.data.adverseEventId, reportOf(event.data));
      const before = fates.get(event.data.adverseEventId);
      const fate = fateAfter(event, before);
      if (fate) fates.set(fate.id, fate);
    }
    await report(tables, [...reported.values()]);
    await settle(tables, [...fates.values()]);
  }
}

/** The entries to apply: of a patient whose history changed, all of it and what came after, and nothing twice. */
function* entriesOf(
  page: readonly SealedEvent<AdverseEventEvent>[],
  anew: ReadonlySet<Id>,
): Generator<AdverseEventEvent> {
  const last = new Map<Id, number>();
  page.forEach((event, n) => changesHistory(event.type) && last.set(event.data.patientId, n));
  for (const [n, event] of page.entries()) {
    const { patientId } = event.data;
    const from = anew.has(patientId) ? (last.get(patientId) as number) : -1;
    if (n < from) continue;
    if (n === from) yield* (event.history ?? []) as readonly AdverseEventEvent[];
    else yield event;
  }
}

function foundByFollowUp(event: CourseEvent): Reported | undefined {
  if (event.type !== 'FollowUpHeld' || !event.data.adverseEvent) return undefined;
  const { followUpId, patientId, courseId, siteId, at, adverseEvent } = event.data;
  return {
    id: followUpId,
    patient_id: patientId,
    course_id: courseId,
    session_id: null,
    site_id: siteId,
    kind: adverseEvent.kind,
    severity: adverseEvent.severity ?? null,
    onset_on: dateOfWall(at.wall),
    by_follow_up: true,
  };
}

const reportOf = (data: Extract<AdverseEventEvent, { type: 'AdverseEventReported' }>['data']): Reported => ({
  id: data.adverseEventId,
  patient_id: data.patientId,
  course_id: data.courseId,
  session_id: data.sessionId,
  site_id: data.siteId,
  kind: data.kind,
  severity: data.severity,
  onset_on: data.onsetOn,
  by_follow_up: false,
});

/** @param before as the events before it in the same page left it; what stands in the table is added to by `settle` */
function fateAfter(event: AdverseEventEvent, before: Fate | undefined): Fate | undefined {
  const { adverseEventId: id, patientId: patient_id } = event.data;
  const { severity = null, closed = false } = before ?? {};
  switch (event.type) {
    case 'AdverseEventAssessed':
      return { id, patient_id, severity: event.data.severity, closed };
    case 'AdverseEventClosed':
      return { id, patient_id, severity, closed: true };
    case 'AdverseEventReopened':
      return { id, patient_id, severity, closed: false };
    default:
      return undefined;
  }
}

async function report({ tx, chain }: Tables, rows: readonly Reported[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into adverse_event (chain, id, patient_id, course_id, session_id, site_id, kind, severity, onset_on, by_follow_up)
     select $1, r.* from jsonb_to_recordset($2::jsonb) as r(id uuid, patient_id uuid, course_id uuid, session_id uuid,
       site_id uuid, kind text, severity text, onset_on date, by_follow_up boolean)
     on conflict (chain, id) do nothing`,
    [chain.no, JSON.stringify(rows)],
  );
}

/** A severity that nothing in the page assessed stays what it was. */
async function settle({ tx, chain }: Tables, rows: readonly Fate[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `insert into adverse_event_fate as f (chain, id, patient_id, severity, closed)
     select $1, r.* from jsonb_to_recordset($2::jsonb) as r(id uuid, patient_id uuid, severity text, closed boolean)
     on conflict (chain, id) do update
       set severity = coalesce(excluded.severity, f.severity), closed = excluded.closed`,
    [chain.no, JSON.stringify(rows)],
  );
}
