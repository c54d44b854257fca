import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays, addMonths } from '#libs/kernel/src/local-date.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import {
  CourseEntryRetracted,
  CourseLapsed,
  courseStream,
  MaintenanceDeclined,
  MaintenanceResumed,
  MaintenanceScheduled,
  SessionPerformedCorrected,
} from '#libs/treatment/src/course/course.events.js';
import {
  PatientDied,
  PatientEntryRetracted,
  PatientLinked,
  PatientMovedAway,
  PatientReturned,
  patientStream,
} from '#libs/treatment/src/patient/patient.events.js';
import { openTestMessaging, recipient, type TestMessaging, type TestWorld } from '#test/support/test-messaging.js';
import { CourseHistory, zoned } from '#test/support/treatment-history.js';
import { MessagePlannerReactor } from './message-planner.reactor.js';

let messaging: TestMessaging;
let world: TestWorld;
let today: string;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());
beforeEach(async () => {
  world = await messaging.newWorld();
  // Of the site: a session of its small hours is not a day old, whatever the hour is in UTC.
  today = localDateAt(await messaging.engine.chains.now(world.chain), 'Europe/Istanbul');
});

const day = (n: number, hour = '14:00') => `${addDays(today, n)}T${hour}`;
const now = occurredNow('2026-05-01T00:00:00.000Z');

/** What is planned, and what became of it: sorted by due time. */
async function messages(kinds = ''): Promise<string[]> {
  await messaging.follow(world.chain);
  const { items } = await messaging.queries.list(world.chain, { limit: 500 });
  return items
    .filter(({ kind }) => kind.startsWith(kinds))
    .map(({ kind, status, reason, due }) => `${due.wall.slice(0, 10)} ${kind} ${status}${reason ? ` (${reason})` : ''}`)
    .sort();
}

const named = (course: CourseHistory) => ({ courseId: course.id, patientId: world.of.patient });
const tell = (course: CourseHistory, ...events: NewEvent[]) =>
  world.append({ stream: courseStream(course.id), events });
const tellPatient = (id: string, ...events: NewEvent[]) => world.append({ stream: patientStream(id), events });
const lastOf = async (stream: string, type: string) =>
  (await messaging.engine.store.readStream(world.chain.id, stream)).findLast(({ header }) => header.type === type)
    ?.header.id as string;

/** Corrects the last performed session of a course. */
async function correct(course: CourseHistory, changes: object): Promise<void> {
  const original = course.events.findLast(({ type }) => type === 'SessionPerformed')?.data;
  const data = { ...(original as Parameters<typeof SessionPerformedCorrected>[1]), ...changes };
  const corrects = await lastOf(courseStream(course.id), 'SessionPerformed');
  await tell(course, SessionPerformedCorrected(occurredAt(data.at), { ...data, corrects, correctionReason: 'a typo' }));
}
async function retract(course: CourseHistory, type: string): Promise<void> {
  const retracts = await lastOf(courseStream(course.id), type);
  await tell(course, CourseEntryRetracted(now, { ...named(course), retracts, retractionReason: 'by mistake' }));
}

/** Gives the whole log to the planner once more, its notes lost: it must come to the very same. */
async function planAgain(): Promise<void> {
  const { store, db } = messaging.engine;
  const before = await store.head(world.chain.id);
  for (const table of ['planned_message', 'messaging_course', 'messaging_person']) {
    await db.query(`delete from ${table} where chain = $1`, [world.chain.no]);
  }
  const planner = messaging.works.find((work) => work instanceof MessagePlannerReactor) as MessagePlannerReactor;
  const all = (await store.readAll(world.chain.id)).filter(({ header }) => planner.types.has(header.type));
  await planner.react(
    world.chain,
    all.map((event) => messaging.engine.codec.decodeSealed(event)),
  );
  expect(await store.head(world.chain.id)).toBe(before);
}
afterEach(planAgain);

describe('a correction of a performed session', () => {
  it('[message.window-moved] moves the maintenance window and its messages', async () => {
    const course = new CourseHistory(world.of, { end: 'completed' }).performed(day(-20));
    await world.append(...course.streams());
    const opens = (anchor: number) => addMonths(addDays(today, anchor), 3);
    expect((await messages('maintenance'))[1]).toBe(`${opens(-20)} maintenance-due pending`);
    await correct(course, { at: zoned(day(-10)) });
    const after = await messages('maintenance');
    expect(after.filter((line) => line.endsWith('suppressed (maintenance-window-moved)'))).toHaveLength(3);
    expect(after.filter((line) => line.endsWith('pending'))).toEqual([
      expect.stringContaining(' maintenance-due-soon pending'),
      `${opens(-10)} maintenance-due pending`,
      expect.stringContaining(' maintenance-overdue pending'),
    ]);
  });

  it('[message.corrected] moves what has not gone, and [message.told-before] leaves what was sent', async () => {
    // A site where it is about noon, whenever the test runs: no quiet hours are near.
    const hours = 12 - new Date(await messaging.engine.chains.now(world.chain)).getUTCHours();
    world = await messaging.newWorld({ zone: `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}` });
    const course = new CourseHistory(world.of).performed(day(0, '00:01'));
    await world.append(...course.streams());
    expect((await messages()).filter((line) => line.endsWith('pending'))).toHaveLength(3);
    const { items } = await messaging.queries.list(world.chain, { limit: 10, kind: 'aftercare' });
    const { dispatcher } = messaging.workers();
    expect(await dispatcher.dispatch(world.chain, items[0]?.id as string)).toBe('sent');
    await correct(course, { at: zoned(day(0, '00:31')) });
    const after = await messages();
    expect(after.filter((line) => line.includes('superseded'))).toHaveLength(2);
    expect(after.filter((line) => line.includes('aftercare'))).toEqual([expect.stringMatching(/aftercare sent$/)]);
    expect(after.filter((line) => line.endsWith('pending')).map((line) => line.split(' ')[1])).toEqual([
      'all-clear',
      'check-in',
    ]);
  });

  it('[message.corrected] changes nothing where only a score or a volume was mistyped', async () => {
    const course = new CourseHistory(world.of).performed(day(0, '00:01'));
    await world.append(...course.streams());
    const before = await messages();
    await correct(course, { painScore: 2, products: [{ product: 'GlowMeso', lotNumber: 'L1', volumeMl: 3 }] });
    expect(await messages()).toEqual(before);
  });

  it('[message.retracted] that never took place ends its messages', async () => {
    const course = new CourseHistory(world.of).performed(day(0, '00:01'));
    await world.append(...course.streams());
    await messages();
    await retract(course, 'SessionPerformed');
    const after = await messages();
    expect(after).toHaveLength(3);
    expect(after.every((line) => line.endsWith('suppressed (cause-retracted)'))).toBe(true);
  });

  it('[message.retracted] tells of the booking again that it had ended', async () => {
    const [sessionId, wrong] = [newId(), day(0, '00:01')];
    const course = new CourseHistory(world.of).booked(day(20), { id: sessionId });
    await world.append(...course.streams());
    await messages();
    const treated = new CourseHistory(world.of, { id: course.id }).performed(wrong, { id: sessionId, number: 1 });
    await tell(course, ...treated.events.slice(1));
    expect((await messages('session-reminder')).join()).toContain('session-performed');
    await retract(course, 'SessionPerformed');
    expect(await messages('session-reminder')).toEqual([
      `${addDays(today, 19)} session-reminder pending`,
      `${addDays(today, 19)} session-reminder suppressed (session-performed)`,
    ]);
  });
});

describe('maintenance', () => {
  it('[message.maintenance-back] is told again when the patient wants it again', async () => {
    const course = new CourseHistory(world.of, { end: 'completed' }).performed(day(-20));
    await world.append(...course.streams());
    await messages();
    await tell(course, MaintenanceDeclined(now, named(course)));
    expect((await messages('maintenance')).filter((line) => line.includes('maintenance-declined'))).toHaveLength(3);
    await tell(course, MaintenanceResumed(now, named(course)));
    expect((await messages('maintenance')).filter((line) => line.endsWith('pending'))).toHaveLength(3);
  });

  it('[message.maintenance-back] is told again when a later course had not begun after all', async () => {
    const former = new CourseHistory(world.of, { end: 'completed' }).performed(day(-30));
    await world.append(...former.streams());
    await messages();
    const later = new CourseHistory(world.of).performed(day(-1));
    await world.append(...later.streams());
    expect((await messages('maintenance')).filter((line) => line.includes('rhythm-ended'))).toHaveLength(3);
    await retract(later, 'SessionPerformed');
    expect((await messages('maintenance')).filter((line) => line.endsWith('pending'))).toHaveLength(3);
  });

  it('[maintenance.physician-sets] is told around the window that a physician has set', async () => {
    const course = new CourseHistory(world.of, { protocol: 'clinic-faq', end: 'completed' }).performed(day(-20));
    await world.append(...course.streams());
    expect(await messages('maintenance')).toEqual([]);
    const window = { opens: addDays(today, 60), closes: addDays(today, 80) };
    const set = { ...named(course), physicianId: world.of.practitioner, ...window };
    await tell(course, MaintenanceScheduled(now, set));
    expect((await messages('maintenance'))[1]).toBe(`${window.opens} maintenance-due pending`);
    await tell(course, MaintenanceScheduled(now, { ...set, opens: addDays(today, 61) }));
    expect((await messages('maintenance')).filter((line) => line.includes('maintenance-window-moved'))).toHaveLength(3);
  });
});

describe('the end of a course or of a person', () => {
  const ahead = async (sessionDay = 20) => {
    const course = new CourseHistory(world.of).performed(day(0, '00:01')).booked(day(sessionDay));
    await world.append(...course.streams());
    await messages();
    return course;
  };
  const states = async () => {
    const all = await messages();
    return {
      ahead: all.filter((line) => /session-reminder|aspirin/.test(line)).map((line) => line.replace(/^\S+ \S+ /, '')),
      after: all.filter((line) => /all-clear|check-in/.test(line)).map((line) => line.replace(/^\S+ \S+ /, '')),
    };
  };

  it('[message.recall] a course that has lapsed ends what is ahead, and no aftercare', async () => {
    const course = await ahead();
    await tell(course, CourseLapsed(now, { ...named(course), practitionerId: world.of.practitioner, reason: 'away' }));
    expect(await states()).toEqual({
      ahead: ['suppressed (course-lapsed)', 'suppressed (course-lapsed)'],
      after: ['pending', 'pending'],
    });
  });

  it('[message.patient-gone] a death ends everything, until it turns out to have been a mistake', async () => {
    await ahead();
    const { patient: patientId } = world.of;
    await tellPatient(patientId, PatientDied(now, { patientId, on: today }));
    const ended = ['suppressed (patient-died)', 'suppressed (patient-died)'];
    expect(await states()).toEqual({ ahead: ended, after: ended });
    const retracts = await lastOf(patientStream(patientId), 'PatientDied');
    await tellPatient(patientId, PatientEntryRetracted(now, { patientId, retracts, retractionReason: 'the brother' }));
    const back = ['pending', ...ended.slice(1), 'pending', ...ended.slice(1)].sort();
    const after = await states();
    expect(after.ahead.sort()).toEqual(back);
    expect(after.after.sort()).toEqual(back);
  });

  it('[maintenance.patient-gone] nothing is proposed to somebody who has moved away, until they return', async () => {
    const { patient: patientId } = world.of;
    await tellPatient(patientId, PatientMovedAway(now, { patientId, on: today }));
    const course = new CourseHistory(world.of, { end: 'completed' }).performed(day(-20));
    await world.append(...course.streams());
    expect(await messages('maintenance')).toEqual([]);
    expect(await lastOf(courseStream(course.id), 'MaintenanceProposed')).toBeUndefined();
    await tellPatient(patientId, PatientReturned(now, { patientId, on: today }));
    expect((await messages('maintenance')).map((line) => line.split(' ').at(-1))).toEqual([
      'pending',
      'pending',
      'pending',
    ]);
  });

  it('[message.patient-gone] a move ends what is ahead, by any registration, and a return tells it again', async () => {
    await ahead();
    const [other, linkId, { patient: patientId }] = [newId(), newId(), world.of];
    const link = (a: string, b: string) =>
      PatientLinked(now, { patientId: a, otherPatientId: b, linkId, reason: 'same' });
    await world.append(recipient(other));
    await tellPatient(other, link(other, patientId), PatientMovedAway(now, { patientId: other, on: today }));
    await tellPatient(patientId, link(patientId, other));
    const ended = ['suppressed (patient-moved-away)', 'suppressed (patient-moved-away)'];
    expect(await states()).toEqual({ ahead: ended, after: ['pending', 'pending'] });
    await tellPatient(other, PatientReturned(now, { patientId: other, on: today }));
    expect(await states()).toEqual({
      ahead: expect.arrayContaining(['pending', ...ended]),
      after: ['pending', 'pending'],
    });
  });
});
