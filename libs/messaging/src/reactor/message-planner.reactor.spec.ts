import type { Chain } from '#libs/event-store/src/chains.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import {
  CourseCompleted,
  courseStream,
  MaintenanceDeclined,
  SessionCancelled,
  SessionRescheduled,
} from '#libs/treatment/src/course/course.events.js';
import { SiteImportedMaintenanceReleased, siteStream } from '#libs/treatment/src/site/site.events.js';
import { openTestMessaging, type TestMessaging, type TestWorld } from '#test/support/test-messaging.js';
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
  today = (await messaging.engine.chains.now(world.chain)).slice(0, 10);
});

const day = (n: number, hour = '14:00') => `${addDays(today, n)}T${hour}`;
const now = occurredNow('2026-05-01T00:00:00.000Z');

async function messages(chain: Chain = world.chain) {
  await messaging.follow(chain);
  const { items } = await messaging.queries.list(chain, { limit: 500 });
  return items
    .map(({ kind, status, reason, due }) => `${due.wall} ${kind} ${status}${reason ? ` (${reason})` : ''}`)
    .sort();
}

const courseEvents = async (courseId: string) =>
  (await messaging.engine.store.readStream(world.chain.id, courseStream(courseId))).map(({ header }) => header.type);

/** Gives the whole log to the planner once more, in pages of any size, as after a lost checkpoint. */
async function planAgain(pageEvents: number): Promise<void> {
  const { store, codec } = messaging.engine;
  const planner = messaging.works.find((work) => work instanceof MessagePlannerReactor) as MessagePlannerReactor;
  const all = (await store.readAll(world.chain.id)).filter(({ header }) => planner.types.has(header.type));
  for (let from = 0; from < all.length; from += pageEvents) {
    await planner.react(
      world.chain,
      all.slice(from, from + pageEvents).map((event) => codec.decodeSealed(event)),
    );
  }
}

/** A course of a slow rhythm that an import brings in: the window closed long ago. */
const overdue = () =>
  new CourseHistory(world.of, { plannedAt: '2024-01-02T10:00', end: 'completed', origin: 'import' })
    .performed('2024-01-10T10:00')
    .performed('2024-01-24T10:00');

describe('the planner', () => {
  it('[message.reminder] [message.cause-gone] plans what a booking asks for, and suppresses it when the session is cancelled', async () => {
    const sessionId = newId();
    const course = new CourseHistory(world.of).booked(day(20), { id: sessionId });
    await world.append(...course.streams());
    expect(await messages()).toEqual([`${day(13)} aspirin-notice pending`, `${day(19)} session-reminder pending`]);
    const cancelled = SessionCancelled(now, {
      courseId: course.id,
      patientId: world.of.patient,
      sessionId,
      reason: 'ill',
    });
    await world.append({ stream: courseStream(course.id), events: [cancelled] });
    expect(await messages()).toEqual([
      `${day(13)} aspirin-notice suppressed (session-cancelled)`,
      `${day(19)} session-reminder suppressed (session-cancelled)`,
    ]);
  });

  it('[message.new-time] plans anew for the new time of a session', async () => {
    const sessionId = newId();
    const course = new CourseHistory(world.of).booked(day(20), { id: sessionId });
    await world.append(...course.streams());
    await messages();
    const moved = SessionRescheduled(now, {
      ...{ courseId: course.id, patientId: world.of.patient, sessionId, siteId: world.of.site },
      ...{ practitionerId: world.of.practitioner, at: zoned(day(30)) },
    });
    await world.append({ stream: courseStream(course.id), events: [moved] });
    expect(await messages()).toEqual([
      `${day(13)} aspirin-notice suppressed (session-rescheduled)`,
      `${day(19)} session-reminder suppressed (session-rescheduled)`,
      `${day(23)} aspirin-notice pending`,
      `${day(29)} session-reminder pending`,
    ]);
  });

  it('[message.once] adds nothing when it sees the same events again, cut into any pages, its notes lost or not', async () => {
    const sessionId = newId();
    const booked = new CourseHistory(world.of).booked(day(20), { id: sessionId }).booked(day(40));
    await world.append(...booked.streams(), ...overdue().streams());
    const moved = SessionCancelled(now, { courseId: booked.id, patientId: world.of.patient, sessionId, reason: 'ill' });
    await world.append({ stream: courseStream(booked.id), events: [moved] });
    const before = await messages();
    const head = await messaging.engine.store.head(world.chain.id);
    await planAgain(1);
    await messaging.engine.db.query('delete from planned_message where chain = $1', [world.chain.no]);
    await messaging.engine.db.query('delete from messaging_course where chain = $1', [world.chain.no]);
    await planAgain(7);
    expect(await messaging.engine.store.head(world.chain.id)).toBe(head);
    expect(await messages()).toEqual(before);
  });

  it('suppresses several hundred messages of one cause', async () => {
    const course = new CourseHistory(world.of);
    for (let n = 0; n < 120; n += 1) course.booked(day(20 + n));
    await world.append(...course.streams());
    expect((await messages()).length).toBe(240);
    const events = course.events
      .filter(({ type }) => type === 'SessionBooked')
      .map(({ data }) => {
        const { sessionId } = data as { sessionId: string };
        return SessionCancelled(now, { courseId: course.id, patientId: world.of.patient, sessionId, reason: 'moved' });
      });
    await world.append({ stream: courseStream(course.id), events });
    await messages();
    expect(await messaging.queries.balance(world.chain)).toMatchObject({ planned: 240, suppressed: 240, pending: 0 });
  });
});

describe('maintenance', () => {
  it('[maintenance.proposed] is proposed when a course is completed, and again after each maintenance session', async () => {
    const course = new CourseHistory(world.of).performed(day(-40)).performed(day(-20));
    await world.append(...course.streams());
    const named = { courseId: course.id, patientId: world.of.patient };
    await world.append({ stream: courseStream(course.id), events: [CourseCompleted(now, named)] });
    await messages();
    expect(await courseEvents(course.id)).toEqual([
      ...['CoursePlanned', 'SessionPerformed', 'SessionPerformed', 'CourseCompleted', 'MaintenanceProposed'],
    ]);
    const treated = new CourseHistory(world.of, { id: course.id }).performed(day(0, '00:01'), { kind: 'maintenance' });
    await world.append({ stream: courseStream(course.id), events: treated.events.slice(1) });
    const after = await messages();
    expect((await courseEvents(course.id)).slice(-2)).toEqual(['SessionPerformed', 'MaintenanceProposed']);
    expect(after.filter((line) => line.includes('maintenance-window-moved')).length).toBe(3);
    expect(after.filter((line) => line.includes('maintenance') && line.endsWith('pending')).length).toBe(3);
  });

  it('[maintenance.ends] ends when the patient declines', async () => {
    const course = new CourseHistory(world.of, { end: 'completed' }).performed(day(-20));
    await world.append(...course.streams());
    await messages();
    const declined = MaintenanceDeclined(now, { courseId: course.id, patientId: world.of.patient });
    await world.append({ stream: courseStream(course.id), events: [declined] });
    expect((await messages()).filter((line) => line.includes('maintenance-declined)')).length).toBe(3);
  });

  it('[maintenance.later-course] ends when a later course of the patient under the same protocol begins', async () => {
    const former = new CourseHistory(world.of, { end: 'completed' }).performed(day(-30));
    await world.append(...former.streams());
    await messages();
    await world.append(...new CourseHistory(world.of).performed(day(-1)).streams());
    expect((await messages()).filter((line) => line.includes('rhythm-ended')).length).toBe(3);
  });
});

describe('an old history', () => {
  it('[message.no-burst] plans nothing that was due before it came in', async () => {
    const history = overdue().performed('2024-05-01T10:00', { kind: 'maintenance' });
    await world.append(...history.streams());
    expect(await messages()).toEqual([]);
  });

  it('[message.imported-overdue] keeps its overdue maintenance until staff of the site let it go', async () => {
    const course = overdue();
    await world.append(...course.streams());
    expect(await messages()).toEqual([]);
    expect((await courseEvents(course.id)).at(-1)).toBe('MaintenanceProposed');
    const release = SiteImportedMaintenanceReleased(now, { siteId: world.of.site });
    await world.append({ stream: siteStream(world.of.site), events: [release] });
    expect(await messages()).toEqual([expect.stringMatching(/ maintenance-overdue pending$/)]);
  });
});

it('keeps its read model in a schema of its own', () => {
  const [, messagesProjection] = messaging.works;
  expect(schemaOf(messagesProjection as never)).toBe('messages_v3');
});
