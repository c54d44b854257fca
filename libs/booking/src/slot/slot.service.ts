import type { CommandMeta, CommandRunner, Reads, StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import { derivedId, type Id, isId } from '#libs/kernel/src/ids.js';
import type { SlotAnswers } from '#libs/messaging/src/proposals.contract.js';
import { BookingRefused, bookingWorld, CourseNotActive, decideCourse } from '#libs/treatment/src/booking.contract.js';
import { courseFold, courseStream } from '#libs/treatment/src/streams.contract.js';
import { loadSituation } from '../booker/load-situation.js';
import { releaseReason, type Situation } from '../booker/next-step.js';
import type { ConfirmSlotData, ReleaseSlotData } from './slot.commands.js';
import { decideSlot, type SlotCommand } from './slot.decider.js';
import { SlotBooked, SlotUnknown } from './slot.errors.js';
import { type ReleaseReason, sessionIdOfSlot, slotStream } from './slot.events.js';
import { type HeldTime, isOpen, slotFold, type SlotState } from './slot.state.js';
import { consequences } from './slot-messages.js';

const ACTOR_PATIENT = 'patient';

type KnownSlot = Exclude<SlotState, { status: 'none' | 'exhausted' }>;

/** What patients and staff decide of times that are held. Whatever is read here is guarded. */
export class SlotService implements SlotAnswers {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
  ) {}

  /**
   * What the patient said. `stop` ends the maintenance of the course.
   * @throws SlotUnknown
   */
  async answer(chain: Chain, slotId: Id, answer: 'confirm' | 'cancel' | 'stop'): Promise<'taken' | 'gone'> {
    const stream = slotStream(slotId);
    const { revision } = await this.runner.read(chain, stream, slotFold);
    const commandId = derivedId(slotId, `${answer} at ${revision}`);
    await this.runner.run({ chain, commandId, actor: ACTOR_PATIENT }, (reads) => this.answered(reads, slotId, answer));
    const { state } = await this.runner.read(chain, stream, slotFold);
    switch (answer) {
      case 'confirm':
        return state.status === 'released' ? 'gone' : 'taken';
      case 'cancel':
        // A session is called off with the clinic, which knows what else hangs on it.
        return state.status === 'confirmed' ? 'gone' : 'taken';
      case 'stop':
        return 'taken';
      default:
        return assertNever(answer, 'answer');
    }
  }

  /**
   * Books the time, for somebody of the staff.
   * @throws SlotUnknown, SlotGone, BookingRefused; NotFound `practitioner.unknown`
   */
  async confirm(meta: CommandMeta, slotId: Id, { practitioner }: ConfirmSlotData): Promise<CommandAnswer> {
    const named =
      practitioner === undefined ? undefined : await this.references.resolve(meta.chain, 'practitioner', practitioner);
    return this.decide(meta, slotId, async (reads, known) => {
      const { situation, gone } = await this.situationOf(reads, known);
      const sessionId = sessionIdOfSlot(slotId);
      const events = decideSlot({ kind: 'confirm', gone, sessionId }, known, reads.now);
      const booked = events.length === 0 ? [] : await booking(reads, known.slot, situation, named);
      return this.written(reads, known.slot, events, booked);
    });
  }

  /**
   * Gives the time back.
   * @throws SlotUnknown; SlotBooked where it has become a session
   */
  release(meta: CommandMeta, slotId: Id, { proposeAnother }: ReleaseSlotData): Promise<CommandAnswer> {
    return this.decide(meta, slotId, (reads, known) => {
      if (known.status === 'confirmed') throw new SlotBooked(known.sessionId);
      const reason = proposeAnother ? 'another-day' : 'by-staff';
      return this.written(reads, known.slot, decideSlot({ kind: 'release', reason }, known, reads.now));
    });
  }

  private async decide(
    meta: CommandMeta,
    slotId: Id,
    decide: (reads: Reads, known: KnownSlot) => Promise<StreamEvents[]>,
  ): Promise<CommandAnswer> {
    if (!isId(slotId)) throw new SlotUnknown();
    const result = await this.runner.run(meta, async (reads) => decide(reads, await this.known(reads, slotId)));
    return { id: slotId, ...result };
  }

  private async answered(reads: Reads, slotId: Id, answer: 'confirm' | 'cancel' | 'stop'): Promise<StreamEvents[]> {
    const known = await this.known(reads, slotId);
    switch (answer) {
      case 'confirm':
        return this.agreed(reads, known);
      case 'cancel':
        return this.changed(reads, known, { kind: 'release', reason: 'another-day' });
      case 'stop': {
        const released = await this.changed(reads, known, { kind: 'release', reason: 'declined' });
        // Who has booked wants the session; that no more invitations are wanted is on the patient's stream.
        return known.status === 'confirmed' ? released : [...released, ...(await declined(reads, known.slot))];
      }
      default:
        return assertNever(answer, 'answer');
    }
  }

  private async agreed(reads: Reads, known: KnownSlot): Promise<StreamEvents[]> {
    const { slot } = known;
    const sessionId = sessionIdOfSlot(slot.slotId);
    const { situation, gone } = await this.situationOf(reads, known);
    const isForPatient = known.status === 'held' && gone === null && slot.confirmedBy === 'patient';
    const { events: booked, against } = isForPatient
      ? await bookable(reads, slot, situation)
      : { events: [], against: [] };
    const events = decideSlot({ kind: 'agree', gone, against, sessionId }, known, reads.now);
    const isConfirmed = events.some(({ type }) => type === 'SlotConfirmed');
    return this.written(reads, slot, events, isConfirmed ? booked : []);
  }

  private changed(reads: Reads, known: KnownSlot, command: SlotCommand): Promise<StreamEvents[]> {
    return this.written(reads, known.slot, decideSlot(command, known, reads.now));
  }

  /** @param ofCourse what happens in the course with it */
  private async written(
    reads: Reads,
    slot: HeldTime,
    events: ReturnType<typeof decideSlot>,
    ofCourse: readonly NewEvent[] = [],
  ): Promise<StreamEvents[]> {
    return [
      { stream: slotStream(slot.slotId), events },
      ...(ofCourse.length > 0 ? [{ stream: courseStream(slot.courseId), events: ofCourse }] : []),
      ...(await consequences(reads, slot, events)),
    ];
  }

  private async known(reads: Reads, slotId: Id): Promise<KnownSlot> {
    const { state } = await reads.load(slotStream(slotId), slotFold);
    if (state.status === 'none' || state.status === 'exhausted') throw new SlotUnknown();
    return state;
  }

  /** How the course of a slot stands, and why the slot is not the patient's any more though nobody has released it yet. */
  private async situationOf(
    reads: Reads,
    known: KnownSlot,
  ): Promise<{ readonly situation: Situation; readonly gone: ReleaseReason | null }> {
    const situation = await loadSituation(reads, known.slot.courseId, known.slot.slotId);
    if (!situation) throw new SlotUnknown();
    return { situation, gone: isOpen(known) ? releaseReason(known, situation) : null };
  }
}

/** The session that a slot becomes, judged as one that staff book. @throws BookingRefused, CourseNotActive */
async function booking(
  reads: Reads,
  { slotId, siteId, at }: HeldTime,
  { course, site }: Situation,
  practitionerId: Id = course.practitionerId,
): Promise<NewEvent[]> {
  const world = await bookingWorld(reads, course, 'maintenance', practitionerId, { site, at });
  const session = { sessionId: sessionIdOfSlot(slotId), kind: 'maintenance' as const, siteId, practitionerId, at };
  return decideCourse({ type: 'BookSession', ...session, products: undefined, world }, course, reads.now);
}

/** The same, with the ids of the rules that stand against it where any do. */
async function bookable(
  reads: Reads,
  slot: HeldTime,
  situation: Situation,
): Promise<{ readonly events: readonly NewEvent[]; readonly against: readonly string[] }> {
  try {
    return { events: await booking(reads, slot, situation), against: [] };
  } catch (error) {
    if (!(error instanceof BookingRefused || error instanceof CourseNotActive)) throw error;
    return { events: [], against: [...new Set(error.fields.flatMap(({ rule }) => rule ?? []))].sort() };
  }
}

async function declined(reads: Reads, { courseId }: HeldTime): Promise<StreamEvents[]> {
  const stream = courseStream(courseId);
  const { state } = await reads.load(stream, courseFold);
  const events = decideCourse({ type: 'DeclineMaintenance' }, state, reads.now);
  return events.length === 0 ? [] : [{ stream, events }];
}
