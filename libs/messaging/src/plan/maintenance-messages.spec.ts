import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  CourseCompleted,
  MaintenanceDeclined,
  MaintenanceProposed,
  MaintenanceResumed,
  SessionCancelled,
} from '#libs/treatment/src/course/course.events.js';
import {
  COURSE,
  courseOf,
  PATIENT,
  planContext,
  PRACTITIONER,
  SITE,
  timelineOf,
} from '#test/support/messaging-timeline.js';
import { CourseHistory, zoned } from '#test/support/treatment-history.js';
import { causeGone } from './cause-gone.js';
import { rhythmOf } from './later-course.js';
import { maintenanceMessages, waitsForRelease } from './maintenance-messages.js';
import { nextProposal } from './maintenance-proposal.js';
import { HERE } from './person-standing.js';

const named = { courseId: COURSE, patientId: PATIENT };
const at = occurredNow('2026-05-01T00:00:00.000Z');
const completed = () =>
  courseOf().performed('2026-01-10T10:00').performed('2026-02-21T10:00').push(CourseCompleted(at, named));
const proposed = (ordinal: number, opens: string, closes: string) => [
  MaintenanceProposed(at, { ...named, ordinal, opens, closes }),
];
const first = () => proposed(1, '2026-04-10', '2026-07-10');
const summary = (timeline: ReturnType<typeof timelineOf>, context = planContext()) =>
  maintenanceMessages(timeline, context).map(({ kind, due }) => [kind, due.wall]);
const on = (wall: string, origin: 'live' | 'import' = 'live') => ({ at: zoned(wall).instant, origin });

describe('the proposal of maintenance', () => {
  const next = (timeline: ReturnType<typeof timelineOf>, rhythmEnded = false) =>
    nextProposal(timeline.course, planContext().protocol, rhythmEnded);

  it('[maintenance.proposed] is the window of S1-M2 when a course is completed', () => {
    const timeline = timelineOf([completed().events, on('2026-02-21T12:00')]);
    expect(next(timeline)).toEqual({ ordinal: 1, opens: '2026-04-10', closes: '2026-07-10' });
  });

  it('[maintenance.proposed] is made once', () => {
    expect(
      next(timelineOf([completed().events, on('2026-02-21T12:00')], [first(), on('2026-02-21T12:01')])),
    ).toBeNull();
  });

  it('[maintenance.proposed] is made anew, under the next ordinal, after each maintenance session', () => {
    const timeline = timelineOf(
      [completed().events, on('2026-02-21T12:00')],
      [first(), on('2026-02-21T12:01')],
      [courseOf().performed('2026-04-20T10:00', { kind: 'maintenance' }).events.slice(1), on('2026-04-20T11:00')],
    );
    expect(next(timeline)).toEqual({ ordinal: 2, opens: '2026-06-20', closes: '2026-10-20' });
  });

  it('[maintenance.ends] is not made before the course is completed, after a refusal, or once a later course has begun', () => {
    const unfinished = timelineOf([courseOf().performed('2026-01-10T10:00').events, on('2026-01-10T12:00')]);
    const declined = timelineOf([[...completed().events, MaintenanceDeclined(at, named)], on('2026-02-21T12:00')]);
    expect([next(unfinished), next(declined)]).toEqual([null, null]);
    expect(next(timelineOf([completed().events, on('2026-02-21T12:00')]), true)).toBeNull();
  });

  it('[maintenance.later-course] ends with the first performed session of a later course of the patient under the same protocol', () => {
    const former = timelineOf([completed().events, on('2026-02-21T12:00')]);
    const later = (...walls: string[]) => {
      const course = courseOf({ id: newId() });
      for (const wall of walls) course.performed(wall);
      return timelineOf([course.events, on('2026-03-01T12:00')]);
    };
    expect(rhythmOf(former, [former, later()], HERE).rhythmEnded).toBe(false);
    expect(rhythmOf(former, [former, later('2026-03-01T10:00')], HERE).rhythmEnded).toBe(true);
    expect(rhythmOf(former, [later('2025-12-01T10:00')], HERE).rhythmEnded).toBe(false);
  });

  it('[maintenance.declined-by-person] ends with a decline in another course of the person, until they are linked no more', () => {
    const own = timelineOf([completed().events, on('2026-02-21T12:00')]);
    const elsewhere = newId();
    const other = new CourseHistory({ site: SITE, patient: elsewhere, practitioner: PRACTITIONER });
    other.performed('2026-01-05T10:00').push(CourseCompleted(at, { courseId: other.id, patientId: elsewhere }));
    const decline = MaintenanceDeclined(at, { courseId: other.id, patientId: elsewhere });
    const resume = MaintenanceResumed(at, { courseId: other.id, patientId: elsewhere });
    const told = (...more: readonly (readonly [readonly NewEvent[], string])[]) =>
      timelineOf([other.events, on('2026-02-21T12:00')], ...more.map(([events, day]) => [events, on(day)] as const));
    const declined = told([[decline], '2026-02-22T12:00']);
    const link = (position: number, ...ids: string[]) => ({
      position,
      recordedAt: zoned('2026-02-23T12:00').instant,
      registrations: new Set(ids),
    });
    const together = { linked: [link(0, PATIENT, elsewhere)] };
    const apart = { linked: [...together.linked, link(1_000, PATIENT)] };
    expect(rhythmOf(own, [declined], HERE).rhythmEnded).toBe(false);
    expect(rhythmOf(own, [declined], together).rhythmEnded).toBe(true);
    expect(rhythmOf(own, [declined], apart)).toMatchObject({ rhythmEnded: false, rhythmBack: { times: 1 } });
    const resumed = told([[decline], '2026-02-22T12:00'], [[resume], '2026-02-23T12:00']);
    expect(rhythmOf(own, [resumed], together).rhythmEnded).toBe(false);
  });
});

describe('messages around a maintenance window', () => {
  const timeline = () => timelineOf([completed().events, on('2026-02-21T12:00')], [first(), on('2026-02-21T12:01')]);

  it('[message.maintenance] are due soon, due and overdue, each at nine in the morning at the site', () => {
    expect(summary(timeline())).toEqual([
      ['maintenance-due-soon', '2026-03-27T09:00'],
      ['maintenance-due', '2026-04-10T09:00'],
      ['maintenance-overdue', '2026-07-11T09:00'],
    ]);
  });

  it('[message.maintenance] are none before the window was proposed', () => {
    expect(summary(timelineOf([completed().events, on('2026-02-21T12:00')]))).toEqual([]);
  });

  it('[maintenance.ends] are none while a maintenance session is booked', () => {
    const booking = courseOf().booked('2026-04-20T10:00', { kind: 'maintenance' }).events.slice(1);
    const booked = timelineOf([[...completed().events, ...first(), ...booking], on('2026-02-21T12:00')]);
    expect(summary(booked)).toEqual([]);
    const planned = {
      kind: 'maintenance-due',
      cause: { kind: 'maintenance-window', ordinal: 1 },
      generation: 0,
    } as const;
    expect(causeGone(planned, booked, planContext())).toBe('maintenance-booked');
  });

  it('[maintenance.ends] come again, those still to come, when the booked session falls away', () => {
    const sessionId = newId();
    const booking = courseOf().booked('2026-04-20T10:00', { kind: 'maintenance', id: sessionId }).events.slice(1);
    const freed = timelineOf(
      [[...completed().events, ...first(), ...booking], on('2026-02-21T12:00')],
      [[SessionCancelled(at, { ...named, sessionId, reason: 'ill' })], on('2026-04-18T12:00')],
    );
    expect(maintenanceMessages(freed, planContext())).toMatchObject([{ kind: 'maintenance-overdue', generation: 1 }]);
    const planned = {
      kind: 'maintenance-overdue',
      cause: { kind: 'maintenance-window', ordinal: 1 },
      generation: 0,
    } as const;
    expect(causeGone(planned, freed, planContext())).toBe('superseded');
  });

  it('[maintenance.ends] [message.cause-gone] end with a refusal, a moved window and a later course', () => {
    const planned = {
      kind: 'maintenance-due',
      cause: { kind: 'maintenance-window', ordinal: 1 },
      generation: 0,
    } as const;
    const declined = timelineOf([
      [...completed().events, ...first(), MaintenanceDeclined(at, named)],
      on('2026-03-01T12:00'),
    ]);
    const treated = courseOf().performed('2026-04-20T10:00', { kind: 'maintenance' }).events.slice(1);
    const moved = timelineOf([[...completed().events, ...first(), ...treated], on('2026-04-20T12:00')]);
    expect(causeGone(planned, declined, planContext())).toBe('maintenance-declined');
    expect(causeGone(planned, moved, planContext())).toBe('maintenance-window-moved');
    expect(causeGone(planned, timeline(), planContext({ rhythmEnded: true }))).toBe('rhythm-ended');
    expect(causeGone(planned, timeline(), planContext())).toBeUndefined();
  });

  it('[message.maintenance] tell at once, live, that maintenance is due already', () => {
    const late = timelineOf([completed().events, on('2026-05-02T12:00')], [first(), on('2026-05-02T12:01')]);
    expect(summary(late)).toEqual([
      ['maintenance-due', '2026-05-02T12:01'],
      ['maintenance-overdue', '2026-07-11T09:00'],
    ]);
  });
});

describe('a window that closes before it opens', () => {
  it('[message.maintenance] is never due, and overdue from its opening on', () => {
    const drawnOut = courseOf().performed('2026-01-10T10:00').performed('2026-07-20T10:00');
    drawnOut.push(CourseCompleted(at, named));
    const window = nextProposal(
      timelineOf([drawnOut.events, on('2026-07-20T12:00')]).course,
      planContext().protocol,
      false,
    );
    expect(window?.closes).toBe('2026-07-10');
    expect(window && window.opens > '2026-07-20').toBe(true);
    const { opens } = window as { opens: string };
    const timeline = timelineOf(
      [drawnOut.events, on('2026-07-20T12:00')],
      [proposed(1, opens, '2026-07-10'), on('2026-07-20T12:01')],
    );
    expect(summary(timeline).filter(([kind]) => kind !== 'maintenance-due-soon')).toEqual([
      ['maintenance-overdue', `${opens}T09:00`],
    ]);
  });
});

describe('maintenance from an old history', () => {
  const imported = (wall: string) => timelineOf([completed().events, on(wall, 'import')], [first(), on(wall)]);

  it('[message.maintenance] that is upcoming is told as if it were live', () => {
    expect(summary(imported('2026-03-01T12:00'))).toEqual(summary(imported('2026-02-21T12:00')));
  });

  it('[message.no-burst] that is due already is not told again until it is overdue', () => {
    expect(summary(imported('2026-05-02T12:00'))).toEqual([['maintenance-overdue', '2026-07-11T09:00']]);
  });

  it('[message.imported-overdue] that is overdue waits until staff of the site let it go, and is then due at once', () => {
    const timeline = imported('2026-08-01T12:00');
    expect(summary(timeline)).toEqual([]);
    expect(waitsForRelease(timeline, planContext())).toBe(true);
    const before = planContext({ importedMaintenanceReleasedAt: zoned('2026-07-30T10:00').instant });
    expect(summary(timeline, before)).toEqual([]);
    const released = planContext({ importedMaintenanceReleasedAt: zoned('2026-08-03T10:00').instant });
    expect(summary(timeline, released)).toEqual([['maintenance-overdue', '2026-08-03T10:00']]);
    expect(waitsForRelease(timeline, released)).toBe(false);
  });
});
