import fc from 'fast-check';
import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { AppendRequest, EventStore } from '#libs/event-store/src/event-store.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { courseStream, SessionBooked, SessionCancelled } from '#libs/treatment/src/course/course.events.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { BookingClinic, hoursAfter, PRACTITIONER_ID, SITE_ID, weekdays } from '#test/support/booking-clinic.js';
import { type CourseHistory, zoned } from '#test/support/treatment-history.js';
import { isOpen } from '../slot/slot.state.js';
import type { DiaryEvent } from '../diary/diary.events.js';
import { fullestIn, type TakenBySlot } from '../diary/diary.state.js';

/** What happens between two looks. */
const HAPPENINGS = [
  'hours',
  'confirm',
  'cancel',
  'stop',
  'staff-confirm',
  'staff-release',
  'book',
  'call-off',
] as const;
type Happening = (typeof HAPPENINGS)[number];
const WORKERS = 50;

interface Story {
  readonly patients: number;
  readonly capacity: number;
  readonly confirmedBy: 'patient' | 'staff';
  readonly triesMax: number;
  /** Rounds: what happens, to whom, and how many workers look at everybody meanwhile. */
  readonly rounds: readonly { readonly what: Happening; readonly who: number; readonly workers: number }[];
  readonly pauses: readonly number[];
}

const story: fc.Arbitrary<Story> = fc.record({
  patients: fc.integer({ min: 1, max: 4 }),
  capacity: fc.integer({ min: 1, max: 2 }),
  confirmedBy: fc.constantFrom('patient' as const, 'staff' as const),
  triesMax: fc.integer({ min: 1, max: 3 }),
  rounds: fc.array(
    fc.record({
      what: fc.constantFrom(...HAPPENINGS),
      who: fc.nat(3),
      workers: fc.constantFrom(1, 3, WORKERS),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  pauses: fc.array(fc.nat(3), { minLength: 7, maxLength: 40 }),
});

/** A runner whose reads and writes take as many turns as the story says, so that workers meet in any order. */
function runnerWith(pauses: readonly number[]) {
  let n = 0;
  const pause = async () => {
    n += 1;
    for (let turns = pauses[n % pauses.length] ?? 0; turns > 0; turns -= 1) await new Promise(setImmediate);
  };
  return ({ store, clock, codec }: { store: EventStore; clock: never; codec: Codec }) => {
    const slow = {
      append: async (request: AppendRequest) => {
        await pause();
        return store.append(request);
      },
      readStream: async (chain: Id, stream: string) => {
        await pause();
        return store.readStream(chain, stream);
      },
    } as unknown as EventStore;
    return new CommandRunner(slow, codec, clock);
  };
}

async function tell({ patients, capacity, confirmedBy, triesMax, rounds, pauses }: Story): Promise<BookingClinic> {
  const clinic = await new BookingClinic({
    now: '2026-03-23T09:00:00.000Z',
    openingHours: weekdays({ from: '09:00', to: '10:15' }, { from: '13:00', to: '14:00' }),
    proposals: { capacity, confirmedBy, triesMax, holdHours: 24 },
    runnerOf: ({ parts }) => runnerWith(pauses)(parts as never),
  }).open();
  const courses: CourseHistory[] = [];
  for (let n = 0; n < patients; n += 1) courses.push(await clinic.patient());
  for (const { what, who, workers } of rounds) {
    const course = courses[who % courses.length] as CourseHistory;
    await Promise.all([
      ...Array.from({ length: workers }, (_, n) => clinic.look((courses[n % courses.length] as CourseHistory).id)),
      happen(clinic, what, course),
    ]);
    checkAlways(clinic, capacity);
  }
  return clinic;
}

/** Whatever is refused is refused; nothing of it may break what always holds. */
async function happen(clinic: BookingClinic, what: Happening, course: { id: Id; of: { patient: Id } }): Promise<void> {
  const slotId = clinic.lastHeld(course.id)?.slotId;
  const known = { courseId: course.id, patientId: course.of.patient };
  const at = occurredNow(clinic.clinic.now);
  switch (what) {
    case 'hours':
      clinic.clinic.now = hoursAfter(clinic.clinic.now, 25);
      return;
    case 'confirm':
    case 'cancel':
    case 'stop':
      if (slotId) await clinic.slots.answer(clinic.clinic.chain, slotId, what);
      return;
    case 'staff-confirm':
      if (slotId) await clinic.slots.confirm(clinic.clinic.meta(), slotId, {}).catch(refused);
      return;
    case 'staff-release':
      if (slotId) await clinic.slots.release(clinic.clinic.meta(), slotId, { proposeAnother: true }).catch(refused);
      return;
    case 'book': {
      const place = { siteId: SITE_ID, practitionerId: PRACTITIONER_ID, at: zoned('2026-06-30T12:00') };
      const session = { sessionId: derivedId(course.id, `booked ${clinic.clinic.log.length}`), number: 9, ...place };
      const event = SessionBooked(at, { ...known, ...session, kind: 'maintenance' });
      return clinic.append({ stream: courseStream(course.id), events: [event] });
    }
    case 'call-off': {
      const booked = (await clinic.course(course.id)).sessions.findLast(({ status }) => status === 'booked');
      if (!booked) return;
      const event = SessionCancelled(at, { ...known, sessionId: booked.sessionId, reason: 'ill' });
      return clinic.append({ stream: courseStream(course.id), events: [event] });
    }
  }
}

/** Refused by a rule, or by the moment: too many wrote at once. */
function refused(error: unknown): void {
  const { code } = error as { code?: string };
  if (!['slot.released', 'slot.booked', 'session.booking-refused', 'command.contended'].includes(code ?? ''))
    throw error;
}

/** What holds after every event that was ever recorded, not only at the end. */
function checkAlways(clinic: BookingClinic, capacity: number): void {
  let taken: TakenBySlot[] = [];
  for (const event of clinic.clinic.eventsOf('diary')) {
    const { type, data } = event as unknown as DiaryEvent;
    taken = taken.filter(({ slotId }) => slotId !== data.slotId);
    if (type === 'TimeTaken') taken.push(data);
    for (const each of taken) expect(fullestIn(each, taken)).toBeLessThanOrEqual(capacity);
  }
  const open = clinic.states().filter(isOpen);
  const windows = open.map(({ slot }) => `${slot.courseId} ${slot.ordinal}`);
  expect(windows).toEqual([...new Set(windows)]);
  // The diary knows what is held, and nothing else but what was booked.
  const held = clinic
    .states()
    .flatMap((state) => (isOpen(state) || state.status === 'confirmed' ? [state.slot.slotId] : []));
  expect(taken.map(({ slotId }) => slotId).sort()).toEqual(held.sort());
}

describe('whatever happens, in whatever order, with fifty workers', () => {
  it('[slot.capacity] [slot.one-per-window] [slot.hold-ends] no more is held than can be treated, nobody holds two times of a window, and every hold ends', async () => {
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        const clinic = await tell(told);
        // Long after the window.
        for (let days = 0; days < 130; days += 10) {
          clinic.clinic.now = hoursAfter(clinic.clinic.now, 24 * 10);
          for (const courseId of new Set(clinic.held().map((each) => each.courseId))) await clinic.look(courseId);
        }
        checkAlways(clinic, told.capacity);
        expect(clinic.openSlots()).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 240_000);

  it('[slot.capacity] holds each time once where fifty workers look for one', async () => {
    const clinic = await new BookingClinic({
      now: '2026-03-23T09:00:00.000Z',
      openingHours: weekdays({ from: '12:00', to: '13:00' }),
      proposals: { holdHours: 1 },
      runnerOf: ({ parts }) => runnerWith([0, 2, 1, 3, 0, 1, 2])(parts as never),
    }).open();
    const courses: CourseHistory[] = [];
    for (let n = 0; n < 5; n += 1) courses.push(await clinic.patient());
    await Promise.all(Array.from({ length: WORKERS }, (_, n) => clinic.look((courses[n % 5] as CourseHistory).id)));
    checkAlways(clinic, 1);
    expect(new Set(clinic.held().map(({ at }) => at.wall)).size).toBe(5);
  });
});
