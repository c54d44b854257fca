import type { Chain } from '#libs/event-store/src/chains.js';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, type ZonedTime, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { factById, isFactId } from '#libs/protocols/src/facts.js';
import type { MessageRule } from '#libs/protocols/src/message-rule.schema.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import {
  type CourseStreamEvent,
  courseStream,
  patientFold,
  patientStream,
  siteFold,
  siteStream,
} from '#libs/treatment/src/streams.contract.js';
import {
  type DeferralReason,
  type MessageEvent,
  type MessageKind,
  categoryOf,
  messageStream,
} from '../message/message.events.js';
import { messageFold, type PlannedMessage } from '../message/message.state.js';
import { personStanding } from '../plan/person-standing.js';
import type { RecordReader } from '../reactor/record-reader.js';
import type { DecisionBasis, ExplanationStep, MessageExplanation } from './message-explanation.js';

/** Explains messages from the log: what is said is what was on record then, not what a read model shows now. */
export class MessageExplainer {
  constructor(private readonly reader: RecordReader) {}

  /** @throws NotFound `message.unknown` */
  async explain(chain: Chain, messageId: Id): Promise<MessageExplanation> {
    const events = await this.reader.events<MessageEvent>(chain, messageStream(messageId));
    const first = events[0];
    if (first?.type !== 'MessagePlanned') throw new NotFound('message.unknown', `There is no message ${messageId}.`);
    const state = events.reduce(messageFold.evolve, messageFold.initial);
    // As it stands now: rules of a zone may have moved it.
    const planned = state.status === 'none' ? first.data : state.planned;
    const [person, site, course] = await Promise.all([
      this.reader.person(chain, planned.patientId),
      this.reader.events(chain, siteStream(planned.siteId)),
      this.reader.course(chain, planned.courseId),
    ]);
    const of = course?.timeline.course.protocol;
    const protocol = of && (await this.reader.protocol(chain, of.code, of.version));
    const status = state.status === 'attempted' || state.status === 'none' ? 'pending' : state.status;
    return {
      ...{ id: messageId, kind: planned.kind, status },
      key: {
        ...{ cause: planned.cause, recipient: planned.patientId, generation: planned.generation },
        precaution: planned.precaution ?? null,
      },
      rule: {
        ...{ protocol: of?.code ?? '', version: of?.version ?? 0, text: protocol ? ruleOf(protocol, planned) : null },
        facts: planned.facts.map((id) => ({ id, statement: statementOf(id) })),
      },
      plannedFrom: await this.plannedFrom(chain, first, planned),
      ...{ due: planned.due, expiresAt: planned.expiresAt },
      steps: events.map((event) =>
        stepOf(event, planned, isDecision(event) ? basisAt(event, planned, person, site) : null),
      ),
    };
  }

  /** The event that the planner named as its cause: of the course, or of the patient. */
  private async plannedFrom(
    chain: Chain,
    { header }: RecordedEvent<MessageEvent>,
    { courseId, patientId }: PlannedMessage,
  ): Promise<MessageExplanation['plannedFrom']> {
    const { causationId } = header;
    if (causationId === undefined) return null;
    for (const stream of [courseStream(courseId), patientStream(patientId)]) {
      const events = await this.reader.events<CourseStreamEvent>(chain, stream);
      const cause = events.find((event) => event.header.id === causationId);
      if (!cause) continue;
      const { type, position, recordedAt, occurredAt } = cause;
      return { id: causationId, type, stream, position, occurredAt: occurredAt.instant, recordedAt };
    }
    return null;
  }
}

/** Kinds that a rule of another kind asks for: who is reminded of a session is told when it changes. */
const ASKED_BY: Readonly<Partial<Record<MessageKind, MessageRule['kind']>>> = {
  'aspirin-notice': 'precaution-notice',
  'session-moved': 'session-reminder',
  'session-called-off': 'session-reminder',
};

const ruleOf = ({ messages }: Protocol, { kind, precaution }: PlannedMessage): unknown => {
  const asked = ASKED_BY[kind] ?? kind;
  return (
    messages.find(
      (rule) => rule.kind === asked && (!('precaution' in rule) || rule.precaution === (precaution ?? rule.precaution)),
    ) ?? null
  );
};

/** The statement as it was published, in the words of the list of facts. */
function statementOf(id: string): string | null {
  if (!isFactId(id)) return null;
  const { id: _, ...said } = factById(id);
  return JSON.stringify(said);
}

const DECISIONS: ReadonlySet<string> = new Set<MessageEvent['type']>([
  ...(['MessageDeferred', 'MessageHeld', 'MessageAttempted', 'MessageSuppressed', 'MessageExpired'] as const),
]);
const isDecision = ({ type }: RecordedEvent<MessageEvent>): boolean => DECISIONS.has(type);

/**
 * What was on record of patient and site when an event was recorded. What the patient does not want to hear of, they may
 * have said by any of the registrations that were linked then.
 * @param person the events of all registrations that ever were linked with the patient's
 */
function basisAt(
  { position }: RecordedEvent<MessageEvent>,
  { kind, patientId, due }: PlannedMessage,
  person: readonly RecordedEvent[],
  siteEvents: readonly RecordedEvent[],
): DecisionBasis {
  const known = person.filter((event) => event.position < position);
  const of = (id: Id) =>
    stateAt(
      known.filter(({ data }) => (data as { patientId: Id }).patientId === id),
      position,
      patientFold,
    );
  const { linked } = personStanding(known, patientId, due.zone);
  const registrations = new Set([patientId, ...(linked.at(-1)?.registrations ?? [])]);
  const optedOut = [...registrations].flatMap((id) => {
    const { state } = of(id);
    return state.status === 'none' ? [] : state.contact.optedOut;
  });
  const patient = of(patientId);
  const site = stateAt(siteEvents, position, siteFold);
  if (patient.state.status === 'none' || site.state.status === 'none') return null;
  const { preference, contact } = patient.state;
  const { timeZone, quietHours, openingHours, recallRules } = site.state;
  const channel = contact.choices.channels[categoryOf(kind)] ?? preference.channel;
  return {
    ...{ contactConsent: preference.contactConsent, channel: channel === 'none' ? null : channel },
    ...{ language: preference.language, optedOut: [...new Set(optedOut)], patientRevision: patient.revision },
    ...{ zone: contact.choices.timeZone ?? timeZone, quietHours, opensKnown: openingHours !== null },
    ...{ cap: recallRules.cap, siteRevision: site.revision },
  };
}

function stateAt<State, E extends NewEvent>(
  events: readonly RecordedEvent[],
  position: number,
  fold: { readonly initial: State; evolve(state: State, event: RecordedEvent<E>): State },
): { readonly state: State; readonly revision: number } {
  const known = events.filter((event) => event.position < position);
  const history = effectiveHistory(known) as readonly unknown[] as readonly RecordedEvent<E>[];
  return {
    state: history.reduce<State>((state, event) => fold.evolve(state, event), fold.initial),
    revision: known.at(-1)?.revision ?? -1,
  };
}

function stepOf(event: RecordedEvent<MessageEvent>, planned: PlannedMessage, basis: DecisionBasis): ExplanationStep {
  const { recordedAt: at, position, type } = event;
  return {
    at,
    position,
    type,
    says: sentence(event, planned),
    until: untilOf(event),
    attempt: attemptOf(event),
    basis,
  };
}

function untilOf(event: RecordedEvent<MessageEvent>): ZonedTime | null {
  if (event.type === 'MessageDeferred') return event.data.until;
  if (event.type === 'MessageReplanned') return event.data.due;
  return event.type === 'MessageRefused' ? event.data.retryAt : null;
}

function attemptOf(event: RecordedEvent<MessageEvent>): ExplanationStep['attempt'] {
  if (event.type !== 'MessageAttempted') return null;
  const { attempt: number, transport, channel, language, templateHash, idempotencyKey } = event.data;
  return { number, transport, channel, language, templateHash, idempotencyKey };
}

const WAITS: Readonly<Record<DeferralReason, string>> = {
  'quiet-hours': 'It was due in quiet hours and waits for their end',
  'opening-hours': 'It asks the patient to call, and waits until somebody is there',
  'frequency-cap': 'The patient had been invited often enough, so it waits',
  'zone-rules': 'Rules of the zone have changed, so it waits for the same time on the wall',
};

/** What an event says, in words for people. */
function sentence({ type, data, occurredAt }: RecordedEvent<MessageEvent>, planned: PlannedMessage): string {
  switch (type) {
    case 'MessagePlanned':
      return `Planned for ${wallOf(data.due)} by tz database ${data.due.tzdb}; of no use after ${data.expiresAt}.`;
    case 'MessageReplanned':
      return `Rules of the zone have changed. Planned anew for ${wallOf(data.due)}; of no use after ${data.expiresAt}.`;
    case 'MessageDeferred':
      return `${WAITS[data.reason]}: ${wallOf(data.until)}.`;
    case 'MessageHeld':
      return `Held, since these rules stand against the session: ${data.reasons.join(', ')}.`;
    case 'MessageReleased':
      return 'Nothing stands against the session any more.';
    case 'MessageAttempted':
      return `Attempt ${data.attempt}: written in ${data.language} and given to ${data.transport} as ${data.channel}.`;
    case 'MessageRefused':
      return `${data.problem}. It is tried again at ${wallOf(data.retryAt)}.`;
    case 'MessageSent':
      return `${data.transport} took it, as ${data.providerReference}.`;
    case 'MessageSuppressed':
      return `Not sent: ${data.reason}.`;
    case 'MessageExpired':
      return expiry(occurredAt.instant, data.heldFor, planned);
    case 'MessageFailed':
      return `Given up: ${data.problem}.`;
    case 'MessageOutcomeUnknown':
      return `Nobody knows whether it was sent: ${data.problem}.`;
    case 'MessageReopened':
      return 'Somebody let it go again.';
    case 'MessageDeliveryReported':
      return `The provider says that it was ${data.status}${data.problem ? `: ${data.problem}` : ''}.`;
    case 'MessageReplied':
      return `The patient answered by ${data.via}: ${data.meaning}.`;
    default:
      return assertNever(type, 'message event');
  }
}

/**
 * Why it expired: its time was over; or it was not, and every hour at which it might go comes after it, by quiet hours,
 * opening hours or the number of invitations. What it was held for took the time that it had.
 */
function expiry(at: Instant, heldFor: readonly string[] | undefined, { expiresAt, due }: PlannedMessage): string {
  const end = wallOf(zonedTime(expiresAt, due.zone));
  const why = at >= expiresAt ? `its time was over at ${end}` : `no hour at which it might go was left before ${end}`;
  return `Not sent: ${why}.${heldFor ? ` It was held for ${heldFor.join(', ')}.` : ''}`;
}

const wallOf = ({ wall, zone }: ZonedTime): string => `${wall.replace('T', ' ')} (${zone})`;
