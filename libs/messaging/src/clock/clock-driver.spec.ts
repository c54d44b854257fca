import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { CourseCompleted, courseStream } from '#libs/treatment/src/course/course.events.js';
import { SiteQuietHoursSet, siteStream } from '#libs/treatment/src/site/site.events.js';
import { openTestMessaging, recipient, type TestMessaging, type TestWorld } from '#test/support/test-messaging.js';
import { CourseHistory, zoned } from '#test/support/treatment-history.js';
import type { MessagingWorkers } from '../messaging.workers.js';

let messaging: TestMessaging;
let workers: MessagingWorkers;
let world: TestWorld;
let today: string;
beforeAll(async () => {
  messaging = await openTestMessaging();
  workers = messaging.workers({ queueName: `test-${newId()}` });
  workers.start();
});
afterAll(() => messaging.close());
beforeEach(async () => {
  world = await messaging.newWorld();
  today = (await messaging.engine.chains.now(world.chain)).slice(0, 10);
});

const day = (n: number, hour = '14:00') => `${addDays(today, n)}T${hour}`;
const now = occurredNow('2026-05-01T00:00:00.000Z');

async function advance(months: number, timeoutMs = 25_000) {
  const to = await messaging.clock.targetOf(world.chain, { months });
  const result = await messaging.clock.advanceAndWait(world.chain, to, timeoutMs);
  expect(result.advancing).toBeNull();
  expect(result.now >= to).toBe(true);
  return result;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('It did not happen within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What went out, in order, with how late it was: a little of real time passes at each step. */
async function sent() {
  const { items } = await messaging.queries.list(world.chain, { limit: 500, status: 'sent' });
  return items
    .map(({ kind, due, sentAt }) => ({
      kind,
      at: sentAt as string,
      lateMs: Date.parse(sentAt as string) - Date.parse(due.instant),
    }))
    .sort((a, b) => (a.at < b.at ? -1 : 1));
}

describe('advancing the clock of a sandbox chain', () => {
  it('sends each message at its time, in the order of those months, and lets none expire', async () => {
    const course = new CourseHistory(world.of).booked(day(20)).booked(day(34)).booked(day(48));
    await world.append(...course.streams());
    expect(await advance(2)).toMatchObject({ sent: 6 });
    const out = await sent();
    expect(out.map(({ kind }) => kind)).toEqual([
      ...[
        'aspirin-notice',
        'session-reminder',
        'aspirin-notice',
        'session-reminder',
        'aspirin-notice',
        'session-reminder',
      ],
    ]);
    for (const { lateMs } of out) expect(lateMs).toBeLessThan(10_000);
    expect(await messaging.queries.balance(world.chain)).toMatchObject({ planned: 6, sent: 6, expired: 0, pending: 0 });
  });

  it('brings what follows from what it brought: maintenance becomes due after a course is completed', async () => {
    const course = new CourseHistory(world.of).performed(day(-30)).performed(day(-16));
    await world.append(...course.streams());
    const completed = CourseCompleted(now, { courseId: course.id, patientId: world.of.patient });
    await world.append({ stream: courseStream(course.id), events: [completed] });
    await advance(8);
    const out = await sent();
    expect(out.map(({ kind }) => kind).filter((kind) => kind.startsWith('maintenance'))).toEqual([
      ...['maintenance-due-soon', 'maintenance-due', 'maintenance-overdue'],
    ]);
    expect(await messaging.queries.balance(world.chain)).toMatchObject({ expired: 0, pending: 0, failed: 0 });
  });

  it('[message.quiet-hours] waits for the morning where a message falls due in quiet hours', async () => {
    await world.append(...new CourseHistory(world.of).booked(day(20, '22:30')).streams());
    await advance(1);
    const out = await sent();
    // 22:30 to 08:00, on both days.
    for (const { lateMs } of out) expect(Math.round(lateMs / 60_000)).toBe(9.5 * 60);
    expect(out.length).toBe(2);
  });

  it('[message.quiet-hours] follows the hours that the site sets', async () => {
    const hours = SiteQuietHoursSet(now, { siteId: world.of.site, quietHours: { from: '13:00', to: '15:00' } });
    await world.append({ stream: siteStream(world.of.site), events: [hours] });
    await world.append(...new CourseHistory(world.of).booked(day(20)).streams());
    await advance(1);
    for (const { lateMs } of await sent()) expect(Math.round(lateMs / 60_000)).toBe(60);
  });

  it('is refused on a live chain, backwards, and further than five years', async () => {
    const live = await messaging.engine.chains.ensure(`live-${newId()}`, false);
    const soon = zoned(day(1)).instant;
    await expect(messaging.clock.advance(live, soon)).rejects.toMatchObject({
      code: 'clock.live-chain',
      kind: 'conflict',
    });
    const past = zoned(day(-1)).instant;
    await expect(messaging.clock.advance(world.chain, past)).rejects.toMatchObject({
      code: 'clock.backwards',
      kind: 'invalid',
    });
    const far = zoned(day(6 * 366)).instant;
    await expect(messaging.clock.advance(world.chain, far)).rejects.toMatchObject({ code: 'clock.too-far' });
  });

  it('shows what it does, and when the next message is due', async () => {
    await world.append(...new CourseHistory(world.of).booked(day(20)).streams());
    await messaging.follow(world.chain);
    const before = await messaging.clock.state(world.chain);
    expect(before).toMatchObject({ sandbox: true, offsetMs: 0, advancing: null, nextDue: zoned(day(13)).instant });
    await advance(1);
    const after = await messaging.clock.state(world.chain);
    expect(after.nextDue).toBeNull();
    expect(after.offsetMs).toBeGreaterThan(27 * 86_400_000);
  });

  it('goes on after a restart, by one driver at a time', async () => {
    await world.append(...new CourseHistory(world.of).booked(day(20)).streams());
    await messaging.follow(world.chain);
    // As a process leaves it that was killed on the way: its lease still stands for a moment.
    const to = zoned(day(30)).instant;
    await messaging.engine.db.query(
      `insert into chain_clock_target (chain, from_at, target, driver, lease_until)
       values ($1, $2, $3, $4, clock_timestamp() + interval '3 seconds')`,
      [world.chain.no, await messaging.engine.chains.now(world.chain), to, newId()],
    );
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect((await messaging.clock.state(world.chain)).nextDue).toBe(zoned(day(13)).instant);
    const deadline = performance.now() + 20_000;
    while ((await messaging.clock.state(world.chain)).advancing && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await sent()).length).toBe(2);
    expect((await messaging.clock.state(world.chain)).now >= to).toBe(true);
  });

  it('[message.closed] is refused while the chain’s messages do not go, and goes on when they do', async () => {
    await world.append(...new CourseHistory(world.of).booked(day(20)).streams());
    await messaging.follow(world.chain);
    await messaging.gate.close(world.chain, 'a restored backup');
    const to = zoned(day(30)).instant;
    await expect(messaging.clock.advance(world.chain, to)).rejects.toMatchObject({
      code: 'clock.dispatch-closed',
      kind: 'conflict',
      message: expect.stringContaining('a restored backup'),
    });
    // As where the gate is closed on the way.
    const before = await messaging.engine.chains.now(world.chain);
    await messaging.engine.db.query('insert into chain_clock_target (chain, from_at, target) values ($1, $2, $3)', [
      ...[world.chain.no, before, to],
    ]);
    const look = jest.spyOn(workers.held, 'look');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(look.mock.calls.filter(([chain]) => chain.no === world.chain.no)).toEqual([]);
    look.mockRestore();
    const state = await messaging.clock.state(world.chain);
    expect(state.advancing).toMatchObject({ to });
    expect(Date.parse(state.now) - Date.parse(before)).toBeLessThan(60_000);
    expect(await sent()).toEqual([]);
    await messaging.gate.open(world.chain);
    await until(async () => (await messaging.clock.state(world.chain)).advancing === null);
    expect((await messaging.clock.state(world.chain)).now >= to).toBe(true);
    expect((await sent()).length).toBe(2);
  });

  it('stands where the gate is closed on the way', async () => {
    await world.append(...new CourseHistory(world.of).booked(day(20)).booked(day(40)).streams());
    await messaging.follow(world.chain);
    const firstDue = zoned(day(13)).instant;
    const { chains } = messaging.engine;
    const advance = chains.advanceTo.bind(chains);
    const advanceTo = jest.spyOn(chains, 'advanceTo').mockImplementation(async (chain, at) => {
      await advance(chain, at);
      if (chain.no === world.chain.no) await messaging.gate.close(chain, 'a look at what goes out');
    });
    try {
      await messaging.clock.advance(world.chain, zoned(day(60)).instant);
      await until(async () => advanceTo.mock.calls.some(([chain]) => chain.no === world.chain.no));
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(advanceTo.mock.calls.filter(([chain]) => chain.no === world.chain.no).map(([, at]) => at)).toEqual([
        firstDue,
      ]);
    } finally {
      advanceTo.mockRestore();
    }
    expect(await sent()).toEqual([]);
    await messaging.gate.open(world.chain);
    await until(async () => (await messaging.clock.state(world.chain)).advancing === null);
    expect(await messaging.queries.balance(world.chain)).toMatchObject({ sent: 4, expired: 0, pending: 0 });
  });

  it('takes a step for each of a hundred messages at different times', async () => {
    const patients = Array.from({ length: 50 }, () => newId());
    await world.append(...patients.map((id) => recipient(id)));
    const courses = patients.flatMap((id, n) =>
      new CourseHistory({ ...world.of, patient: id }).booked(day(20, `10:${String(n).padStart(2, '0')}`)).streams(),
    );
    await world.append(...courses);
    await messaging.follow(world.chain);
    expect(await advance(1, 60_000)).toMatchObject({ sent: 100 });
    expect(await messaging.queries.balance(world.chain)).toMatchObject({ planned: 100, sent: 100 });
    const out = await sent();
    for (const { lateMs } of out) expect(lateMs).toBeLessThan(30_000);
  }, 90_000);
});
