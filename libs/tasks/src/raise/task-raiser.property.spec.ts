import fc from 'fast-check';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { messageStream } from '#libs/messaging/src/message/message.events.js';
import type { Reactor } from '#libs/projections/src/projection.js';
import { courseStream, SessionCancelled, SessionRescheduled } from '#libs/treatment/src/course/course.events.js';
import { patientStream } from '#libs/treatment/src/patient/patient.events.js';
import {
  attempted,
  failed,
  openTestTasks,
  reopened,
  sent,
  TaskWorld,
  type TestTasks,
  unknown,
} from '#test/support/test-tasks.js';
import { zoned } from '#test/support/treatment-history.js';
import { taskIdOf, taskStream } from '../task/task.events.js';
import { taskFold } from '../task/task.state.js';
import { TaskRaiserReactor } from './task-raiser.reactor.js';

/** What may be said; each is only said where the record lets it be. */
const SAYINGS = [
  ...['worried', 'well', 'other', 'check-in unknown', 'check-in reopened', 'check-in sent', 'check-in failed'],
  ...['cancel', 'confirm', 'moved', 'called off', 'reported', 'closed', 'opened again'],
] as const;
type Saying = (typeof SAYINGS)[number];

interface Delivery {
  /** Which of the events so far, as a share of them; a page of so many. */
  readonly from: number;
  readonly size: number;
}

/** Said one after the other, and given to the reactor meanwhile: late, twice, and out of order. */
interface Run {
  readonly sayings: readonly Saying[];
  readonly deliveries: readonly Delivery[];
}

const runs: fc.Arbitrary<Run> = fc.record({
  sayings: fc.array(fc.constantFrom(...SAYINGS), { minLength: 1, maxLength: 14 }),
  deliveries: fc.array(
    fc.record({ from: fc.double({ min: 0, max: 1, noNaN: true }), size: fc.integer({ min: 1, max: 6 }) }),
    {
      maxLength: 12,
    },
  ),
});

let tasks: TestTasks;
beforeAll(async () => {
  // The reactor is given its pages by hand here.
  tasks = await openTestTasks({ following: false });
});
afterAll(() => tasks.close());

const at = occurredNow('2026-05-14T00:00:00.000Z');

/** What a history asks of a person, told without any of the code that is tested. */
class Told {
  status: 'attempted' | 'unknown' | 'pending' | 'sent' | 'failed' = 'attempted';
  attempts = 1;
  mood: 'worried' | 'well' | undefined;
  wrote = false;
  session: 'booked' | 'cancelled' = 'booked';
  cannotCome = false;
  event: 'none' | 'open' | 'closed' = 'none';
  answered = false;

  open(): string[] {
    return [
      ...(this.mood === 'worried' ? ['worried'] : []),
      ...(this.wrote ? ['reply-to-read'] : []),
      ...(this.status === 'unknown' ? ['message-unknown'] : []),
      ...(this.status === 'failed' ? ['message-failed'] : []),
      ...(this.cannotCome && this.session === 'booked' ? ['cannot-come'] : []),
      ...(this.status === 'sent' && this.event === 'open' && !this.answered ? ['check-in-unanswered'] : []),
    ].sort();
  }
}

async function play({ sayings, deliveries }: Run): Promise<{ readonly open: string[]; readonly expected: string[] }> {
  const world = await TaskWorld.open(tasks);
  const { chain, of, booked, performed } = world;
  const [checkIn, reminder, adverseEventId] = [newId(), newId(), newId()];
  const adverse = world.adverseEvent(adverseEventId);
  const named = { courseId: world.course.id, patientId: of.patient, sessionId: booked };
  const told = new Told();
  const reactor = tasks.works.find((work): work is Reactor => work instanceof TaskRaiserReactor) as Reactor;
  const give = async (from: number, size: number) => {
    const stored = (await tasks.engine.store.readAll(chain.id)).slice(from, from + size);
    const page = stored.filter(({ header }) => reactor.types.has(header.type));
    if (page.length > 0)
      await reactor.react(
        chain,
        page.map((event) => tasks.engine.codec.decodeSealed(event)),
      );
  };
  const message = (...events: NewEvent[]) => world.append({ stream: messageStream(checkIn), events });
  const reminded = (...events: NewEvent[]) => world.append({ stream: messageStream(reminder), events });
  const course = (...events: NewEvent[]) => world.append({ stream: courseStream(world.course.id), events });
  const person = (...events: NewEvent[]) => world.append({ stream: patientStream(of.patient), events });
  await message(world.plannedEvent(checkIn, 'check-in', performed), attempted(checkIn, 1));
  await reminded(
    world.plannedEvent(reminder, 'session-reminder', booked),
    attempted(reminder, 1),
    sent(reminder, '2026-05-13T11:00:00.000Z'),
  );

  const say: Record<Saying, () => Promise<void>> = {
    worried: async () => {
      await message(world.replied(checkIn, 'worried'));
      [told.mood, told.answered] = ['worried', true];
    },
    well: async () => {
      await message(world.replied(checkIn, 'well'));
      [told.mood, told.answered] = ['well', true];
    },
    other: async () => {
      await message(world.replied(checkIn, 'other', 'Hm.'));
      [told.wrote, told.answered] = [true, true];
    },
    'check-in unknown': async () => {
      if (told.status !== 'attempted') return;
      await message(unknown(checkIn, told.attempts));
      told.status = 'unknown';
    },
    'check-in reopened': async () => {
      if (told.status !== 'unknown') return;
      told.attempts += 1;
      await message(reopened(checkIn), attempted(checkIn, told.attempts));
      told.status = 'attempted';
    },
    'check-in sent': async () => {
      if (told.status !== 'attempted' && told.status !== 'unknown') return;
      await message(sent(checkIn, '2026-05-13T11:00:00.000Z', told.attempts));
      told.status = 'sent';
    },
    'check-in failed': async () => {
      if (told.status !== 'attempted') return;
      await message(failed(checkIn, told.attempts));
      told.status = 'failed';
    },
    cancel: async () => {
      await reminded(world.replied(reminder, 'cancel'));
      told.cannotCome = true;
    },
    confirm: async () => {
      await reminded(world.replied(reminder, 'confirm'));
      told.cannotCome = false;
    },
    moved: async () => {
      if (told.session !== 'booked') return;
      const place = { siteId: of.site, practitionerId: of.practitioner, at: zoned('2026-06-02T10:00') };
      await course(SessionRescheduled(at, { ...named, ...place }));
      told.cannotCome = false;
    },
    'called off': async () => {
      if (told.session !== 'booked') return;
      await course(SessionCancelled(at, { ...named, reason: 'ill' }));
      told.session = 'cancelled';
    },
    reported: async () => {
      if (told.event !== 'none') return;
      await person(adverse.reported);
      told.event = 'open';
    },
    closed: async () => {
      if (told.event !== 'open') return;
      await person(adverse.closed);
      told.event = 'closed';
    },
    'opened again': async () => {
      if (told.event !== 'closed') return;
      await person(adverse.reopened);
      told.event = 'open';
    },
  };

  const due = [...deliveries];
  for (const saying of sayings) {
    await say[saying]();
    const next = due.shift();
    if (next) await give(Math.floor(next.from * (await tasks.engine.store.head(chain.id))), next.size);
  }
  // In the end each event has been given, the late ones first.
  const head = await tasks.engine.store.head(chain.id);
  for (let from = head; from >= 0; from -= 3) await give(from, 3);
  for (const { from, size } of due) await give(Math.floor(from * head), size);
  // Time alone asks about this one: whoever sweeps looks at it.
  await tasks.raiser.followMessage(chain, checkIn);
  return { open: await openKinds(world, checkIn, reminder), expected: told.open() };
}

/** The kinds of the tasks that are open, by their streams and not by a read model. */
async function openKinds(
  { chain, performed, booked }: TaskWorld,
  checkIn: string,
  reminder: string,
): Promise<string[]> {
  const causes = [
    ...(['worried', 'reply-to-read', 'message-unknown', 'message-failed'] as const).map((kind) => ({
      kind,
      messageId: checkIn,
    })),
    { kind: 'check-in-unanswered', messageId: checkIn, sessionId: performed } as const,
    { kind: 'cannot-come', messageId: reminder, sessionId: booked } as const,
  ];
  const states = await Promise.all(
    causes.map(async (cause) => {
      const { state } = await tasks.engine.runner.read(chain, taskStream(taskIdOf(chain.id, cause)), taskFold);
      return state.status === 'open' ? [cause.kind] : [];
    }),
  );
  return states.flat().sort();
}

it('leaves the same tasks open, in whatever order and however often events come', async () => {
  await fc.assert(
    fc.asyncProperty(runs, async (run) => {
      const { open, expected } = await play(run);
      expect(open).toEqual(expected);
    }),
    { numRuns: 25, endOnFailure: true },
  );
}, 240_000);
