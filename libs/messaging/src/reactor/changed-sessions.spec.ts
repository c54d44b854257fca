import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { CourseStopped, SessionZoneRulesApplied } from '#libs/treatment/src/course/course.events.js';
import { PatientMovedAway, PatientReturned } from '#libs/treatment/src/patient/patient.events.js';
import { openTestMessaging, type TestMessaging } from '#test/support/test-messaging.js';
import { ToldMessages } from '#test/support/told-messages.js';
import { type CourseHistory, site, zoned } from '#test/support/treatment-history.js';
import type { Channel } from '../channel.contract.js';
import { messageStream } from '../message/message.events.js';
import { messageFold } from '../message/message.state.js';
import { HERE } from '../plan/person-standing.js';
import { readFormerBooking } from '../plan/told-bookings.js';

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
const notices = async () => [...(await told.messages('session-moved')), ...(await told.messages('session-called-off'))];
const cancelled = (course: CourseHistory) => told.cancelled(course, sessionId);
const moved = (course: CourseHistory, day: number, to: { siteId?: string; practitionerId?: string } = {}) =>
  told.moved(course, sessionId, day, to);

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
    expect(await told.messages('session-moved')).toEqual([]);
  });

  it('[message.change-told] is not told of again when somebody else treats at the same time and place', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, moved(course, 6, { practitionerId: newId() }));
    expect(await notices()).toEqual([]);
    // And is once it moves in fact, whoever treats.
    await told.tell(course, moved(course, 9));
    expect(await told.send('session-moved')).toBe('sent');
    await told.tell(course, moved(course, 9, { practitionerId: newId() }));
    expect(await told.messages('session-moved')).toHaveLength(1);
  });

  it('[message.change-told] is not told of again when newer rules of the zone move its instant', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    const { tzdb, ...at } = zoned(told.day(6));
    const earlier = { ...at, tzdb, instant: new Date(Date.parse(at.instant) - 3_600_000).toISOString() };
    const was = { instant: at.instant, tzdb };
    await told.tell(course, SessionZoneRulesApplied(now, { ...told.named(course), sessionId, at: earlier, was }));
    await told.tell(course, moved(course, 6, { practitionerId: newId() }));
    expect(await notices()).toEqual([]);
  });

  it('[message.change-told] is told of at another place at the same time', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    const other = site();
    await told.world.append(other);
    await told.tell(course, moved(course, 6, { siteId: other.stream.replace('site-', '') }));
    expect(await told.pending('session-moved')).toHaveLength(1);
  });

  it('[message.change-told] is not told of again when the patient moves away and returns', async () => {
    await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    const { patient: patientId } = told;
    await told.tellPatient(patientId, PatientMovedAway(now, { patientId, on: told.today }));
    await told.tellPatient(patientId, PatientReturned(now, { patientId, on: told.today }));
    expect(await notices()).toEqual([]);
  });

  it('[message.change-told] that moves while the patient is away is told of on the return', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    const { patient: patientId } = told;
    await told.tellPatient(patientId, PatientMovedAway(now, { patientId, on: told.today }));
    await told.tell(course, moved(course, 9));
    expect(await notices()).toEqual([]);
    await told.tellPatient(patientId, PatientReturned(now, { patientId, on: told.today }));
    expect(await told.send('session-moved')).toBe('sent');
  });

  it('[message.change-told] has nothing left to tell when it moves back before that was told', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, moved(course, 9));
    await told.tell(course, moved(course, 6));
    expect(await told.messages('session-moved')).toEqual([expect.stringContaining('suppressed')]);
  });

  it('[message.change-told] is told of when it moves back after the move was told', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, moved(course, 9));
    expect(await told.send('session-moved')).toBe('sent');
    await told.tell(course, moved(course, 6));
    expect(await told.pending('session-moved')).toHaveLength(1);
  });

  it('[message.change-told] is told of when it takes place again after it was called off', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, cancelled(course));
    expect(await told.send('session-called-off')).toBe('sent');
    await told.tell(course, moved(course, 6));
    expect(await told.pending('session-moved')).toHaveLength(1);
    // Off once more before that was told: the patient knows no better than that it is off.
    await told.tell(course, cancelled(course));
    expect(await told.pending('session-')).toEqual([]);
  });

  it('[message.change-told] is called off until the time that the patient knows of', async () => {
    const course = await booked(9);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, moved(course, 12), cancelled(course));
    const { items } = await messaging.queries.list(told.world.chain, { limit: 9, kind: 'session-called-off' });
    const { expiresAt } = await messaging.queries.explain(told.world.chain, items[0]?.id as string);
    expect(expiresAt).toBe(zoned(told.day(9)).instant);
  });

  it('[message.change-told] is called off when its booking was a mistake and is taken back', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.retract(course, 'SessionBooked');
    const { items } = await messaging.queries.list(told.world.chain, { limit: 9, kind: 'session-called-off' });
    const { id } = items[0] as (typeof items)[number];
    const { expiresAt } = await messaging.queries.explain(told.world.chain, id);
    expect(expiresAt).toBe(zoned(told.day(6)).instant);
    expect(await told.send('session-called-off')).toBe('sent');
    const outbox = await messaging.queries.outbox(told.world.chain, { limit: 9, messageId: id });
    // As the patient was told it.
    expect(outbox.items[0]?.body).toMatch(/on .*14:00 at .* is called off/);
  });

  it('[message.change-told] is called off when its booking is taken back after it was moved', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, moved(course, 9));
    expect(await told.send('session-moved')).toBe('sent');
    await told.retract(course, 'SessionRescheduled');
    // It is back at its former time.
    expect(await told.send('session-moved')).toBe('sent');
    await told.retract(course, 'SessionBooked');
    expect(await told.send('session-called-off')).toBe('sent');
  });

  it('[message.change-told] is told of though the notes about what was planned are lost', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await messaging.engine.db.query('delete from planned_message where chain = $1', [told.world.chain.no]);
    await told.tell(course, moved(course, 9));
    expect(await told.send('session-moved')).toBe('sent');
    await messaging.engine.db.query('delete from planned_message where chain = $1', [told.world.chain.no]);
    await told.tell(course, cancelled(course));
    expect(await told.send('session-called-off')).toBe('sent');
  });
});

/** A provider whose answer is lost. */
const unanswering: Channel = {
  transport: 'smtp',
  deduplicatesForMs: 0,
  send: () => Promise.resolve({ kind: 'unknown', problem: 'no answer' }),
};

describe('a session of which nobody knows what the patient was told', () => {
  it('[message.change-told] is called off where a reminder may have arrived', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder', unanswering)).toBe('unknown');
    await told.retract(course, 'SessionBooked');
    expect(await told.send('session-called-off')).toBe('sent');
  });

  it('[message.change-told] is told of at its former time where the move may have been told', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, moved(course, 9));
    expect(await told.send('session-moved', unanswering)).toBe('unknown');
    await told.tell(course, moved(course, 6));
    expect(await told.send('session-moved')).toBe('sent');
  });
});

describe('the former booking of a session that is moved', () => {
  const formerBooking = async (course: CourseHistory) => {
    const { chain } = told.world;
    const { reader } = messaging;
    const { items } = await messaging.queries.list(chain, { limit: 9, kind: 'session-moved', status: 'pending' });
    const { state } = await reader.read(chain, messageStream(items[0]?.id as string), messageFold);
    const read = await reader.course(chain, course.id);
    if (state.status !== 'pending' || !read) throw new Error('There should be a message of a course');
    const world = { timeline: read.timeline, person: HERE };
    return readFormerBooking((stream) => reader.events(chain, stream), state.planned, world);
  };

  it('is that of which the patient was told last, and of no move before that was told', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, moved(course, 9));
    expect(await told.send('session-moved')).toBe('sent');
    await told.tell(course, moved(course, 11));
    await told.tell(course, moved(course, 13));
    expect(await formerBooking(course)).toEqual({ at: zoned(told.day(9)), siteId: told.world.of.site });
  });

  it('is none where the patient was told that it is off', async () => {
    const course = await booked(6);
    expect(await told.send('session-reminder')).toBe('sent');
    await told.tell(course, cancelled(course));
    expect(await told.send('session-called-off')).toBe('sent');
    await told.tell(course, moved(course, 9));
    expect(await formerBooking(course)).toBeUndefined();
  });
});

describe('a session that the patient was told nothing of', () => {
  it('[message.change-told] is moved and cancelled without a word', async () => {
    const course = await booked(6);
    await told.tell(course, moved(course, 9));
    await told.tell(course, cancelled(course));
    expect(await notices()).toEqual([]);
  });

  it('[message.change-told] is taken back without a word', async () => {
    const course = await booked(6);
    await told.retract(course, 'SessionBooked');
    expect(await notices()).toEqual([]);
  });
});
