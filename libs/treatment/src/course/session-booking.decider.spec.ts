import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import {
  at,
  booked,
  cleared,
  given,
  NOW,
  nurse,
  ofCourse,
  patient,
  planned,
  practitionerId,
  refusal,
  sessionId,
  siteId,
} from '#test/support/course-given.js';
import { decide, rules } from '#test/support/course-decided.js';
import type { CourseCommand } from './course.decider.js';
import { CourseCompleted, CourseStopped, MaintenanceDeclined } from './course.events.js';

describe('booking', () => {
  const book = (
    wall: string,
    kind: 'course' | 'maintenance' = 'course',
    changes: object = {},
    openAdverseEvents: string[] = [],
  ): CourseCommand => ({
    type: 'BookSession',
    sessionId: newId(),
    kind,
    siteId,
    practitionerId,
    at: at(wall),
    products: undefined,
    world: { ...bookable, openAdverseEvents, ...changes },
  });
  const bookable = {
    consultation: cleared,
    practitioner: nurse,
    protocol: facial,
    person: { patients: [patient] },
    openAdverseEvents: [],
  };
  const completed = given(planned, CourseCompleted(occurredNow(NOW), ofCourse));

  it('[session.number] numbers sessions within their kind', () => {
    const state = given(
      planned,
      booked(newId(), '2026-03-05T10:00', 1),
      booked(newId(), '2026-04-05T10:00', 1, 'maintenance'),
    );
    expect(decide(book('2026-03-20T10:00'), state)).toMatchObject([{ data: { number: 2 } }]);
  });
  it('[consent.missing] [session.credential] needs a consent that is in force and a practitioner with a credential on that day (S2-Q1)', () => {
    const none = book('2026-03-20T10:00', 'course', { consultation: { ...cleared, consents: [] } });
    expect(rules(none, given(planned))).toEqual(['consent.missing']);
    expect(rules(book('2027-01-01T10:00'), given(planned))).toEqual(['session.credential']);
  });
  it('[consultation.expired] [session.open-adverse-event] needs for maintenance what a course session needs', () => {
    expect(rules(book('2026-06-20T10:00', 'maintenance', {}, [newId()]), completed)).toEqual([
      'session.open-adverse-event',
    ]);
    const old = { consultation: { ...cleared, concludedOn: '2025-06-01' } };
    expect(rules(book('2026-06-20T10:00', 'maintenance', old), completed)).toEqual(['consultation.expired']);
  });
  it('[session.booked-ahead] is for a time that is still to come, also when it is moved', () => {
    expect(rules(book('2026-03-02T17:00'), given(planned))).toEqual(['session.booked-ahead']);
    const move = (wall: string): CourseCommand => ({
      type: 'RescheduleSession',
      sessionId,
      siteId,
      practitionerId,
      at: at(wall),
      world: bookable,
    });
    expect(rules(move('2026-03-01T10:00'))).toEqual(['session.booked-ahead']);
    expect(rules(move('2027-03-01T10:00'))).toContain('session.credential');
    const moved = decide(move('2026-03-09T10:00'));
    expect(moved).toMatchObject([{ type: 'SessionRescheduled' }]);
    const after = given(planned, booked(sessionId, '2026-03-02T17:00'), ...moved);
    expect(decide(move('2026-03-09T10:00'), after)).toEqual([]);
  });
  it('[maintenance.after-course] [maintenance.declined] is for maintenance once the course is completed, unless declined', () => {
    expect(refusal(() => decide(book('2026-06-20T10:00', 'maintenance'), given(planned)))).toMatchObject({
      rules: ['maintenance.after-course'],
      facts: ['S1-M2', 'S2-M1'],
    });
    expect(decide(book('2026-06-20T10:00', 'maintenance'), completed)).toHaveLength(1);
    const declined = given(
      planned,
      CourseCompleted(occurredNow(NOW), ofCourse),
      MaintenanceDeclined(occurredNow(NOW), ofCourse),
    );
    expect(rules(book('2026-06-20T10:00', 'maintenance'), declined)).toEqual(['maintenance.declined']);
    expect(refusal(() => decide(book('2026-06-20T10:00'), completed)).code).toBe('course.not-active');
  });
  it('[maintenance.later-course] [maintenance.declined] [maintenance.patient-gone] is for no maintenance that has ended otherwise (S1-M2)', () => {
    const person = { diedOn: null, movedAwayOn: null, isErased: false };
    const end = { person, laterCourseBegan: null, declinedElsewhere: false };
    const ended = (changes: object) => book('2026-06-20T10:00', 'maintenance', { maintenance: { ...end, ...changes } });
    expect(decide(ended({}), completed)).toHaveLength(1);
    expect(rules(ended({ laterCourseBegan: '2026-03-01' }), completed)).toEqual(['maintenance.later-course']);
    expect(rules(ended({ declinedElsewhere: true }), completed)).toEqual(['maintenance.declined']);
    expect(rules(ended({ person: { ...person, movedAwayOn: '2026-06-20' } }), completed)).toEqual([
      'maintenance.patient-gone',
    ]);
    expect(decide(ended({ person: { ...person, movedAwayOn: '2026-06-21' } }), completed)).toHaveLength(1);
    expect(rules(ended({ person: { ...person, isErased: true } }), completed)).toEqual(['maintenance.patient-gone']);
    // Nor is what was booked before that moved; it is cancelled.
    const before = booked(sessionId, '2026-06-10T10:00', 1, 'maintenance');
    const waiting = given(planned, CourseCompleted(occurredNow(NOW), ofCourse), before);
    const move = (changes: object): CourseCommand => ({
      ...{ type: 'RescheduleSession', sessionId, siteId, practitionerId, at: at('2026-06-20T10:00') },
      world: { ...bookable, maintenance: { ...end, ...changes } },
    });
    expect(decide(move({}), waiting)).toHaveLength(1);
    expect(rules(move({ declinedElsewhere: true }), waiting)).toEqual(['maintenance.declined']);
  });
  it('[course.not-active] is refused in a course that was stopped', () => {
    const state = given(planned, CourseStopped(occurredNow(NOW), { ...ofCourse, reason: 'moved' }));
    expect(rules(book('2026-06-20T10:00', 'maintenance'), state)).toEqual(['course.not-active']);
  });
});

describe('a session that did not take place', () => {
  it('[session.missed] is missed once its time has come, and can only be cancelled before', () => {
    const ahead = given(planned, booked(sessionId, '2026-03-05T10:00'));
    const missed: CourseCommand = { type: 'MissSession', sessionId };
    expect(rules(missed, ahead)).toEqual(['session.missed']);
    const past = given(planned, booked(sessionId, '2026-03-02T17:00'));
    expect(decide(missed, past)).toMatchObject([{ type: 'SessionMissed', data: { sessionId } }]);
    const cancelled: CourseCommand = { type: 'CancelSession', sessionId, reason: 'ill' };
    expect(decide(cancelled, ahead)).toMatchObject([{ type: 'SessionCancelled', data: { reason: 'ill' } }]);
  });
});
