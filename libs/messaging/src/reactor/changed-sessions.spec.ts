import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { CourseStopped, SessionCancelled, SessionRescheduled } from '#libs/treatment/src/course/course.events.js';
import { openTestMessaging, type TestMessaging } from '#test/support/test-messaging.js';
import { ToldMessages } from '#test/support/told-messages.js';
import { type CourseHistory, zoned } from '#test/support/treatment-history.js';

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
const booked = (day: number) => told.begin(told.course().booked(told.day(day), { id: sessionId }));
const cancelled = (course: CourseHistory) => SessionCancelled(now, { ...told.named(course), sessionId, reason: 'ill' });
const moved = (course: CourseHistory, n: number) => {
  const { site: siteId, practitioner: practitionerId } = told.world.of;
  const at = zoned(told.day(n));
  return SessionRescheduled(now, { ...told.named(course), sessionId, siteId, practitionerId, at });
};

describe('a session that the patient was reminded of', () => {
  it('[message.change-told] is called off at once when it is cancelled, and when the course is stopped', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, cancelled(course));
    expect(await told.pending('session-called-off')).toHaveLength(1);
    expect(await told.send('session-called-off')).toBe('sent');

    const other = await told.begin(told.course().booked(told.day(8), { id: newId() }));
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(other, CourseStopped(now, { ...told.named(other), reason: 'moved' }));
    expect(await told.pending('session-called-off')).toHaveLength(1);
  });

  it('[message.change-told] is told of at its new time at once, and each time that it is moved again', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, moved(course, 9));
    expect(await told.send('session-moved')).toBe('sent');
    await told.tell(course, moved(course, 11));
    expect(await told.send('session-moved')).toBe('sent');
    expect(await told.sent('session-moved')).toHaveLength(2);
  });

  it('[message.change-told] is not called off when it takes place again before that was told', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, cancelled(course));
    await told.retract(course, 'SessionCancelled');
    expect(await told.pending('session-called-off')).toEqual([]);
    expect(await told.messages('session-called-off')).toEqual([expect.stringContaining('suppressed (superseded)')]);
  });
});

describe('a session that the patient was told nothing of', () => {
  it('[message.change-told] is moved and cancelled without a word', async () => {
    const course = await booked(6);
    await told.tell(course, moved(course, 9));
    await told.tell(course, cancelled(course));
    expect([...(await told.messages('session-moved')), ...(await told.messages('session-called-off'))]).toEqual([]);
  });
});
