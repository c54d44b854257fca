import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import {
  CourseCompleted,
  CourseStopped,
  SessionCancelled,
  SessionMissed,
  SessionRescheduled,
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
import { zoned } from '#test/support/treatment-history.js';
import { causeGone } from './cause-gone.js';
import { desiredMessages } from './desired-messages.js';

const named = { courseId: COURSE, patientId: PATIENT };
const at = occurredNow('2026-05-01T00:00:00.000Z');
const EARLY = { at: '2026-05-01T09:00:00.000Z' };
const summary = (timeline: ReturnType<typeof timelineOf>, context = planContext()) =>
  desiredMessages(timeline, context).map(({ kind, due }) => [kind, due.wall]);

describe('messages ahead of a booked session', () => {
  const sessionId = newId();
  const booked = () => courseOf().booked('2026-05-20T14:00', { id: sessionId });

  it('[message.aspirin-notice] [message.reminder] are the aspirin notice seven days before (S0-P1) and the reminder a day before', () => {
    expect(summary(timelineOf([booked().events, EARLY]))).toEqual([
      ['session-reminder', '2026-05-19T14:00'],
      ['aspirin-notice', '2026-05-13T14:00'],
    ]);
  });

  it('[message.aspirin-notice] [message.reminder] name the fact that they rest on, and are of no use once the session begins', () => {
    const notice = desiredMessages(timelineOf([booked().events, EARLY]), planContext()).find(
      ({ kind }) => kind === 'aspirin-notice',
    );
    expect(notice).toMatchObject({
      facts: ['S0-P1'],
      precaution: 'aspirin-or-nsaid',
      expiresAt: zoned('2026-05-20T14:00').instant,
      generation: 0,
    });
  });

  it('[message.no-burst] leave out what was past when the session was booked, so that there is no burst', () => {
    expect(summary(timelineOf([booked().events, { at: zoned('2026-05-16T09:00').instant }]))).toEqual([
      ['session-reminder', '2026-05-19T14:00'],
    ]);
    expect(summary(timelineOf([booked().events, { at: zoned('2026-05-20T09:00').instant }]))).toEqual([]);
  });

  it('[message.once] stay the same however often and however late they are planned again', () => {
    const timeline = timelineOf([booked().events, EARLY]);
    expect(desiredMessages(timeline, planContext())).toEqual(desiredMessages(timeline, planContext()));
  });

  it('[message.new-time] [message.cause-gone] are told anew under the next generation when the session is rescheduled', () => {
    const moved = SessionRescheduled(at, {
      ...{ ...named, sessionId, siteId: SITE, practitionerId: PRACTITIONER },
      at: zoned('2026-05-27T10:00'),
    });
    const timeline = timelineOf([booked().events, EARLY], [[moved], EARLY]);
    expect(summary(timeline)).toEqual([
      ['session-reminder', '2026-05-26T10:00'],
      ['aspirin-notice', '2026-05-20T10:00'],
    ]);
    const cause = { kind: 'session', sessionId } as const;
    const gone = (generation: number) =>
      causeGone({ kind: 'session-reminder', cause, generation }, timeline, planContext());
    expect([gone(0), gone(1)]).toEqual(['session-rescheduled', undefined]);
  });

  it('[message.wall-hour] keep the hour on the wall across a change of the clocks', () => {
    const course = courseOf().booked('2026-11-03T14:00', { zone: 'America/New_York' });
    const timeline = timelineOf([course.events, EARLY]);
    const due = desiredMessages(timeline, planContext({ zone: 'America/New_York' })).map(({ due }) => due.wall);
    // Seven days back over 1 November, when clocks are set back.
    expect(due).toEqual(['2026-11-02T14:00', '2026-10-27T14:00']);
  });

  it.each([
    ['session-cancelled', SessionCancelled(at, { ...named, sessionId, reason: 'ill' })],
    ['session-missed', SessionMissed(at, { ...named, sessionId })],
    ['course-stopped', CourseStopped(at, { ...named, reason: 'moved away' })],
    ['course-completed', CourseCompleted(at, named)],
  ])('[message.cause-gone] end when their cause is gone: %s', (reason, event) => {
    const timeline = timelineOf([[...booked().events, event], EARLY]);
    expect(summary(timeline)).toEqual([]);
    const cause = { kind: 'session', sessionId } as const;
    expect(causeGone({ kind: 'aspirin-notice', cause, generation: 0 }, timeline, planContext())).toBe(reason);
  });

  it('[message.cause-gone] end when the session takes place', () => {
    const timeline = timelineOf([booked().performed('2026-05-20T14:00', { id: sessionId }).events, EARLY]);
    const cause = { kind: 'session', sessionId } as const;
    expect(causeGone({ kind: 'session-reminder', cause, generation: 0 }, timeline, planContext())).toBe(
      'session-performed',
    );
  });
});

describe('messages after a performed session', () => {
  const sessionId = newId();
  const performed = (minutes = 45) => courseOf().performed('2026-05-12T14:00', { id: sessionId, minutes });
  const recordedAt = (wall: string) => ({ at: zoned(wall).instant });

  it('[message.aftercare-at-once] [message.all-clear] [message.check-in] are aftercare at its end, the all-clear when the last end is reached, and a check-in', () => {
    expect(summary(timelineOf([performed().events, recordedAt('2026-05-12T14:50')]))).toEqual([
      ['aftercare', '2026-05-12T14:50'],
      ['all-clear', '2026-05-13T14:45'],
      ['check-in', '2026-05-15T14:45'],
    ]);
  });

  it('[message.aftercare-at-once] begin at the end of a session that was recorded while it went on', () => {
    expect(summary(timelineOf([performed(60).events, recordedAt('2026-05-12T14:10')]))[0]).toEqual([
      'aftercare',
      '2026-05-12T15:00',
    ]);
  });

  it('[message.aftercare-at-once] count the longest expected session where its length is not on record', () => {
    const events = performed().events.map((event) =>
      event.type === 'SessionPerformed'
        ? { ...event, data: { ...(event.data as object), durationMinutes: undefined } }
        : event,
    );
    expect(summary(timelineOf([events, recordedAt('2026-05-12T14:10')]))[0]).toEqual(['aftercare', '2026-05-12T15:00']);
  });

  it('[message.aftercare-at-once] are of use until what they say is over, counted from the end of the session, not from its entry', () => {
    const late = desiredMessages(timelineOf([performed().events, recordedAt('2026-05-13T09:00')]), planContext());
    expect(late[0]).toMatchObject({
      ...{ kind: 'aftercare', due: { wall: '2026-05-13T09:00' } },
      expiresAt: zoned('2026-05-13T14:45').instant,
    });
  });

  it('[message.no-burst] are none once the instructions are over: sessions that are entered late bring no late messages', () => {
    const entered = (wall: string) => summary(timelineOf([performed().events, recordedAt(wall)]));
    expect(entered('2026-05-13T14:46')).toEqual([['check-in', '2026-05-15T14:45']]);
    expect(entered('2026-05-20T09:00')).toEqual([]);
  });

  it('[message.no-burst] are no instructions of which every one has ended, where the protocol sets no time for the message', () => {
    const { messages, aftercare, ...facial } = builtInProtocol('facial') as Protocol;
    const untimed = messages.map((rule) => (rule.kind === 'aftercare' ? { ...rule, usefulFor: null } : rule));
    const ending = aftercare.filter((item) => 'lasts' in item && item.lasts !== null);
    const kinds = (items: Protocol['aftercare'], wall: string) =>
      summary(
        timelineOf([performed().events, recordedAt(wall)]),
        planContext({ protocol: { ...facial, messages: untimed, aftercare: items } }),
      ).map(([kind]) => kind);
    expect(kinds(ending, '2026-05-13T14:00')).toContain('aftercare');
    expect(kinds(ending, '2026-05-13T15:00')).not.toContain('aftercare');
    // What has no end is still worth saying, for a month.
    expect(kinds(aftercare, '2026-05-20T09:00')).toEqual(['aftercare']);
    expect(kinds(aftercare, '2026-06-20T09:00')).toEqual([]);
  });

  it('[message.no-burst] are none from an old history, but for what falls due after it came in', () => {
    const imported = (wall: string) => timelineOf([performed().events, { ...recordedAt(wall), origin: 'import' }]);
    expect(summary(imported('2026-06-01T09:00'))).toEqual([]);
    expect(summary(imported('2026-05-13T09:00'))).toEqual([
      ['all-clear', '2026-05-13T14:45'],
      ['check-in', '2026-05-15T14:45'],
    ]);
  });

  it('[message.aftercare-stays] stay when the course is stopped', () => {
    const timeline = timelineOf([
      [...performed().events, CourseStopped(at, { ...named, reason: 'moved away' })],
      recordedAt('2026-05-12T15:00'),
    ]);
    expect(summary(timeline).map(([kind]) => kind)).toEqual(['aftercare', 'all-clear', 'check-in']);
    const cause = { kind: 'session', sessionId } as const;
    expect(causeGone({ kind: 'all-clear', cause, generation: 0 }, timeline, planContext())).toBeUndefined();
  });

  it('[message.all-clear] have no all-clear under a protocol without an end', () => {
    const facial = builtInProtocol('facial') as Protocol;
    const protocol = {
      ...facial,
      aftercare: facial.aftercare.filter((item) => 'lasts' in item && item.lasts === null),
    };
    const kinds = summary(timelineOf([performed().events, recordedAt('2026-05-12T15:00')]), planContext({ protocol }));
    expect(kinds.map(([kind]) => kind)).toEqual(['aftercare', 'check-in']);
  });

  it('[message.protocol-decides] follow the rules of the protocol, and are none where it has none', () => {
    const protocol = { ...(builtInProtocol('facial') as Protocol), messages: [] };
    expect(
      summary(timelineOf([performed().events, recordedAt('2026-05-12T15:00')]), planContext({ protocol })),
    ).toEqual([]);
  });
});
