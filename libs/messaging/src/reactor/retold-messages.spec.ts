import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import {
  CourseCompleted,
  CourseStopped,
  courseStream,
  MaintenanceDeclined,
  MaintenanceResumed,
  MaintenanceScheduled,
  SessionMissed,
  SessionPerformedCorrected,
} from '#libs/treatment/src/course/course.events.js';
import { openTestMessaging, type TestMessaging } from '#test/support/test-messaging.js';
import { ToldMessages } from '#test/support/told-messages.js';
import { type CourseHistory, practitioner, zoned } from '#test/support/treatment-history.js';

let messaging: TestMessaging;
let told: ToldMessages;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());
beforeEach(async () => {
  told = await ToldMessages.open(messaging);
});
afterEach(async () => expect(await told.planAgain()).toBe(0));

const now = occurredNow('2026-05-01T00:00:00.000Z');
const sessionId = newId();
const completed = (protocol = 'facial') =>
  told.begin(told.course({ end: 'completed', protocol }).performed(told.day(-20)));
const booking = (course: CourseHistory, kind: 'course' | 'maintenance' = 'maintenance') =>
  told.course({ id: course.id }).booked(told.day(80), { id: sessionId, kind, number: 1 }).events[1] as NewEvent;
const performed = (course: CourseHistory, n: number, options: object) =>
  told.course({ id: course.id }).performed(told.day(n, '00:01'), options).events[1] as NewEvent;
const cancelled = (course: CourseHistory) => told.cancelled(course, sessionId);
const moved = (course: CourseHistory, day: number) => told.moved(course, sessionId, day);

describe('a maintenance window that comes back', () => {
  const around = () => told.pending('maintenance');

  it('[message.maintenance-back] is told of when the booking was by mistake', async () => {
    const course = await completed();
    await told.tell(course, booking(course));
    expect(await around()).toEqual([]);
    await told.retract(course, 'SessionBooked');
    expect(await around()).toHaveLength(3);
  });

  it('[message.maintenance-back] is told of when the patient wants it again, takes that back, and wants it after all', async () => {
    const course = await completed();
    const named = told.named(course);
    await told.tell(course, MaintenanceDeclined(now, named));
    await told.tell(course, MaintenanceResumed(now, named));
    expect(await around()).toHaveLength(3);
    await told.retract(course, 'MaintenanceResumed');
    expect(await around()).toEqual([]);
    await told.tell(course, MaintenanceResumed(now, named));
    expect(await around()).toHaveLength(3);
  });

  it.each(['SessionCancelled', 'SessionMissed'])(
    '[message.maintenance-back] is told of each time that its booking falls away: %s, taken back, cancelled',
    async (type) => {
      const course = await completed();
      await told.tell(course, booking(course));
      const missed = SessionMissed(now, { ...told.named(course), sessionId });
      await told.tell(course, type === 'SessionMissed' ? missed : cancelled(course));
      expect(await around()).toHaveLength(3);
      await told.retract(course, type);
      expect(await around()).toEqual([]);
      await told.tell(course, cancelled(course));
      expect(await around()).toHaveLength(3);
    },
  );

  it('[message.window-moved] is told of when the physician sets the same window that was taken back', async () => {
    const course = await completed('clinic-faq');
    const window = { opens: addDays(told.today, 60), closes: addDays(told.today, 80) };
    const set = MaintenanceScheduled(now, {
      ...told.named(course),
      physicianId: told.world.of.practitioner,
      ...window,
    });
    await told.tell(course, set);
    expect(await around()).toHaveLength(3);
    await told.retract(course, 'MaintenanceScheduled');
    expect(await around()).toEqual([]);
    await told.tell(course, set);
    expect(await around()).toHaveLength(3);
  });

  it('[message.window-moved] is told of when the only session was recorded anew', async () => {
    const course = await completed();
    await told.retract(course, 'SessionPerformed');
    expect(await around()).toEqual([]);
    await told.tell(course, ...told.course({ id: course.id }).performed(told.day(-20)).events.slice(1));
    expect(await around()).toHaveLength(3);
  });

  it('[message.maintenance-back] is told of each time that the course is completed', async () => {
    const course = await completed();
    for (const _ of [1, 2]) {
      await told.retract(course, 'CourseCompleted');
      expect(await around()).toEqual([]);
      await told.tell(course, CourseCompleted(now, told.named(course)));
      expect(await around()).toHaveLength(3);
    }
  });

  it('[message.window-moved] is told of when a maintenance session was by mistake, with its booking or without', async () => {
    const unbooked = await completed();
    await told.tell(unbooked, performed(unbooked, -1, { kind: 'maintenance' }));
    await told.retract(unbooked, 'SessionPerformed');
    expect(await around()).toHaveLength(3);
    await told.tell(unbooked, booking(unbooked));
    await told.tell(unbooked, performed(unbooked, 0, { kind: 'maintenance', id: sessionId, number: 1 }));
    await told.retract(unbooked, 'SessionPerformed');
    await told.retract(unbooked, 'SessionBooked');
    expect(await around()).toHaveLength(3);
  });

  it('[maintenance.later-course] is told of when a later course was by mistake, where the physician sets the window', async () => {
    const former = await completed('clinic-faq');
    const window = { opens: addDays(told.today, 60), closes: addDays(told.today, 80) };
    const physicianId = told.world.of.practitioner;
    await told.tell(former, MaintenanceScheduled(now, { ...told.named(former), physicianId, ...window }));
    const later = await told.begin(told.course({ protocol: 'clinic-faq' }).performed(told.day(-1)));
    expect(await around()).toEqual([]);
    await told.retract(later, 'SessionPerformed');
    expect(await around()).toHaveLength(3);
    expect(await told.send('maintenance-due-soon')).toBe('sent');
  });

  it('[message.told-before] is not told of again where it moves back to what was told', async () => {
    const course = await told.begin(told.course({ end: 'completed' }).performed(told.day(-120)));
    expect(await told.send('maintenance-due')).toBe('sent');
    const original = course.events.findLast(({ type }) => type === 'SessionPerformed')?.data;
    const data = { ...(original as Parameters<typeof SessionPerformedCorrected>[1]), at: zoned(told.day(-119)) };
    const corrects = await told.lastOf(courseStream(course.id), 'SessionPerformed');
    const correction = { ...data, corrects, correctionReason: 'a typo' };
    await told.tell(course, SessionPerformedCorrected(occurredAt(data.at), correction));
    expect(await told.pending('maintenance-due')).toHaveLength(1);
    await told.retract(course, 'SessionPerformedCorrected');
    expect(await told.pending('maintenance-due')).toEqual([]);
    expect(await told.pending('maintenance-overdue')).toHaveLength(1);
  });

  it('[message.maintenance] is told of as due where something was told again before it was proposed', async () => {
    const course = await told.begin(told.course({ end: 'completed' }).performed(told.day(-300)));
    await told.tell(course, CourseStopped(now, { ...told.named(course), reason: 'by mistake' }));
    await told.retract(course, 'CourseStopped');
    // A maintenance session of three months ago is entered today: the next window is open already.
    await told.tell(course, performed(course, -90, { kind: 'maintenance' }));
    expect(await told.pending('maintenance-due')).toHaveLength(1);
  });

  it('[message.maintenance] is never due, but overdue, where it closes before it opens', async () => {
    await told.begin(told.course({ end: 'completed' }).performed(told.day(-200)).performed(told.day(-1)));
    expect(await told.messages('maintenance-due ')).toEqual([]);
    expect(await told.send('maintenance-overdue')).toBe('sent');
  });
});

describe('a booking that comes back', () => {
  const reminders = () => told.pending('session-reminder');
  const booked = () => told.begin(told.course().booked(told.day(20), { id: sessionId }));
  const ofTheFirst = () => [`${addDays(told.today, 19)} session-reminder pending`];

  it('[message.retracted] is reminded of after a move and a cancellation that were both taken back', async () => {
    const course = await booked();
    await told.tell(course, moved(course, 25));
    await told.tell(course, cancelled(course));
    await told.retract(course, 'SessionRescheduled');
    await told.retract(course, 'SessionCancelled');
    expect(await reminders()).toEqual(ofTheFirst());
  });

  it('[message.retracted] is reminded of after a move and a performance that were both taken back', async () => {
    const course = await booked();
    await told.tell(course, moved(course, 25));
    await told.tell(course, performed(course, 0, { id: sessionId, number: 1 }));
    await told.retract(course, 'SessionRescheduled');
    await told.retract(course, 'SessionPerformed');
    expect(await reminders()).toEqual(ofTheFirst());
  });

  it('[message.new-time] is reminded of when it is moved anew after a move that was taken back', async () => {
    const course = await booked();
    await told.tell(course, moved(course, 25));
    await told.tell(course, SessionMissed(now, { ...told.named(course), sessionId }));
    await told.retract(course, 'SessionRescheduled');
    await told.tell(course, moved(course, 30));
    expect(await reminders()).toEqual([`${addDays(told.today, 29)} session-reminder pending`]);
  });

  it('[message.released] is reminded of when another practitioner takes it at the same time', async () => {
    const without = newId();
    await told.world.append(practitioner({ id: without, procedures: [] }));
    const course = await told.begin(told.course({}).booked(told.day(20), { id: sessionId, practitioner: without }));
    expect(await told.send('session-reminder')).toBe('held');
    await told.tell(course, moved(course, 20));
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, moved(course, 20));
    expect(await told.send('session-reminder')).toBe('none');
    expect(await told.sent('session-reminder')).toHaveLength(1);
  });
});

it('[message.patient-erased] nothing is proposed to somebody who was erased', async () => {
  const course = await told.begin(told.course().performed(told.day(-20)));
  await messaging.engine.db.query(
    'update subject_key set wrapped = null, destroyed_at = now() where chain = $1 and subject = $2',
    [told.world.chain.no, told.patient],
  );
  await told.tell(course, CourseCompleted(now, told.named(course)));
  expect(await told.lastOf(courseStream(course.id), 'MaintenanceProposed')).toBeUndefined();
  expect(await told.messages('maintenance')).toEqual([]);
});
