import type { Chain } from '#libs/event-store/src/chains.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import fc from 'fast-check';
import { courseByHand, timelineByHand } from '#test/support/corrected-course.oracle.js';
import {
  CREDENTIAL_FROM,
  type CourseIds,
  eventOf,
  LOT_RECEIVED_ON,
  type Recorded,
  recordedAtOf,
  recordedCourse,
} from '#test/support/corrected-course.js';
import type { StreamOfEvents } from '#test/support/test-engine.js';
import { CourseHistory, lot, patient, practitioner, protocols, site } from '#test/support/treatment-history.js';
import { openTestReadModels, type TestReadModels } from '#test/support/treatment-read-models.js';
import type { CourseDetail } from '../course/course-progress/course-progress.contract.js';
import { courseStream } from '../course/course.events.js';

let models: TestReadModels;
beforeAll(async () => {
  models = await openTestReadModels();
});
afterAll(() => models.engine.close());

/** An hour after the nth thing was recorded, when the next is still to come. */
const after = (n: number): string => new Date(Date.parse(recordedAtOf(n)) + 3_600_000).toISOString();

/** Records a history day by day on a chain of its own. */
async function record(
  history: readonly Recorded[],
): Promise<{ chain: Chain; courseId: Id; patientId: Id; siteId: Id; eventIds: ReadonlyMap<number, Id> }> {
  const chain = await models.engine.newChain();
  const of = { site: newId(), patient: newId(), practitioner: newId() };
  const course = new CourseHistory(of);
  const [consultation] = course.streams() as [StreamOfEvents];
  const facial = protocols(chain.id).filter(({ events }) => JSON.stringify(events).includes('"facial"'));
  const given = [
    site(of.site),
    practitioner({ id: of.practitioner, procedures: [] }),
    patient(of.patient),
    consultation,
  ];
  await models.engine.append(chain, [...facial, ...given]);
  const names = new Map<string, Id>();
  const ids: CourseIds = {
    courseId: course.id,
    patientId: of.patient,
    siteId: of.site,
    practitionerId: of.practitioner,
    consultationId: course.consultationId,
    idOf: (name) => names.get(name) ?? names.set(name, newId()).get(name) ?? '',
  };
  const stream = courseStream(course.id);
  const eventIds = new Map<number, Id>();
  for (const [n, { what }] of history.entries()) {
    await models.engine.chains.advanceTo(chain, recordedAtOf(n));
    if (what === 'receive') await models.engine.append(chain, [lot(of.site, { receivedOn: LOT_RECEIVED_ON })]);
    else if (what === 'credential') {
      const [, granted] = practitioner({ id: of.practitioner, validFrom: CREDENTIAL_FROM }).events;
      await models.engine.append(chain, [{ stream: `practitioner-${of.practitioner}`, events: [granted as never] }]);
    } else {
      const event = eventOf(history, n, ids, (of_) => eventIds.get(of_) as Id);
      await models.engine.append(chain, [{ stream, events: [event] }]);
      const stored = await models.engine.store.readStream(chain.id, stream);
      eventIds.set(n, stored.at(-1)?.header.id as Id);
    }
  }
  await models.engine.chains.advanceTo(chain, recordedAtOf(history.length + 1));
  return { chain, courseId: course.id, patientId: of.patient, siteId: of.site, eventIds };
}

async function project(chain: Chain, pageEvents: number): Promise<void> {
  for (const work of models.works) await models.engine.apply(work, chain, pageEvents);
}

/** What is told by hand, of an answer. */
function gist(view: CourseDetail) {
  const { planned, status, performed, maintenancePerformed, first, last, nextEarliest, maintenance, deviations } = view;
  return {
    ...{ planned, status, performed, maintenancePerformed, first, last, nextEarliest, deviations },
    maintenance: maintenance && { opens: maintenance.opens, closes: maintenance.closes },
    sessions: view.sessions.map(({ at, kind, number, status: was }) => `${at} ${kind} ${number} ${was}`).sort(),
    followUps: view.followUps.map(({ at, outcomeScore }) => `${at} ${outcomeScore}`),
  };
}

function gistByHand(history: readonly Recorded[], asOf: string, knownAt: string) {
  const course = courseByHand(history, asOf, knownAt);
  return (
    course && {
      ...course,
      sessions: course.sessions.map(({ at, kind, number, status }) => `${at} ${kind} ${number} ${status}`).sort(),
      followUps: course.followUps.map(({ at, outcomeScore }) => `${at} ${outcomeScore}`),
    }
  );
}

/** What is told by hand, of the entries of a course in a timeline; none where nothing was on record then. */
async function shownOf(chain: Chain, patientId: Id, courseId: Id, at: { asOf?: string; knownAt?: string }) {
  const items = await models.timeline.list(chain, patientId, { limit: 100, order: 'asc', ...at }).then(
    (timeline) => timeline.items,
    (error: unknown) => {
      if ((error as { code?: string }).code === 'patient.unknown-then') return [];
      throw error;
    },
  );
  return items
    .filter(({ course }) => course?.id === courseId)
    .map(({ eventId, occurredAt, entered, corrections, retracted }) => ({
      eventId,
      occurred: occurredAt,
      entered: entered?.occurredAt ?? null,
      corrections: corrections.map((correction) => [correction.eventId, correction.retracted?.eventId ?? null]),
      retractedBy: retracted?.eventId ?? null,
    }));
}

function shownByHand(history: readonly Recorded[], eventIds: ReadonlyMap<number, Id>, asOf: string, knownAt: string) {
  const idOf = (n: number | null) => (n === null ? null : eventIds.get(n));
  return timelineByHand(history, asOf, knownAt).map(({ n, occurred, entered, corrections, retractedBy }) => ({
    eventId: idOf(n),
    occurred,
    entered,
    corrections: corrections.map(([correction, by]) => [idOf(correction), idOf(by)]),
    retractedBy: idOf(retractedBy),
  }));
}

const LATEST = '9999-12-31T00:00:00.000Z';

const between = (from: string, to: string) =>
  fc.date({ min: new Date(from), max: new Date(to), noInvalidDate: true }).map((date) => date.toISOString());
/** Now and then from the month in which the course was planned, as corrections say. */
const anyAsOf = fc.oneof(
  { weight: 7, arbitrary: between('2023-12-15', '2031-03-01') },
  { weight: 1, arbitrary: between('2023-11-30', '2024-01-02') },
);

it('[history.known-then] [history.as-of] [history.own-dates] answers what a plain reading of the record gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      recordedCourse,
      fc.array(fc.tuple(anyAsOf, fc.nat(35)), { minLength: 6, maxLength: 6 }),
      async (history, times) => {
        const { chain, courseId, patientId, eventIds } = await record(history);
        await project(chain, 2_000);
        expect(await shownOf(chain, patientId, courseId, {})).toEqual(shownByHand(history, eventIds, LATEST, LATEST));
        for (const [asOf, n] of times) {
          const knownAt = after(n % history.length);
          const expected = gistByHand(history, asOf, knownAt);
          expect(await shownOf(chain, patientId, courseId, { asOf, knownAt })).toEqual(
            shownByHand(history, eventIds, asOf, knownAt),
          );
          const asked = models.coursesAt.detail(chain, courseId, { asOf, knownAt });
          if (expected) expect(gist(await asked)).toEqual(expected);
          else await expect(asked).rejects.toMatchObject({ code: 'course.unknown-then' });
        }
      },
    ),
    { numRuns: 10 },
  );
});

const ROWS = {
  patient_timeline: ['entry', 'course', 'session'],
  site_day: ['session', 'course'],
  course_progress: ['course'],
};

async function rowsOf(chain: Chain): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const [name, tables] of Object.entries(ROWS)) {
    const work = models.works.find((each) => each.name === name);
    for (const table of work ? tables : []) {
      const { rows: found } = await models.engine.db.query<{ row: string }>(
        `select to_jsonb(t)::text as row from "${schemaOf(work as never)}".${table} t where chain = $1`,
        [chain.no],
      );
      rows[`${name}.${table}`] = found.map(({ row }) => row).sort();
    }
  }
  return rows;
}

/** Forgets what was projected of a chain, so that it can be projected anew. */
async function forget(chain: Chain): Promise<void> {
  for (const work of models.works) {
    const { rows } = await models.engine.db.query<{ name: string }>(
      'select tablename as name from pg_tables where schemaname = $1',
      [schemaOf(work)],
    );
    for (const { name } of rows) {
      await models.engine.db.query(`delete from "${schemaOf(work)}".${name} where chain = $1`, [chain.no]);
    }
  }
}

it('[correction.read-models] [history.head] keeps read models that say what the log says, however its events come in pages', async () => {
  await fc.assert(
    fc.asyncProperty(recordedCourse, fc.constantFrom(1, 2, 3, 5, 8), async (history, pageEvents) => {
      const { chain, courseId, patientId } = await record(history);
      await project(chain, 2_000);
      const rows = await rowsOf(chain);
      const now = await models.engine.chains.now(chain);
      const head = { asOf: now, knownAt: now };

      expect(await models.coursesAt.detail(chain, courseId, head)).toEqual(
        await models.courses.detail(chain, courseId),
      );
      const listed = { limit: 10, patient: patientId };
      expect(await models.coursesAt.list(chain, { ...listed, ...head })).toEqual(
        await models.courses.list(chain, listed),
      );
      expect(await models.patientsAt.detail(chain, patientId, head)).toEqual(
        await models.patients.detail(chain, patientId),
      );
      const shown = await models.timeline.list(chain, patientId, { limit: 100, order: 'asc' });
      expect(shown.items.filter(({ course }) => course?.id === courseId)).toEqual(
        (await models.courseHistory.of(chain, courseId, {})).items,
      );
      for (const order of ['asc', 'desc'] as const) {
        const page = { limit: 100, order };
        expect(await models.timeline.list(chain, patientId, { ...page, ...head })).toEqual(
          await models.timeline.list(chain, patientId, page),
        );
      }

      await forget(chain);
      await project(chain, pageEvents);
      expect(await rowsOf(chain)).toEqual(rows);
    }),
    { numRuns: 10 },
  );
});

it('[correction.moves] keeps the pages of a timeline whole when corrections have moved entries', async () => {
  const history: Recorded[] = [
    { what: 'plan' },
    ...Array.from({ length: 6 }, (_, n) => ({ what: 'follow-up' as const, day: 10 * n, score: 3 })),
    { what: 'correct', entry: 1, day: 35, score: 3 },
    { what: 'correct', entry: 6, day: 0, score: 3 },
    { what: 'retract', entry: 3 },
  ];
  const { chain, patientId } = await record(history);
  await project(chain, 2_000);
  for (const order of ['asc', 'desc'] as const) {
    const whole = await models.timeline.list(chain, patientId, { limit: 100, order });
    const now = await models.engine.chains.now(chain);
    for (const at of [{}, { knownAt: now }]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await models.timeline.list(chain, patientId, { limit: 2, order, cursor, ...at });
        seen.push(...page.items.map(({ eventId }) => eventId));
        cursor = page.next ?? undefined;
      } while (cursor);
      expect(seen).toEqual(whole.items.map(({ eventId }) => eventId));
    }
    const walls = whole.items.filter(({ type }) => type === 'FollowUpHeld').map(({ wall }) => wall?.slice(0, 10));
    expect(order === 'asc' ? walls : walls.reverse()).toEqual([
      '2024-01-02',
      '2024-01-12',
      '2024-01-22',
      '2024-02-01',
      '2024-02-06',
      '2024-02-11',
    ]);
  }
});
