import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { TZDB_VERSION } from '#libs/kernel/src/zoned-time.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Projections } from '#libs/projections/src/projections.js';
import { type CourseEvent, courseStream, SessionBooked } from '#libs/treatment/src/course/course.events.js';
import { courseFold } from '#libs/treatment/src/course/course.state.js';
import { SiteDayProjection } from '#libs/treatment/src/site/site-day/site-day.projection.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { openTestEngine, type TestEngine } from '#test/support/test-engine.js';
import { recipient } from '#test/support/test-messaging.js';
import { CourseHistory, practitioner, protocols, site } from '#test/support/treatment-history.js';
import { MessagePlanned, messageStream } from '../message/message.events.js';
import { messageFold } from '../message/message.state.js';
import { MESSAGING_EVENT_TYPES } from '../messaging.event-types.js';
import { type Messaging, openMessaging } from '../messaging.js';
import { ZoneRulesWatch } from './zone-rules-watch.js';

/**
 * In 2026 British Columbia gave up the change of the clock: by 2025c Vancouver would have been at −08:00 in winter, by
 * the rules of today it is at −07:00.
 */
const VANCOUVER = 'America/Vancouver';
const OLD = '2025c';
const WALL = '2035-12-14T09:00';
const [BY_OLD, BY_NEW] = ['2035-12-14T17:00:00.000Z', '2035-12-14T16:00:00.000Z'];

let engine: TestEngine;
let messaging: Messaging;
let projections: Projections;
beforeAll(async () => {
  engine = await openTestEngine([...TREATMENT_EVENT_TYPES, ...MESSAGING_EVENT_TYPES]);
  messaging = await openMessaging(engine);
  projections = await engine.projections([...messaging.works, new SiteDayProjection()]);
  projections.start();
});
afterAll(async () => {
  await projections.stop();
  await engine.close();
});

async function follow(chain: Chain): Promise<void> {
  for (;;) {
    const head = await engine.store.head(chain.id);
    await projections.waitForHead(chain, 20_000);
    if ((await engine.store.head(chain.id)) === head) return;
  }
}

/** A course in Vancouver with a session that was booked by older rules, and the reminder that follows from it. */
async function bookedByOldRules() {
  const chain = await engine.newChain();
  const of = { site: newId(), patient: newId(), practitioner: newId() };
  const course = new CourseHistory(of);
  const sessionId = newId();
  const ids = { courseId: course.id, patientId: of.patient, siteId: of.site };
  const at = { wall: WALL, zone: VANCOUVER, tzdb: OLD, instant: BY_OLD };
  const now = await engine.chains.now(chain);
  const session = { sessionId, kind: 'course' as const, number: 1, practitionerId: of.practitioner, at };
  course.push(SessionBooked(occurredNow(now), { ...ids, ...session }));
  await engine.append(chain, [
    ...[...protocols(chain.id), site(of.site, VANCOUVER), practitioner({ id: of.practitioner })],
    ...[recipient(of.patient), ...course.streams()],
  ]);
  await follow(chain);
  const { items } = await messaging.queries.list(chain, { limit: 10, status: 'pending' });
  const reminder = items.find(({ kind }) => kind === 'session-reminder');
  if (!reminder) throw new Error('There is no reminder');
  return { chain, ids, sessionId, reminder };
}

const sessionsOf = async (chain: Chain, courseId: string) => {
  const { state } = await messaging.reader.read<ReturnType<typeof courseFold.evolve>, CourseEvent>(
    chain,
    courseStream(courseId),
    courseFold,
  );
  return state.status === 'none' ? [] : state.sessions;
};

const stateOf = async (chain: Chain, messageId: string) =>
  (await messaging.reader.read(chain, messageStream(messageId), messageFold)).state;

describe('plans that newer rules of a zone move', () => {
  it('keep the wall time of a session, and take its reminder along', async () => {
    const { chain, ids, sessionId, reminder } = await bookedByOldRules();
    expect(reminder.due.instant).toBe('2035-12-13T17:00:00.000Z');
    const { sessions, messages } = await messaging.zones.run(chain);
    expect(sessions).toBe(1);
    // The reminder and the notice about aspirin.
    expect(messages).toBe(2);
    expect(await sessionsOf(chain, ids.courseId)).toMatchObject([
      { sessionId, status: 'booked', bookings: 1, bookedFor: { wall: WALL, tzdb: TZDB_VERSION, instant: BY_NEW } },
    ]);
    expect(await stateOf(chain, reminder.id)).toMatchObject({
      status: 'pending',
      due: { wall: '2035-12-13T09:00', instant: '2035-12-13T16:00:00.000Z' },
      planned: { expiresAt: BY_NEW },
    });
  });

  it('tell the patient nothing new: no message is planned or taken back', async () => {
    const { chain, reminder } = await bookedByOldRules();
    await messaging.zones.run(chain);
    await follow(chain);
    const { items } = await messaging.queries.list(chain, { limit: 10 });
    expect(items.map(({ kind, status }) => `${kind} ${status}`).sort()).toEqual([
      'aspirin-notice pending',
      'session-reminder pending',
    ]);
    expect(items.find(({ id }) => id === reminder.id)).toMatchObject({
      due: { wall: '2035-12-13T09:00', zone: VANCOUVER, instant: '2035-12-13T16:00:00.000Z' },
      nextDue: '2035-12-13T16:00:00.000Z',
    });
  });

  it('are listed with both instants and the tz databases that gave them', async () => {
    const { chain, ids, sessionId } = await bookedByOldRules();
    await messaging.zones.run(chain);
    expect((await messaging.zoneMoves.list(chain, { limit: 10 })).items).toMatchObject([
      {
        ...{ courseId: ids.courseId, courseCode: null, sessionId },
        at: { wall: WALL, zone: VANCOUVER, tzdb: TZDB_VERSION, instant: BY_NEW },
        was: { instant: BY_OLD, tzdb: OLD },
      },
    ]);
  });

  it('are moved once, however often it is looked', async () => {
    const { chain } = await bookedByOldRules();
    await Promise.all([messaging.zones.run(chain), messaging.zones.run(chain)]);
    await follow(chain);
    const head = await engine.store.head(chain.id);
    expect(await messaging.zones.run(chain)).toEqual({ sessions: 0, messages: 0 });
    expect(await engine.store.head(chain.id)).toBe(head);
    expect((await messaging.zoneMoves.list(chain, { limit: 10 })).items).toHaveLength(1);
  });

  it('move what follows from a day by its own wall time, sooner as well', async () => {
    const { chain, ids } = await bookedByOldRules();
    const messageId = newId();
    const planned = {
      ...{ ...ids, messageId, kind: 'maintenance-due' as const, generation: 0, facts: [] },
      cause: { kind: 'maintenance-window' as const, ordinal: 1 },
      due: { wall: '2035-12-20T09:00', zone: VANCOUVER, tzdb: OLD, instant: '2035-12-20T17:00:00.000Z' },
      expiresAt: '2036-01-20T17:00:00.000Z',
    };
    const event = MessagePlanned(occurredNow(await engine.chains.now(chain)), planned);
    await engine.append(chain, [{ stream: messageStream(messageId), events: [event] }]);
    await follow(chain);
    expect((await messaging.zones.run(chain)).messages).toBe(3);
    expect(await stateOf(chain, messageId)).toMatchObject({
      status: 'pending',
      due: { wall: '2035-12-20T09:00', tzdb: TZDB_VERSION, instant: '2035-12-20T16:00:00.000Z' },
      planned: { expiresAt: '2036-01-20T16:00:00.000Z' },
    });
  });
});

describe('newer rules of zones', () => {
  const log = { warn: () => {} };
  const watch = (tzdb: string, ran: string[]) =>
    new ZoneRulesWatch(
      {
        ...{ db: engine.db, chains: engine.chains },
        replanner: {
          run: (chain) => {
            ran.push(chain.slug);
            return Promise.resolve({ sessions: 0, messages: 0 });
          },
        },
      },
      tzdb,
    );

  it('are looked for once in each chain, by one process, and again when still newer ones come', async () => {
    const chain = await engine.newChain();
    const ran: string[] = [];
    const times = () => ran.filter((slug) => slug === chain.slug).length;
    await Promise.all([watch('2098a', ran).runDue(log), watch('2098a', ran).runDue(log)]);
    expect(times()).toBe(1);
    await watch('2098a', ran).runDue(log);
    // A process that was not brought up to date yet.
    await watch('2097a', ran).runDue(log);
    expect(times()).toBe(1);
    await watch('2099a', ran).runDue(log);
    expect(times()).toBe(2);
  });

  it('are looked for once more after an hour, for what older processes wrote meanwhile', async () => {
    const chain = await engine.newChain();
    const ran: string[] = [];
    const times = () => ran.filter((slug) => slug === chain.slug).length;
    const hourPasses = () =>
      engine.db.query(`update zone_rules set again_at = again_at - interval '61 minutes' where chain = $1`, [chain.no]);
    await watch('2099b', ran).runDue(log);
    await hourPasses();
    await watch('2099b', ran).runDue(log);
    await hourPasses();
    await watch('2099b', ran).runDue(log);
    expect(times()).toBe(2);
  });
});
