import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import fc from 'fast-check';
import { courseByHand, entriesByHand } from '#test/support/corrected-course.oracle.js';
import {
  type CourseIds,
  eventOf,
  type Recorded,
  recordedAtOf,
  recordedCourse,
} from '#test/support/corrected-course.js';
import { courseWindow, dateOfSession } from '../course/course-maintenance.js';
import type { CourseEvent } from '../course/course.events.js';
import { courseFold, type CourseState, performedSessions } from '../course/course.state.js';
import { entriesOf, historyAt, placesOf } from './entry-history.js';

const names = new Map<string, Id>();
const ids: CourseIds = {
  courseId: newId(),
  patientId: newId(),
  siteId: newId(),
  practitionerId: newId(),
  consultationId: newId(),
  idOf: (name) => names.get(name) ?? names.set(name, newId()).get(name) ?? '',
};
const idOfEvent = (n: number): Id => ids.idOf(`event ${n}`);

/** What stands in the stream of the course: receipts and credentials stand elsewhere. */
function streamOf(history: readonly Recorded[]): RecordedEvent[] {
  const own = history.flatMap(({ what }, n) => (what === 'receive' || what === 'credential' ? [] : [n]));
  return own.map((n, revision) => {
    const event = eventOf(history, n, ids, idOfEvent);
    const { type, occurredAt } = event;
    const header = { id: idOfEvent(n), type, version: 1, occurredAt, actor: `user:${n}`, origin: 'live' as const };
    return {
      ...event,
      chain: '',
      position: n + 1,
      stream: 'course',
      revision,
      recordedAt: recordedAtOf(n),
      header: { ...header, commandId: newId() },
    } as RecordedEvent;
  });
}

/** Anywhere from before the first session to after the last recording. */
const between = (from: string, to: string) =>
  fc.date({ min: new Date(from), max: new Date(to), noInvalidDate: true }).map((date) => date.toISOString());
/** Now and then from the month in which the course was planned, as corrections say. */
const anyAsOf = fc.oneof(
  { weight: 7, arbitrary: between('2023-12-01', '2031-03-01') },
  { weight: 1, arbitrary: between('2023-11-30', '2024-01-02') },
);
const anyKnownAt = fc.nat(35).map((n) => recordedAtOf(n));

const folded = (events: readonly RecordedEvent[]): CourseState =>
  (events as readonly RecordedEvent<CourseEvent>[]).reduce(courseFold.evolve, courseFold.initial);

/** What of a course does not depend on the order in which things were entered. */
function gist(state: CourseState) {
  if (state.status === 'none') return undefined;
  const window = courseWindow(state, facial);
  const dates = (kind: 'course' | 'maintenance') => performedSessions(state, kind).map(dateOfSession);
  return {
    status: state.status,
    planned: state.plannedSessions,
    course: dates('course'),
    maintenance: dates('maintenance').length,
    window: window && { opens: window.opens, closes: window.closes },
    followUps: state.followUps.map(({ at, outcomeScore }) => `${at.wall} ${outcomeScore}`).sort(),
    booked: state.sessions.filter(({ status }) => status === 'booked').length,
  };
}

function gistByHand(history: readonly Recorded[], asOf: string, knownAt: string) {
  const course = courseByHand(history, asOf, knownAt);
  if (!course) return undefined;
  const performed = course.sessions.filter(({ status }) => status === 'performed');
  return {
    status: course.status,
    planned: course.planned,
    course: performed.filter(({ kind }) => kind === 'course').map(({ at }) => at.slice(0, 10)),
    maintenance: course.maintenancePerformed,
    window: course.maintenance,
    followUps: course.followUps.map(({ at, outcomeScore }) => `${at} ${outcomeScore}`).sort(),
    booked: course.sessions.filter(({ status }) => status === 'booked').length,
  };
}

it('[history.known-then] [history.as-of] folds what a plain reading of the record gives, at any two times', () => {
  fc.assert(
    fc.property(recordedCourse, anyAsOf, anyKnownAt, (history, asOf, knownAt) => {
      const state = folded(historyAt(streamOf(history), { asOf, knownAt }));
      expect(gist(state)).toEqual(gistByHand(history, asOf, knownAt));
    }),
    { numRuns: 1_000 },
  );
});

it('[history.as-of] folds the same in the order of recording and in the order of occurrence', () => {
  fc.assert(
    fc.property(recordedCourse, anyAsOf, anyKnownAt, (history, asOf, knownAt) => {
      const events = historyAt(streamOf(history), { asOf, knownAt });
      const occurred = events.toSorted((a, b) => {
        const [first, second] = [a.occurredAt.instant, b.occurredAt.instant];
        return first < second ? -1 : first > second ? 1 : a.position - b.position;
      });
      // Bookings are left aside: one that was entered after its session had begun says nothing about it any more.
      const unbooked = (each: ReturnType<typeof gist>) => each && { ...each, booked: 0 };
      expect(unbooked(gist(folded(occurred)))).toEqual(unbooked(gist(folded(events))));
    }),
    { numRuns: 500 },
  );
});

it('[correction.both-shown] [correction.retraction-shown] keeps each entry with all that was said about it', () => {
  fc.assert(
    fc.property(recordedCourse, anyKnownAt, (history, knownAt) => {
      const known = history.filter((_, n) => recordedAtOf(n) <= knownAt);
      const stream = streamOf(history);
      const entries = entriesOf(stream, { knownAt });
      const standing = entriesByHand(history, '9999-12-31T00:00:00.000Z', knownAt);
      const count = (what: Recorded['what']) => known.filter((each) => each.what === what).length;
      const corrections = entries.flatMap((entry) => entry.corrections);
      expect(corrections).toHaveLength(count('correct'));
      const retractions = [...entries, ...corrections].flatMap(({ retraction }) => retraction ?? []);
      expect(retractions).toHaveLength(count('retract'));
      // What was not taken back reads as it does for whoever folds it.
      const elsewhere = standing.filter(({ recorded: { what } }) => what === 'receive' || what === 'credential').length;
      expect(entries.filter(({ retraction }) => !retraction)).toHaveLength(standing.length - elsewhere);
      for (const { n, occurred } of standing) {
        const entry = entries.find(({ entered }) => entered.header.id === idOfEvent(n));
        if (entry) expect(entry.reads.occurredAt.instant).toBe(occurred);
      }
      for (const { entered } of entries) expect(entered).toEqual(stream.find(sameAs(entered)));
    }),
    { numRuns: 300 },
  );
});

it('[correction.both-shown] reads an entry the same from nothing but itself and what was said about it', () => {
  fc.assert(
    fc.property(recordedCourse, anyKnownAt, (history, knownAt) => {
      const stream = streamOf(history);
      for (const entry of entriesOf(stream, { knownAt })) {
        const places = placesOf(entry);
        expect(places === null).toBe(entry.corrections.length === 0 && entry.retraction === undefined);
        const own = stream.filter(({ revision }) => places?.revisions.includes(revision));
        if (places) expect(entriesOf(own, { knownAt })).toEqual([entry]);
      }
    }),
    { numRuns: 200 },
  );
});

const sameAs =
  ({ header }: RecordedEvent) =>
  (event: RecordedEvent): boolean =>
    event.header.id === header.id;

describe('a correction', () => {
  const history: Recorded[] = [
    { what: 'plan' },
    { what: 'follow-up', day: 3, score: 2 },
    { what: 'correct', entry: 1, day: 3, score: 4 },
    { what: 'correct', entry: 1, day: 5, score: 4 },
    { what: 'retract', entry: 3 },
    { what: 'correct', entry: 1, day: 3, score: 5 },
  ];
  const followUp = (upTo: number) => entriesOf(streamOf(history), { knownAt: recordedAtOf(upTo) })[1];

  it('[correction.both-shown] says what it changes of what stood before it, and nothing else', () => {
    const changed = followUp(5)?.corrections.map((each) => each.changed);
    expect(changed).toEqual([
      [{ field: 'outcomeScore', before: 2, after: 4 }],
      [
        { field: 'occurredAt', before: '2024-01-05T07:00:00.000Z', after: '2024-01-07T07:00:00.000Z' },
        {
          field: 'at',
          before: expect.objectContaining({ wall: '2024-01-05T10:00' }),
          after: expect.objectContaining({ wall: '2024-01-07T10:00' }),
        },
      ],
      // The one before it had been taken back: this one changes what the first had said.
      [{ field: 'outcomeScore', before: 4, after: 5 }],
    ]);
  });

  it('[correction.retraction-shown] that was taken back stays in the history, and no longer counts', () => {
    expect(followUp(3)?.reads.occurredAt.instant).toBe('2024-01-07T07:00:00.000Z');
    const now = followUp(4);
    expect(now?.reads.occurredAt.instant).toBe('2024-01-05T07:00:00.000Z');
    expect(now?.corrections.map(({ retraction }) => retraction?.header.id)).toEqual([undefined, idOfEvent(4)]);
  });

  it('[history.known-then] is not there before it was recorded', () => {
    expect(followUp(1)?.corrections).toEqual([]);
    expect(followUp(1)?.reads.data).toMatchObject({ outcomeScore: 2 });
  });
});

it('[history.as-of] leaves out nothing of which nobody knows when it occurred', () => {
  const [event] = streamOf([{ what: 'plan' }]) as [RecordedEvent];
  const unknown = { ...event, occurredAt: { instant: '2030-01-01T00:00:00.000Z', precision: 'unknown' as const } };
  expect(historyAt([unknown], { asOf: '2020-01-01T00:00:00.000Z' })).toHaveLength(1);
  expect(historyAt([event], { asOf: '2020-01-01T00:00:00.000Z' })).toHaveLength(0);
});
