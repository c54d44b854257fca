import fc from 'fast-check';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import {
  CourseCompleted,
  CourseEntryRetracted,
  CourseLapsed,
  CourseStopped,
  MaintenanceDeclined,
  MaintenanceProposed,
  MaintenanceResumed,
  MaintenanceScheduled,
  SessionCancelled,
  SessionPerformedCorrected,
  SessionRescheduled,
} from '#libs/treatment/src/course/course.events.js';
import {
  COURSE,
  courseOf,
  entryId,
  PATIENT,
  planContext,
  PRACTITIONER,
  SITE,
  timelineOf,
} from '#test/support/messaging-timeline.js';
import { type CourseHistory, zoned } from '#test/support/treatment-history.js';
import { causeGone } from './cause-gone.js';
import { type DesiredMessage, keyOf } from './desired-message.js';
import { desiredMessages } from './desired-messages.js';
import { maintenanceMessages } from './maintenance-messages.js';
import { nextProposal } from './maintenance-proposal.js';

const named = { courseId: COURSE, patientId: PATIENT };
const at = occurredNow('2026-05-01T00:00:00.000Z');
const sessionId = newId();
const on = (wall: string, origin: 'live' | 'import' = 'live') => ({ at: zoned(wall).instant, origin });
type Timeline = ReturnType<typeof timelineOf>;
const summary = (timeline: Timeline, context = planContext()) =>
  desiredMessages(timeline, context).map(({ kind, due, generation }) => [kind, due.wall, generation]);
const gone = (timeline: Timeline, kind: DesiredMessage['kind'], generation: number, context = planContext()) =>
  causeGone({ kind, cause: { kind: 'session', sessionId }, generation }, timeline, context);

/** The correction of a performed session, with some of its fields changed. */
function corrected(history: CourseHistory, changes: object, n = 1): NewEvent {
  const original = history.events[n]?.data as Parameters<typeof SessionPerformedCorrected>[1];
  const data = { ...original, ...changes };
  return SessionPerformedCorrected(occurredAt(data.at), { ...data, corrects: entryId(n), correctionReason: 'a typo' });
}
const retracted = (n: number) => CourseEntryRetracted(at, { ...named, retracts: entryId(n), retractionReason: 'no' });

describe('a performed session that is corrected', () => {
  const performed = () => courseOf().performed('2026-05-12T14:00', { id: sessionId });
  const recorded = [performed().events, on('2026-05-12T14:50')] as const;

  it('[message.corrected] moves what follows from it to its end as it reads now, under the next generation', () => {
    const correction = corrected(performed(), { at: zoned('2026-05-12T16:00') });
    expect(summary(timelineOf(recorded, [[correction], on('2026-05-12T17:00')]))).toEqual([
      ['aftercare', '2026-05-12T17:00', 1],
      ['all-clear', '2026-05-13T16:45', 1],
      ['check-in', '2026-05-15T16:45', 1],
    ]);
  });

  it('[message.corrected] is planned as before where nothing changes that the patient must be told', () => {
    const before = timelineOf(recorded);
    for (const changes of [{ painScore: 3 }, { products: [{ product: 'GlowMeso', lotNumber: 'L1', volumeMl: 4 }] }]) {
      const after = timelineOf(recorded, [[corrected(performed(), changes)], on('2026-05-12T17:00')]);
      expect(desiredMessages(after, planContext())).toEqual(desiredMessages(before, planContext()));
      expect(gone(after, 'all-clear', 0)).toBeUndefined();
    }
  });

  it('[message.corrected] lets the messages of the former end go no more', () => {
    const timeline = timelineOf(recorded, [[corrected(performed(), { durationMinutes: 90 })], on('2026-05-12T17:00')]);
    expect([gone(timeline, 'all-clear', 0), gone(timeline, 'all-clear', 1)]).toEqual(['superseded', undefined]);
  });

  it('[message.corrected] tells at once what is over by the correction, while that is of use', () => {
    const yesterday = corrected(performed(), { at: zoned('2026-05-11T14:00') });
    expect(summary(timelineOf(recorded, [[yesterday], on('2026-05-12T17:00')]))).toEqual([
      ['all-clear', '2026-05-12T17:00', 1],
      ['check-in', '2026-05-14T14:45', 1],
    ]);
    const lastMonth = corrected(performed(), { at: zoned('2026-04-11T14:00') });
    expect(summary(timelineOf(recorded, [[lastMonth], on('2026-05-12T17:00')]))).toEqual([]);
  });

  it('[message.corrected] of an old history tells nothing at once', () => {
    const imported = [performed().events, on('2026-05-12T14:50', 'import')] as const;
    const correction = corrected(performed(), { at: zoned('2026-05-11T14:00') });
    expect(summary(timelineOf(imported, [[correction], on('2026-05-12T17:00')]))).toEqual([
      ['check-in', '2026-05-14T14:45', 1],
    ]);
  });

  it('[message.corrected] goes back, under a generation of its own, when the correction is taken back', () => {
    const correction = corrected(performed(), { at: zoned('2026-05-12T16:00') });
    const timeline = timelineOf(recorded, [[correction, retracted(2)], on('2026-05-12T17:00')]);
    expect(summary(timeline).slice(1)).toEqual([
      ['all-clear', '2026-05-13T14:45', 2],
      ['check-in', '2026-05-15T14:45', 2],
    ]);
  });

  it('[message.retracted] is told nothing of any more when it never took place', () => {
    const timeline = timelineOf(recorded, [[retracted(1)], on('2026-05-12T17:00')]);
    expect(summary(timeline)).toEqual([]);
    expect(gone(timeline, 'all-clear', 0)).toBe('cause-retracted');
  });

  it('[message.retracted] is told anew when it is recorded again', () => {
    const again = courseOf().performed('2026-05-12T13:00', { id: sessionId }).events.slice(1);
    const timeline = timelineOf(recorded, [[retracted(1), ...again], on('2026-05-12T17:00')]);
    expect(summary(timeline)[1]).toEqual(['all-clear', '2026-05-13T13:45', 1]);
    expect(gone(timeline, 'all-clear', 1)).toBeUndefined();
  });

  it('[message.corrected] has one key for each end that it was known to have, in their order', () => {
    const steps = fc.array(fc.constantFrom('same', 'later', 'earlier'), { maxLength: 5 });
    fc.assert(
      fc.property(steps, (changes) => {
        let hour = 12;
        let changed = 0;
        const history = performed();
        const corrections = [corrected(history, { at: zoned('2026-05-12T12:00') })];
        for (const change of changes) {
          hour += change === 'same' ? 0 : change === 'later' ? 1 : -1;
          changed += change === 'same' ? 0 : 1;
          corrections.push(corrected(history, { at: zoned(`2026-05-12T${String(hour).padStart(2, '0')}:00`) }));
        }
        const timeline = timelineOf(recorded, [corrections, on('2026-05-12T14:55')]);
        const desired = desiredMessages(timeline, planContext());
        expect(new Set(desired.map(({ generation }) => generation))).toEqual(new Set([changed + 1]));
        expect(new Set(desired.map((each) => keyOf(each, PATIENT))).size).toBe(desired.length);
        for (const { kind } of desired) expect(gone(timeline, kind, changed + 1)).toBeUndefined();
      }),
    );
  });
});

describe('what was told, whatever is entered and taken back', () => {
  /** Entries of a course with one booked session, and corrections that take the entry before them back, or the first. */
  const entries = {
    moves: (n: number) =>
      SessionRescheduled(at, {
        ...{ ...named, sessionId, siteId: SITE, practitionerId: PRACTITIONER },
        at: zoned(`2026-05-${20 + (n % 3)}T14:00`),
      }),
    cancels: () => SessionCancelled(at, { ...named, sessionId, reason: 'ill' }),
    performs: () => courseOf().performed('2026-05-02T10:00', { id: sessionId }).events[1] as NewEvent,
    completes: () => CourseCompleted(at, named),
    proposes: () => MaintenanceProposed(at, { ...named, ordinal: 1, opens: '2026-08-02', closes: '2026-11-02' }),
    declines: () => MaintenanceDeclined(at, named),
    resumes: () => MaintenanceResumed(at, named),
    stops: () => CourseStopped(at, { ...named, reason: 'moved' }),
    takesBack: (n: number) => retracted(1 + (n % 4)),
    takesBackLast: (n: number) => retracted(n - 1),
  };

  it('[message.retracted] has a key that did not end before, so that nothing is lost and nothing counts twice', () => {
    const names = fc.constantFrom(...(Object.keys(entries) as (keyof typeof entries)[]));
    fc.assert(
      fc.property(fc.array(names, { maxLength: 12 }), (steps) => {
        const events = [...courseOf().booked('2026-05-20T14:00', { id: sessionId }).events];
        const ended = new Set<string>();
        let before = new Set<string>();
        for (const step of [undefined, ...steps]) {
          if (step) events.push(entries[step](events.length));
          const timeline = timelineOf([events, on('2026-05-02T11:00')]);
          const keys = new Set(desiredMessages(timeline, planContext()).map((each) => keyOf(each, PATIENT)));
          for (const key of before) if (!keys.has(key)) ended.add(key);
          expect([...keys].filter((key) => ended.has(key))).toEqual([]);
          before = keys;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a booking that counts again', () => {
  const booked = () => courseOf().booked('2026-05-20T14:00', { id: sessionId });
  const first = [booked().events, on('2026-05-01T09:00')] as const;

  it.each([
    [
      'the session was recorded as performed',
      () => courseOf().performed('2026-05-02T10:00', { id: sessionId }).events[1],
    ],
    ['it was cancelled', () => SessionCancelled(at, { ...named, sessionId, reason: 'ill' })],
    ['the course was stopped', () => CourseStopped(at, { ...named, reason: 'moved' })],
  ])('[message.retracted] is told anew when it was by mistake that %s', (_case, mistake) => {
    const timeline = timelineOf(first, [[mistake() as NewEvent, retracted(2)], on('2026-05-02T11:00')]);
    expect(summary(timeline)).toEqual([
      ['session-reminder', '2026-05-19T14:00', 1],
      ['aspirin-notice', '2026-05-13T14:00', 1],
    ]);
    expect([gone(timeline, 'aspirin-notice', 0), gone(timeline, 'aspirin-notice', 1)]).toEqual([
      'session-rescheduled',
      undefined,
    ]);
  });

  it('[message.retracted] is told under a new generation when a rescheduling is taken back', () => {
    const moved = SessionRescheduled(at, {
      ...{ ...named, sessionId, siteId: SITE, practitionerId: PRACTITIONER },
      at: zoned('2026-05-27T10:00'),
    });
    const timeline = timelineOf(first, [[moved, retracted(2)], on('2026-05-02T11:00')]);
    expect(summary(timeline)[0]).toEqual(['session-reminder', '2026-05-19T14:00', 2]);
  });

  it('[message.recall] ends with a course that has lapsed, and what follows from its sessions does not', () => {
    const history = booked().performed('2026-05-01T10:00', { id: newId() });
    const lapsed = CourseLapsed(at, { ...named, practitionerId: PRACTITIONER, reason: 'nobody came' });
    const timeline = timelineOf([[...history.events, lapsed], on('2026-05-01T10:50')]);
    expect(summary(timeline).map(([kind]) => kind)).toEqual(['aftercare', 'all-clear', 'check-in']);
    expect(gone(timeline, 'session-reminder', 0)).toBe('course-lapsed');
  });
});

describe('maintenance', () => {
  const completed = (protocol = 'facial') =>
    courseOf({ protocol }).performed('2026-01-10T10:00').performed('2026-02-21T10:00').push(CourseCompleted(at, named));
  const proposed = (ordinal: number, opens: string, closes: string) =>
    MaintenanceProposed(at, { ...named, ordinal, opens, closes });
  const first = proposed(1, '2026-04-10', '2026-07-10');
  const windowGone = (timeline: Timeline, ordinal: number, generation = 0, context = planContext()) =>
    causeGone(
      { kind: 'maintenance-due', cause: { kind: 'maintenance-window', ordinal }, generation },
      timeline,
      context,
    );

  it('[message.window-moved] is proposed anew when a correction moves the window, and the former messages end', () => {
    const correction = corrected(completed(), { at: zoned('2026-01-20T10:00') });
    const timeline = timelineOf(
      [[...completed().events, first], on('2026-02-21T12:00')],
      [[correction], on('2026-02-22T09:00')],
    );
    const proposal = { ordinal: 2, opens: '2026-04-20', closes: '2026-07-20' };
    expect(nextProposal(timeline.course, planContext().protocol, false)).toEqual(proposal);
    expect(windowGone(timeline, 1)).toBe('maintenance-window-moved');
    const after = timelineOf(
      [[...completed().events, first], on('2026-02-21T12:00')],
      [[correction, proposed(2, '2026-04-20', '2026-07-20')], on('2026-02-22T09:00')],
    );
    expect(maintenanceMessages(after, planContext()).map(({ cause, due }) => [cause, due.wall])[1]).toEqual([
      { kind: 'maintenance-window', ordinal: 2 },
      '2026-04-20T09:00',
    ]);
    expect(windowGone(after, 2)).toBeUndefined();
  });

  it('[message.window-moved] of an old history that somebody corrects is news, and waits for no release', () => {
    const old = [completed().events, on('2026-08-01T12:00', 'import')] as const;
    const correction = corrected(completed(), { at: zoned('2026-01-20T10:00') });
    const timeline = timelineOf(old, [[correction, proposed(2, '2026-04-20', '2026-07-20')], on('2026-08-02T09:00')]);
    expect(maintenanceMessages(timeline, planContext()).map(({ kind, due }) => [kind, due.wall])).toEqual([
      ['maintenance-overdue', '2026-08-02T09:00'],
    ]);
  });

  it('[message.maintenance-back] is told again, what is still to come, when the patient wants it again', () => {
    const refused = [...completed().events, first, MaintenanceDeclined(at, named)];
    const timeline = timelineOf(
      [refused, on('2026-02-21T12:00')],
      [[MaintenanceResumed(at, named)], on('2026-04-01T12:00')],
    );
    expect(maintenanceMessages(timeline, planContext())).toMatchObject([
      { kind: 'maintenance-due', generation: 1 },
      { kind: 'maintenance-overdue', generation: 1 },
    ]);
    expect([windowGone(timeline, 1, 0), windowGone(timeline, 1, 1)]).toEqual(['superseded', undefined]);
  });

  it('[message.maintenance-back] is told again when the refusal, or the end of the course, was a mistake', () => {
    for (const mistake of [MaintenanceDeclined(at, named), CourseStopped(at, { ...named, reason: 'moved' })]) {
      const events = [...completed().events, first, mistake];
      const timeline = timelineOf(
        [events, on('2026-02-21T12:00')],
        [[retracted(events.length - 1)], on('2026-04-01T12:00')],
      );
      expect(maintenanceMessages(timeline, planContext()).map(({ generation }) => generation)).toEqual([1, 1]);
    }
  });

  it('[maintenance.physician-sets] is told around the window that the physician has set, once it is proposed', () => {
    const context = planContext({ protocol: builtInProtocol('clinic-faq') as Protocol });
    const scheduled = MaintenanceScheduled(at, {
      ...{ ...named, physicianId: PRACTITIONER },
      ...{ opens: '2026-08-03', closes: '2026-08-31' },
    });
    const events = completed('clinic-faq').push(scheduled).events;
    const before = timelineOf([events, on('2026-03-01T12:00')]);
    const proposal = { ordinal: 1, opens: '2026-08-03', closes: '2026-08-31' };
    expect(nextProposal(before.course, context.protocol, false)).toEqual(proposal);
    const timeline = timelineOf([[...events, proposed(1, '2026-08-03', '2026-08-31')], on('2026-03-01T12:00')]);
    expect(maintenanceMessages(timeline, context).map(({ kind, due }) => [kind, due.wall])).toEqual([
      ['maintenance-due-soon', '2026-07-20T09:00'],
      ['maintenance-due', '2026-08-03T09:00'],
      ['maintenance-overdue', '2026-09-01T09:00'],
    ]);
    const treated = courseOf().performed('2026-08-10T10:00', { kind: 'maintenance' }).events.slice(1);
    const after = timelineOf([[...timelineEvents(events), ...treated], on('2026-08-10T12:00')]);
    expect(nextProposal(after.course, context.protocol, false)).toBeNull();
    expect(windowGone(after, 1, 0, context)).toBe('maintenance-window-moved');
  });

  /** With the proposal that the engine made. */
  const timelineEvents = (events: readonly NewEvent[]) => [...events, proposed(1, '2026-08-03', '2026-08-31')];
});
