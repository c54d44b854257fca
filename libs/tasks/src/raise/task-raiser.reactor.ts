import { SLOT_EVENTS, SlotAccepted, SlotAnsweredLate, SlotsExhausted } from '#libs/booking/src/booking.contract.js';
import { GlassBroken, GlassReviewed, type UserEvent } from '#libs/access/src/user/user.contract.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import {
  MessageFailed,
  MessageOutcomeUnknown,
  MessageReopened,
  MessageReplied,
  MessageSent,
} from '#libs/messaging/src/message.contract.js';
import type { Reactor, SealedEvent } from '#libs/projections/src/projection.js';
import { COURSE_EVENTS, PATIENT_EVENTS, RECALL_EVENTS } from '#libs/treatment/src/streams.contract.js';
import {
  ADVERSE_EVENT_EVENTS,
  FollowUpHeld,
  FollowUpHeldCorrected,
  type RecallStreamEvent,
} from '#libs/treatment/src/tasks.contract.js';
import type { TaskCandidates } from './task-candidates.js';
import type { TaskNotes } from './task-notes.js';
import type { TaskRaiser } from './task-raiser.js';

const named = (types: readonly { readonly type: string }[]): ReadonlySet<string> =>
  new Set(types.map(({ type }) => type));

/** What may bring a task about. */
const TELLING = named([MessageReplied, MessageFailed, MessageOutcomeUnknown]);
/** What may only end one: most messages are sent, and nobody has to do anything. */
const ENDING = named([MessageSent, MessageReopened]);
const COURSE = named(COURSE_EVENTS);
const PATIENT = named(PATIENT_EVENTS);
const RECALL = named(RECALL_EVENTS);
const SLOT = named(SLOT_EVENTS);
/** Records that were opened beyond somebody's sites, and what others found about it. */
const OPENING = named([GlassBroken, GlassReviewed]);
/** Times for maintenance that somebody of the staff has to see to. */
const ASKING = named([SlotsExhausted, SlotAccepted, SlotAnsweredLate]);
/** What may open or close an adverse event. */
const ADVERSE = named([...ADVERSE_EVENT_EVENTS, FollowUpHeld, FollowUpHeldCorrected]);

/** Name and version of the reactor's checkpoints. */
export const TASK_RAISER = { name: 'task_raiser', version: 1 } as const;

/**
 * Raises and withdraws tasks when something happens from which they follow. It is only told where to look; what it finds
 * there decides, so that a page may be worked off any number of times, late, and in any order.
 */
export class TaskRaiserReactor implements Reactor {
  readonly name = TASK_RAISER.name;
  readonly version = TASK_RAISER.version;
  readonly types: ReadonlySet<string> = new Set([
    ...TELLING,
    ...ENDING,
    ...COURSE,
    ...PATIENT,
    ...RECALL,
    ...SLOT,
    ...OPENING,
  ]);

  constructor(
    private readonly raiser: Pick<
      TaskRaiser,
      'followMessage' | 'followRecall' | 'followSlot' | 'followOpening' | 'follow'
    >,
    private readonly notes: Pick<TaskNotes, 'about'>,
    private readonly candidates: Pick<TaskCandidates, 'checkInsOf'>,
  ) {}

  async react(chain: Chain, events: readonly SealedEvent[]): Promise<void> {
    const of = (types: ReadonlySet<string>) => events.filter(({ type }) => types.has(type));
    const told = idsOf(of(TELLING), 'messageId');
    const afterAdverseEvents = await this.candidates.checkInsOf(chain, idsOf(of(ADVERSE), 'patientId'));
    for (const messageId of new Set([...told, ...afterAdverseEvents]))
      await this.raiser.followMessage(chain, messageId);
    for (const slotId of idsOf(of(ASKING), 'slotId')) await this.raiser.followSlot(chain, slotId);
    const causes = await this.notes.about(chain, {
      messages: idsOf(of(ENDING), 'messageId'),
      courses: idsOf([...of(COURSE), ...of(SLOT)], 'courseId'),
      patients: idsOf(of(PATIENT), 'patientId'),
    });
    await this.raiser.follow(chain, causes);
    const openings = new Map((of(OPENING) as SealedEvent<OpeningEvent>[]).map(({ data }) => [data.openingId, data]));
    for (const opening of openings.values()) await this.raiser.followOpening(chain, opening);
    const recalls = new Map((of(RECALL) as SealedEvent<RecallStreamEvent>[]).map(({ data }) => [data.recallId, data]));
    for (const recall of recalls.values()) await this.raiser.followRecall(chain, recall);
  }
}

type OpeningEvent = Extract<UserEvent, { type: 'GlassBroken' | 'GlassReviewed' }>;

type Field = 'messageId' | 'courseId' | 'patientId' | 'slotId';

const idsOf = (events: readonly SealedEvent[], field: Field): Id[] => [
  ...new Set(events.flatMap(({ data }) => (data as Partial<Record<Field, Id>>)[field] ?? [])),
];
