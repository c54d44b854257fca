import { GlassBroken, GlassReviewed, userStream } from '#libs/access/src/user/user.contract.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  SlotAccepted,
  SlotAnsweredLate,
  SlotConfirmed,
  SlotHeld,
  SlotsExhausted,
  slotStream,
} from '#libs/booking/src/booking.contract.js';
import {
  FollowUpHeld,
  MaintenanceDeclined,
  SessionCancelled,
  SessionRescheduled,
} from '#libs/treatment/src/course/course.events.js';
import { courseStream } from '#libs/treatment/src/course/course.events.js';
import {
  LotRecalled,
  LotRecallLifted,
  recallIdOf,
  RecallPatientTold,
  recallStreamOf,
} from '#libs/treatment/src/recall/recall.events.js';
import { failed, openTestTasks, reopened, sent, TaskWorld, type TestTasks, unknown } from '#test/support/test-tasks.js';
import { CourseHistory, patient, site, zoned } from '#test/support/treatment-history.js';
import { decideTask } from '../task/task.decider.js';
import { taskStream } from '../task/task.events.js';
import { taskFold } from '../task/task.state.js';
import { after } from './task-severity.js';

let tasks: TestTasks;
let world: TaskWorld;

beforeAll(async () => {
  tasks = await openTestTasks();
});
beforeEach(async () => {
  world = await TaskWorld.open(tasks);
});
afterAll(() => tasks.close());

const at = occurredNow('2026-05-14T00:00:00.000Z');
const named = () => ({ courseId: world.course.id, patientId: world.of.patient });

/** Somebody sees to a task. */
async function finish(taskId: string): Promise<void> {
  await tasks.engine.runner.run({ chain: world.chain, commandId: newId(), actor: 'user:deniz' }, async (reads) => {
    const { state } = await reads.load(taskStream(taskId), taskFold);
    const by = { actor: 'user:deniz', practitionerId: null };
    const command = { kind: 'finish', by, outcome: 'patient-spoken-to', note: undefined } as const;
    return [{ stream: taskStream(taskId), events: decideTask(command, state, reads.now) }];
  });
}

async function sweep(): Promise<void> {
  await world.follow();
  await tasks.sweeper.sweepUnanswered(world.chain);
  await tasks.sweeper.sweepRecalls(world.chain);
}

describe('a patient who answers', () => {
  it('[task.worried] that something worries them is an urgent task until they say that all is well', async () => {
    const messageId = await world.sent('check-in', world.performed);
    await world.reply(messageId, 'worried');
    const [task] = await world.list();
    expect(task).toMatchObject({ kind: 'worried', state: 'open', severity: 'urgent', messageId, overdue: false });
    expect(task).toMatchObject({ patient: { id: world.of.patient, name: 'İpek Şahin' }, site: { id: world.of.site } });
    expect(Date.parse(task?.dueBy as string) - Date.parse(task?.raisedAt as string)).toBeLessThanOrEqual(4 * 3_600_000);
    await world.reply(messageId, 'well');
    expect(await world.said()).toEqual(['worried answered']);
  });

  it('[task.said-anew] that they are worried again, after somebody had seen to it, is a task again', async () => {
    const messageId = await world.sent('check-in', world.performed);
    await world.reply(messageId, 'worried');
    const [task] = await world.list();
    await finish(task?.id as string);
    expect(await world.said()).toEqual(['worried done']);
    await world.reply(messageId, 'worried', '2');
    expect(await world.said()).toEqual(['worried open']);
  });

  it('[task.reply-to-read] in words of their own is a task that names the message, and the words stay closed', async () => {
    const messageId = await world.sent('session-reminder');
    await world.reply(messageId, 'other', 'Is parking free at Gizli Street?');
    const [task] = await world.list();
    expect(task).toMatchObject({ kind: 'reply-to-read', messageId, severity: 'high' });
    const { rows } = await tasks.engine.db.query<{ row: string }>(
      `select row_to_json(t)::text as row from tasks_v1.task t where t.chain = $1`,
      [world.chain.no],
    );
    expect(rows.map(({ row }) => row).join()).not.toContain('Gizli');
    const { replies } = await tasks.queries.detail(world.chain, task?.id as string);
    expect(replies.map(({ text }) => text)).toEqual(['Is parking free at Gizli Street?']);
  });

  it('[task.cannot-come] that they cannot come is a task until the session has another time', async () => {
    const messageId = await world.sent('session-reminder');
    await world.reply(messageId, 'cancel');
    expect(await world.list()).toMatchObject([{ kind: 'cannot-come', state: 'open', sessionId: world.booked }]);
    const place = { siteId: world.of.site, practitionerId: world.of.practitioner };
    const moved = { ...named(), sessionId: world.booked, ...place, at: zoned('2026-06-02T10:00') };
    await world.tellCourse(SessionRescheduled(at, moved));
    expect(await world.said()).toEqual(['cannot-come session-changed']);
  });

  it.each(['cancelled', 'confirmed'])('task.cannot-come: nor is it a task once the session is %s', async (what) => {
    const messageId = await world.sent('session-reminder');
    await world.reply(messageId, 'cancel');
    expect(await world.said()).toEqual(['cannot-come open']);
    if (what === 'confirmed') await world.reply(messageId, 'confirm');
    else await world.tellCourse(SessionCancelled(at, { ...named(), sessionId: world.booked, reason: 'ill' }));
    expect(await world.said()).toEqual([`cannot-come ${what === 'confirmed' ? 'patient-comes' : 'session-changed'}`]);
  });

  it('is no task by any other answer', async () => {
    const messageId = await world.sent('check-in', world.performed);
    for (const meaning of ['well', 'stop', 'start'] as const) await world.reply(messageId, meaning, meaning);
    await world.reply(await world.sent('session-reminder'), 'confirm');
    await world.reply(await world.sent('maintenance-proposal'), 'cancel');
    expect(await world.list()).toEqual([]);
  });
});

describe('a check-in after an adverse event', () => {
  it('[task.check-in-unanswered] is a task after 48 hours of silence, and not before', async () => {
    await world.tellPatient(world.adverseEvent(newId(), { severity: 'severe' }).reported);
    const messageId = await world.sent('check-in', world.performed);
    const silentSince = after(await world.now(), 48);
    await world.pass(47);
    await sweep();
    expect(await world.list()).toEqual([]);
    await world.pass(1.1);
    await sweep();
    const [task] = await world.list();
    expect(task).toMatchObject({
      kind: 'check-in-unanswered',
      messageId,
      sessionId: world.performed,
      severity: 'urgent',
    });
    expect(Math.abs(Date.parse(task?.dueBy as string) - Date.parse(after(silentSince, 4)))).toBeLessThan(60_000);
    await sweep();
    expect(await world.list()).toHaveLength(1);
  });

  it('[task.withdrawn] is none any more once a physician has closed it, and one again where it is opened again', async () => {
    const { reported, closed, reopened: openedAgain } = world.adverseEvent(newId());
    await world.tellPatient(reported);
    await world.sent('check-in', world.performed);
    await world.pass(49);
    await sweep();
    expect(await world.said()).toEqual(['check-in-unanswered open']);
    await world.tellPatient(closed);
    expect(await world.said()).toEqual(['check-in-unanswered adverse-event-closed']);
    await world.tellPatient(openedAgain);
    expect(await world.said()).toEqual(['check-in-unanswered open']);
  });

  it('is none once the patient has answered, whatever it was', async () => {
    await world.tellPatient(world.adverseEvent(newId()).reported);
    const messageId = await world.sent('check-in', world.performed);
    await world.pass(49);
    await sweep();
    await world.reply(messageId, 'worried');
    expect(await world.said()).toEqual(['check-in-unanswered answered', 'worried open']);
  });

  it('is a task as well where a follow-up found the adverse event, after the session that was the latest then', async () => {
    await world.tellCourse(
      FollowUpHeld(at, {
        ...{ ...named(), followUpId: newId(), siteId: world.of.site, kind: 'remote', at: zoned('2026-05-12T10:00') },
        ...{ reactions: [], adverseEvent: { kind: 'infection', severity: 'moderate' }, notes: '' },
      }),
    );
    await world.sent('check-in', world.performed);
    await world.pass(49);
    await sweep();
    expect(await world.said()).toEqual(['check-in-unanswered open']);
  });

  it('is none without an adverse event, and none where it came after another session', async () => {
    await world.sent('check-in', world.performed);
    await world.tellPatient(world.adverseEvent(newId(), { sessionId: newId() }).reported);
    await world.pass(49);
    await sweep();
    expect(await world.list()).toEqual([]);
  });
});

describe('a message', () => {
  it('[task.message-fate] of unknown fate is a task until it is known to be sent, or let go again', async () => {
    const [one, other] = [await world.attempted('check-in'), await world.attempted('session-reminder')];
    await world.tell(one, unknown(one));
    await world.tell(other, unknown(other));
    const severities = (await world.list()).map(({ messageId, severity }) => [messageId, severity]);
    expect(new Map(severities as [string, string][])).toEqual(
      new Map([
        [one, 'high'],
        [other, 'normal'],
      ]),
    );
    await world.tell(one, sent(one, await world.now()));
    await world.tell(other, reopened(other));
    expect(await world.said()).toEqual(['message-unknown message-reopened', 'message-unknown message-sent']);
  });

  it('[task.message-fate] that failed is a task, and none where it was only an invitation', async () => {
    const [one, other] = [await world.attempted('aftercare'), await world.attempted('maintenance-due')];
    await world.tell(one, failed(one));
    await world.tell(other, failed(other));
    expect(await world.list()).toMatchObject([{ kind: 'message-failed', messageId: one }]);
  });
});

describe('a recalled lot', () => {
  const [product, lotNumber] = ['GlowMeso', 'L1'];
  const ofRecall = () => ({ recallId: recallIdOf(world.chain.id, product, lotNumber), product, lotNumber });
  const recall = async () => {
    const { recallId } = ofRecall();
    const notice = { recalledOn: '2026-05-14', reference: 'FSN-42', cause: 'sterility' } as const;
    await world.append({ stream: recallStreamOf(recallId), events: [LotRecalled(at, { ...ofRecall(), ...notice })] });
  };
  const say = (...events: NewEvent[]) => world.append({ stream: recallStreamOf(ofRecall().recallId), events });

  it('[task.lot-recalled] is one task for each site where patients are to be told, until they are', async () => {
    const elsewhere = { ...world.of, site: newId(), patient: newId() };
    const course = new CourseHistory(elsewhere).performed('2026-05-01T10:00', { site: elsewhere.site });
    await world.append(site(elsewhere.site), patient(elsewhere.patient), ...course.streams());
    await world.follow();
    await recall();
    await sweep();
    const open = await world.list();
    expect(open.map(({ kind, severity }) => [kind, severity])).toEqual([
      ['lot-recalled', 'urgent'],
      ['lot-recalled', 'urgent'],
    ]);
    expect(new Set(open.map(({ site: { id } }) => id))).toEqual(new Set([world.of.site, elsewhere.site]));
    const told = { patientId: elsewhere.patient, on: '2026-05-15', how: 'phone' } as const;
    await say(RecallPatientTold(at, { ...ofRecall(), ...told }));
    await sweep();
    expect(await world.said()).toEqual(['lot-recalled nothing-left', 'lot-recalled open']);
  });

  it('[task.withdrawn] is no task any more once the recall is lifted', async () => {
    await world.follow();
    await recall();
    await sweep();
    await say(LotRecallLifted(at, { ...ofRecall(), liftedOn: '2026-05-16', reference: 'FSN-43' }));
    expect(await world.said()).toEqual(['lot-recalled recall-lifted']);
  });
});

describe('a time for maintenance', () => {
  const held = (slotId: string) => {
    const { site: siteId } = world.of;
    const time = { at: zoned('2026-08-20T10:00'), durationMinutes: 45, heldUntil: '2026-08-10T00:00:00.000Z' };
    return SlotHeld(at, { slotId, ...named(), siteId, ordinal: 1, try: 1, ...time, confirmedBy: 'staff' });
  };
  const tell = (slotId: string, ...events: NewEvent[]) => world.append({ stream: slotStream(slotId), events });

  it('[task.booking-gave-up] is a task where no more are proposed, until there is nothing to book', async () => {
    const slotId = newId();
    const { site: siteId } = world.of;
    await tell(slotId, SlotsExhausted(at, { slotId, ...named(), siteId, ordinal: 1, tries: 3, reason: 'no-answer' }));
    expect(await world.list()).toMatchObject([{ kind: 'booking-gave-up', slotId, ordinal: 1, severity: 'normal' }]);
    await world.append({ stream: courseStream(world.course.id), events: [MaintenanceDeclined(at, named())] });
    expect(await world.said()).toEqual(['booking-gave-up declined']);
  });

  it('[task.booking-to-confirm] is a task once the patient has agreed to it, until staff has confirmed it', async () => {
    const slotId = newId();
    await tell(slotId, held(slotId), SlotAccepted(at, { slotId, ...named(), against: [] }));
    expect(await world.said()).toEqual(['booking-to-confirm open']);
    await tell(slotId, SlotConfirmed(at, { slotId, ...named(), by: 'staff', sessionId: newId() }));
    expect(await world.said()).toEqual(['booking-to-confirm booked']);
  });

  it('[task.booking-answered-late] is a task where the patient agrees to one that is not held any more', async () => {
    const slotId = newId();
    const late = SlotAnsweredLate(at, { slotId, ...named(), siteId: world.of.site, reason: 'no-answer' });
    await tell(slotId, held(slotId), late);
    expect(await world.said()).toEqual(['booking-answered-late open']);
    await world.append({ stream: courseStream(world.course.id), events: [MaintenanceDeclined(at, named())] });
    expect(await world.said()).toEqual(['booking-answered-late declined']);
  });
});

describe('a record that was opened in an emergency', () => {
  it('[task.glass-broken] is a task of the patient’s site until somebody else has looked at it', async () => {
    const [userId, openingId] = [newId(), newId()];
    const { site: siteId, patient: patientId } = world.of;
    const of = { userId, openingId, patientId };
    const tell = (event: NewEvent) =>
      tasks.engine.store.append({
        ...{ chain: world.chain.id, commandId: newId() },
        streams: [{ stream: userStream(userId), expectedRevision: 'any', events: [event] }],
        context: { actor: `user:${userId}`, site: siteId, origin: 'live' },
      });
    await tell(GlassBroken(at, { ...of, until: '2026-05-14T01:00:00.000Z', reason: 'Collapsed in the waiting room' }));
    await world.follow();
    expect(await world.said()).toEqual(['glass-broken open']);
    await tell(GlassReviewed(at, { ...of, outcome: 'justified', note: 'As described' }));
    await world.follow();
    expect(await world.said()).toEqual(['glass-broken reviewed']);
  });
});
