import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { CourseStopped, courseStream, SessionBooked } from '#libs/treatment/src/course/course.events.js';
import {
  HealthFactEnded,
  HealthFactRecorded,
  PatientEntryRetracted,
  PatientLinked,
  patientStream,
} from '#libs/treatment/src/patient/patient.events.js';
import { LotRecalled, LotRecallLifted, recallIdOf, recallStream } from '#libs/treatment/src/recall/recall.events.js';
import { openTestMessaging, recipient, type TestMessaging, type TestWorld } from '#test/support/test-messaging.js';
import { CourseHistory, zoned } from '#test/support/treatment-history.js';
import { type MessageEvent, messageStream } from '../message/message.events.js';
import { type ClaimedMessage, HeldNotes } from './held-notes.js';

let messaging: TestMessaging;
beforeAll(async () => {
  messaging = await openTestMessaging();
});
afterAll(() => messaging.close());

const now = occurredNow('2026-05-01T00:00:00.000Z');
/** Looked at each time that the sweeper comes by. */
const times = { jobLostMs: 60_000, attemptStaleMs: 60_000, heldLookMs: 0 };

/** A reminder whose time has come, of a session the day after, at two in the afternoon. */
interface Reminder extends TestWorld {
  readonly course: CourseHistory;
  readonly messageId: string;
  /** The day of the session. */
  readonly day: string;
}

async function dueReminder(lotNumber?: string): Promise<Reminder> {
  const world = await messaging.newWorld();
  const day = addDays((await messaging.engine.chains.now(world.chain)).slice(0, 10), 6);
  const course = new CourseHistory(world.of).booked(`${day}T14:00`);
  const booked = course.events.pop()?.data as Parameters<typeof SessionBooked>[1];
  const products = lotNumber === undefined ? {} : { products: [{ product: 'GlowMeso', lotNumber }] };
  course.push(SessionBooked(now, { ...booked, ...products }));
  await world.append(...course.streams());
  await messaging.follow(world.chain);
  const { items } = await messaging.queries.list(world.chain, { limit: 10, kind: 'session-reminder' });
  const [reminder] = items;
  if (!reminder) throw new Error('There should be a reminder');
  await messaging.engine.chains.advanceTo(world.chain, reminder.due.instant);
  return { ...world, course, messageId: reminder.id, day };
}

const dispatch = ({ chain, messageId }: Reminder) => messaging.workers().dispatcher.dispatch(chain, messageId);
async function sweep({ chain }: Reminder): Promise<void> {
  await messaging.follow(chain);
  await messaging.workers({ times }).sweeper.sweep(chain);
  await messaging.follow(chain);
}
async function history({ chain, messageId }: Reminder): Promise<string[]> {
  const events = await messaging.engine.store.readStream(chain.id, messageStream(messageId));
  return events.map((stored) => {
    const event = messaging.engine.codec.decodeSealed<MessageEvent>(stored);
    if (event.type === 'MessageHeld') return `${event.type} ${event.data.reasons.join(' ')}`;
    if (event.type === 'MessageExpired') return `${event.type} ${event.data.heldFor?.join(' ') ?? ''}`;
    return event.type === 'MessageSuppressed' ? `${event.type} ${event.data.reason}` : event.type;
  });
}
const balance = async ({ chain }: Reminder) => messaging.queries.balance(chain);
const explain = async ({ chain, messageId }: Reminder) => messaging.queries.explain(chain, messageId);

const factId = newId();
const pregnant = ({ of, append }: Reminder, since: string | null = null, patientId = of.patient) =>
  append({
    stream: patientStream(patientId),
    events: [
      HealthFactRecorded(now, {
        ...{ patientId, factId, kind: 'condition', since, until: null, statement: 'pregnancy' },
      }),
    ],
  });
const HELD = 'MessageHeld session.contraindication-absolute';

describe('late knowledge', () => {
  it('[message.held] holds the reminder of a session that it blocks, and its end releases it', async () => {
    const reminder = await dueReminder();
    await pregnant(reminder);
    expect(await dispatch(reminder)).toBe('held');
    expect(await dispatch(reminder)).toBe('held');
    await sweep(reminder);
    expect(await history(reminder)).toEqual(['MessagePlanned', HELD]);
    expect(await explain(reminder)).toMatchObject({
      status: 'pending',
      heldFor: ['session.contraindication-absolute'],
      reason: null,
    });
    expect(await balance(reminder)).toMatchObject({ planned: 1, pending: 1, suppressed: 0 });

    const ended = HealthFactEnded(now, { patientId: reminder.of.patient, factId, until: addDays(reminder.day, -1) });
    await reminder.append({ stream: patientStream(reminder.of.patient), events: [ended] });
    await sweep(reminder);
    expect(await history(reminder)).toEqual([
      ...['MessagePlanned', HELD, 'MessageReleased', 'MessageAttempted', 'MessageSent'],
    ]);
    expect(await explain(reminder)).toMatchObject({ status: 'sent', heldFor: [] });
    expect(await balance(reminder)).toMatchObject({ planned: 1, sent: 1, pending: 0 });
  });

  it('[message.released] that was entered by mistake, and is taken back, holds nothing any more', async () => {
    const reminder = await dueReminder();
    await pregnant(reminder);
    expect(await dispatch(reminder)).toBe('held');
    const stream = patientStream(reminder.of.patient);
    const events = await messaging.engine.store.readStream(reminder.chain.id, stream);
    const retracts = events.findLast(({ header }) => header.type === 'HealthFactRecorded')?.header.id as string;
    const { patient: patientId } = reminder.of;
    const retraction = PatientEntryRetracted(now, { patientId, retracts, retractionReason: 'another patient' });
    await reminder.append({ stream, events: [retraction] });
    expect(await dispatch(reminder)).toBe('sent');
  });

  it('[message.held] of another registration of the person counts as well', async () => {
    const reminder = await dueReminder();
    const [other, linkId, { patient: patientId }] = [newId(), newId(), reminder.of];
    const link = (a: string, b: string) =>
      PatientLinked(now, { patientId: a, otherPatientId: b, linkId, reason: 'same' });
    await reminder.append(recipient(other));
    await pregnant(reminder, null, other);
    await reminder.append(
      { stream: patientStream(patientId), events: [link(patientId, other)] },
      { stream: patientStream(other), events: [link(other, patientId)] },
    );
    expect(await dispatch(reminder)).toBe('held');
  });

  it('[message.released] expires with its reason when the session has come and nothing was settled', async () => {
    const reminder = await dueReminder();
    await pregnant(reminder);
    expect(await dispatch(reminder)).toBe('held');
    await messaging.engine.chains.advanceTo(reminder.chain, zoned(`${reminder.day}T14:00`).instant);
    await sweep(reminder);
    expect(await history(reminder)).toEqual([
      ...['MessagePlanned', HELD, 'MessageExpired session.contraindication-absolute'],
    ]);
    expect(await balance(reminder)).toMatchObject({ planned: 1, expired: 1, pending: 0 });
  });

  it('[message.held] that is learned while the message is decided on is noticed', async () => {
    const reminder = await dueReminder();
    const store = messaging.engine.store;
    const append = store.append.bind(store);
    let learned = false;
    jest.spyOn(store, 'append').mockImplementation(async (request) => {
      if (!learned && request.context.actor === 'system:dispatcher') {
        learned = true;
        await pregnant(reminder);
      }
      return append(request);
    });
    try {
      expect(await dispatch(reminder)).toBe('held');
    } finally {
      jest.restoreAllMocks();
    }
    expect(await history(reminder)).toEqual(['MessagePlanned', HELD]);
  });
});

describe('a look at what is held', () => {
  const held = async (): Promise<Reminder> => {
    const reminder = await dueReminder();
    await pregnant(reminder);
    // What was learned before the hold wakes nothing.
    await messaging.follow(reminder.chain);
    expect(await dispatch(reminder)).toBe('held');
    await messaging.follow(reminder.chain);
    return reminder;
  };
  const looks = ({ chain }: Reminder, held = messaging.workers({ times }).held) => held.look(chain);
  const ends = ({ of, append, day }: Reminder) =>
    append({
      stream: patientStream(of.patient),
      events: [HealthFactEnded(now, { patientId: of.patient, factId, until: addDays(day, -1) })],
    });

  it('[message.held] is taken when something has happened to what holds it, and not before', async () => {
    const reminder = await held();
    expect(await looks(reminder)).toBe(0);
    const stranger = newId();
    await reminder.append(recipient(stranger));
    await pregnant(reminder, null, stranger);
    await messaging.follow(reminder.chain);
    expect(await looks(reminder)).toBe(0);
    await ends(reminder);
    await messaging.follow(reminder.chain);
    expect(await looks(reminder)).toBe(1);
    expect((await history(reminder)).at(-1)).toBe('MessageSent');
  });

  it('[message.held] is taken by one process of many', async () => {
    const reminder = await held();
    await ends(reminder);
    await messaging.follow(reminder.chain);
    const taken = await Promise.all([1, 2, 3].map(() => looks(reminder)));
    expect(taken.filter((count) => count > 0)).toEqual([1]);
  });

  it('[message.held] is taken once more where something happens while somebody looks', async () => {
    const reminder = await held();
    const notes = new HeldNotes(messaging.engine.db);
    const stream = patientStream(reminder.of.patient);
    const at = await messaging.engine.chains.now(reminder.chain);
    await notes.wake(reminder.chain, [stream]);
    const [claimed] = await notes.claim(reminder.chain, at, 10);
    await notes.wake(reminder.chain, [stream]);
    await notes.leave(reminder.chain, claimed as ClaimedMessage, at);
    expect(await looks(reminder)).toBe(1);
    expect(await looks(reminder)).toBe(0);
  });

  it('[message.held] is taken again after a note about it was lost', async () => {
    const reminder = await held();
    await messaging.engine.db.query('delete from dispatch_held where chain = $1', [reminder.chain.no]);
    await ends(reminder);
    await messaging.follow(reminder.chain);
    expect(await looks(reminder)).toBe(0);
    await messaging.workers({ times }).held.mend();
    expect(await looks(reminder)).toBe(1);
    expect((await history(reminder)).at(-1)).toBe('MessageSent');
  });

  it('[message.closed] forgets nothing while the chain’s messages do not go', async () => {
    const reminder = await held();
    await ends(reminder);
    await messaging.follow(reminder.chain);
    await messaging.gate.close(reminder.chain, 'a restored backup');
    expect(await looks(reminder)).toBe(1);
    // It is not looked at again and again meanwhile.
    expect(await looks(reminder)).toBe(0);
    expect(await history(reminder)).toEqual(['MessagePlanned', HELD]);
    await messaging.gate.open(reminder.chain);
    const inAMinute = new Date(Date.parse(await messaging.engine.chains.now(reminder.chain)) + 61_000);
    await messaging.engine.chains.advanceTo(reminder.chain, inAMinute.toISOString());
    expect(await looks(reminder)).toBe(1);
    expect((await history(reminder)).at(-1)).toBe('MessageSent');
  });

  it('[message.failed] fails when it can never be written, and is left alone when only the moment is bad', async () => {
    const reminder = await held();
    const workers = messaging.workers({ times });
    const wake = () => new HeldNotes(messaging.engine.db).wake(reminder.chain, [patientStream(reminder.of.patient)]);
    const dispatching = jest.spyOn(workers.dispatcher, 'dispatch');
    dispatching.mockRejectedValue(new Unavailable('database.gone', 'The database is gone.'));
    for (const _ of [1, 2, 3, 4]) {
      await wake();
      expect(await looks(reminder, workers.held)).toBe(1);
    }
    expect(await looks(reminder, workers.held)).toBe(0);
    dispatching.mockRejectedValue(new TypeError('no template'));
    await wake();
    for (const _ of [1, 2, 3]) expect(await looks(reminder, workers.held)).toBe(1);
    expect(await looks(reminder, workers.held)).toBe(0);
    await messaging.follow(reminder.chain);
    expect((await history(reminder)).at(-1)).toBe('MessageFailed');
    expect(await balance(reminder)).toMatchObject({ planned: 1, failed: 1, pending: 0 });
  });
});

describe('a recall', () => {
  const recall = ({ chain, append }: Reminder, lotNumber: string, ...which: ('recalled' | 'lifted')[]) => {
    const of = { recallId: recallIdOf(chain.id, 'GlowMeso', lotNumber), product: 'GlowMeso', lotNumber };
    const notice = { reference: 'R-1' };
    return append({
      stream: recallStream(chain.id, 'GlowMeso', lotNumber),
      events: which.map((each) =>
        each === 'recalled'
          ? LotRecalled(now, { ...of, ...notice, recalledOn: '2026-01-01', cause: 'sterility' })
          : LotRecallLifted(now, { ...of, ...notice, liftedOn: '2026-01-02' }),
      ),
    });
  };

  it('[message.recall] holds the reminder of a session that is planned on the lot, until it is lifted', async () => {
    const reminder = await dueReminder('L7');
    await recall(reminder, 'L7', 'recalled');
    expect(await dispatch(reminder)).toBe('held');
    expect((await history(reminder)).at(-1)).toBe('MessageHeld lot.recalled');
    await recall(reminder, 'L7', 'lifted');
    await sweep(reminder);
    expect((await history(reminder)).at(-1)).toBe('MessageSent');
  });

  it('[message.recall] of another lot holds nothing', async () => {
    const reminder = await dueReminder('L8');
    await recall(reminder, 'L7', 'recalled');
    expect(await dispatch(reminder)).toBe('sent');
  });
});

it('[message.cause-gone] a message that is held ends with its cause', async () => {
  const reminder = await dueReminder();
  await pregnant(reminder);
  expect(await dispatch(reminder)).toBe('held');
  const { course, of } = reminder;
  const stopped = CourseStopped(now, { courseId: course.id, patientId: of.patient, reason: 'pregnant' });
  await reminder.append({ stream: courseStream(course.id), events: [stopped] });
  await sweep(reminder);
  expect((await history(reminder)).at(-1)).toBe('MessageSuppressed course-stopped');
});

describe('the clock of a sandbox', () => {
  async function advance(reminder: Reminder, to: string): Promise<void> {
    const { chain } = reminder;
    const workers = messaging.workers({ queueName: `test-${newId()}` });
    workers.start();
    try {
      await messaging.clock.advanceAndWait(chain, to, 30_000);
    } finally {
      await workers.stop();
    }
    await messaging.follow(chain);
  }

  it('[message.released] does not pass a message by that is no longer held, and expires what is', async () => {
    const reminder = await dueReminder();
    const other = await dueReminder();
    for (const each of [reminder, other]) {
      await pregnant(each);
      expect(await dispatch(each)).toBe('held');
      await messaging.follow(each.chain);
    }
    const ended = HealthFactEnded(now, { patientId: reminder.of.patient, factId, until: addDays(reminder.day, -1) });
    await reminder.append({ stream: patientStream(reminder.of.patient), events: [ended] });
    await advance(reminder, `${addDays(reminder.day, 2)}T00:00:00.000Z`);
    await advance(other, `${addDays(other.day, 2)}T00:00:00.000Z`);
    expect((await history(reminder)).at(-1)).toBe('MessageSent');
    expect((await history(other)).at(-1)).toBe('MessageExpired session.contraindication-absolute');
    for (const each of [reminder, other]) {
      const { planned, sent, suppressed, expired, failed, unknown, pending } = await balance(each);
      expect(planned).toBe(sent + suppressed + expired + failed + unknown + pending);
      expect(pending).toBe(0);
    }
  });

  it('[message.held] looks at a message when it has been woken or expires, and not at each step', async () => {
    const reminder = await dueReminder();
    await pregnant(reminder);
    await messaging.follow(reminder.chain);
    expect(await dispatch(reminder)).toBe('held');
    const other = newId();
    await reminder.append(recipient(other));
    for (const hour of ['15', '16', '17', '18']) {
      const course = new CourseHistory({ ...reminder.of, patient: other }).booked(`${reminder.day}T${hour}:07`);
      await reminder.append(...course.streams());
    }
    await messaging.follow(reminder.chain);
    const workers = messaging.workers({ queueName: `test-${newId()}` });
    const looks = jest.spyOn(workers.dispatcher, 'dispatch');
    workers.start();
    try {
      await messaging.clock.advanceAndWait(reminder.chain, `${addDays(reminder.day, 1)}T00:00:00.000Z`, 30_000);
    } finally {
      await workers.stop();
    }
    const ids = looks.mock.calls.map(([, id]) => id);
    expect(new Set(ids).size).toBeGreaterThan(1);
    // Once when it expires, and perhaps once more by the mending at a start, which reads a table that is a moment behind.
    const looksAtIt = ids.filter((id) => id === reminder.messageId).length;
    expect(looksAtIt).toBeGreaterThanOrEqual(1);
    expect(looksAtIt).toBeLessThanOrEqual(2);
    await messaging.follow(reminder.chain);
    expect((await history(reminder)).at(-1)).toBe('MessageExpired session.contraindication-absolute');
  });
});
