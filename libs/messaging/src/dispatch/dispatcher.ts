import { setTimeout as pause } from 'node:timers/promises';
import type { CommandRunner, Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import {
  goesOnProposing,
  loadSlots,
  slotFold,
  type SlotState,
  slotStream,
} from '#libs/booking/src/booking.contract.js';
import type { EventStore, StreamName } from '#libs/event-store/src/event-store.js';
import { WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import { derivedId, type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { type Instant, zonedTime } from '#libs/kernel/src/zoned-time.js';
import {
  type CourseStreamEvent,
  type Finding,
  loadStanding,
  patientFold,
  patientStream,
  siteFold,
  siteStream,
  courseStream,
  consultationStream,
} from '#libs/treatment/src/streams.contract.js';
import { decide, type MessageCommand } from '../message/message.decider.js';
import { InvitationCounted, invitationStream } from '../message/invitation.events.js';
import { type Invitation, invitationFold } from '../message/invitation.state.js';
import { categoryOf, type MessageKind, messageStream } from '../message/message.events.js';
import { evolveWith, type KnownMessage, messageFold, type MessageState } from '../message/message.state.js';
import { isAboutTheFuture } from '../plan/cause-gone.js';
import { isPlanned, type PlannedTimeline, timelineOf } from '../plan/course-timeline.js';
import { earlierMessageIds, tellsTheSame } from '../plan/earlier-messages.js';
import { type Rhythm, rhythmOf } from '../plan/later-course.js';
import { everLinkedWith, type PersonStanding, personStanding, readPerson } from '../plan/person-standing.js';
import { NEVER } from '../plan/told.js';
import { readFormerBooking } from '../plan/told-bookings.js';
import type { PlannerNotes } from '../reactor/planner-notes.js';
import type { RecordReader } from '../reactor/record-reader.js';
import type { MessageWriter } from '../templates/message-writer.js';
import type { Channel, OutgoingMessage, SendResult, Transport } from '../channel.contract.js';
import { consultationWithdrawals } from './consent-withdrawals.js';
import type { HeldNotes } from './held-notes.js';
import type { House } from './house.js';
import {
  type DispatchDecision,
  type DispatchMatter,
  dispatchDecision,
  isReplacedByProposal,
} from './dispatch.decision.js';
import type { DispatchGate } from './dispatch-gate.js';
import { isOfTheMoment, ProviderBusy } from './dispatch.problem.js';
import { afterLostAnswer } from './lost-answer.js';
import type { AnswerLinks } from './answer-links.js';
import type { ReplyAddresses } from '../inbound/reply-address.js';
import type { ProviderRate } from './provider-rate.js';
import { retryAt } from './retry.js';
import type { Transports } from './transports.js';

const ACTOR = 'system:dispatcher';

/** A provider is called within so long of the decision, or not at all. Well below the time after which others take over. */
const CALL_WITHIN_MS = 10_000;
/** About eight seconds, while the database is away. */
const SETTLE_TRIES_MAX = 8;
const SETTLE_WAIT_MS = 250;

const GOES_ON: Rhythm = { rhythmEnded: false, rhythmBack: NEVER };

type OpenMessage = Extract<MessageState, { status: 'pending' | 'attempted' }>;

/** What became of one try to dispatch a message. */
export type DispatchOutcome =
  | 'sent'
  | 'suppressed'
  | 'expired'
  | 'deferred'
  /** Something stands against the session that it is about. */
  | 'held'
  | 'failed'
  | 'unknown'
  /** The provider did not take it, and is asked again later. */
  | 'refused'
  /** The chain's messages do not go at present. */
  | 'closed'
  /** Its time has not come by the chain's clock. */
  | 'not-due'
  /** It had been settled before. */
  | 'settled'
  /** Somebody is sending it, or died while doing so: the sweeper will see. */
  | 'in-flight';

export interface DispatcherDependencies {
  readonly runner: CommandRunner;
  readonly store: EventStore;
  readonly chains: Pick<Chains, 'now'>;
  readonly reader: RecordReader;
  readonly notes: PlannerNotes;
  readonly transports: Transports;
  readonly rate: Pick<ProviderRate, 'turn'>;
  readonly gate: Pick<DispatchGate, 'isOpen'>;
  readonly links: AnswerLinks;
  readonly addresses: Pick<ReplyAddresses, 'note'>;
  readonly house: House;
  readonly writer: MessageWriter;
  readonly heldNotes: Pick<HeldNotes, 'watch'>;
  /** Where the lots are found that a session is planned with. */
  readonly codes: Pick<ExternalCodes, 'find'>;
  readonly log: { warn(fields: object, message: string): void };
}

/** An attempt that is committed: from here on the message may have been sent. */
interface CommittedAttempt {
  readonly state: KnownMessage;
  readonly revision: number;
  readonly outgoing: OutgoingMessage;
  readonly channel: Channel;
  /** The zone of the site, in which it is said when the provider is asked again. */
  readonly zone: string;
  /** A call before this one may have been taken, whatever this one comes to. */
  readonly repeats: boolean;
  /** When it was decided that it may go; of a clock that only goes on (performance.now). */
  readonly decidedAt: number;
}

/** What is known of the attempt that a new one takes the place of. */
interface Former {
  readonly attempts: number;
  /** The provider may have taken it; it takes a repeat for the same, but only from the same hand. */
  readonly repeats: Transport | null;
}

interface Decided {
  readonly outcome: Exclude<DispatchOutcome, 'sent' | 'failed' | 'refused' | 'closed'>;
  readonly attempt?: Omit<CommittedAttempt, 'revision' | 'decidedAt'>;
}

/**
 * Sends a message if it may go at this moment. Any number of dispatchers may try the same message at once: the attempt
 * is an event at the message's own revision, so one of them gets through, and it commits only while nothing has moved
 * that the decision was made from.
 */
export class Dispatcher {
  constructor(private readonly deps: DispatcherDependencies) {}

  /**
   * @throws ProviderBusy when others are to be called before; Unavailable and the like, when nothing was decided; Error
   *   for a message that cannot be written.
   */
  async dispatch(chain: Chain, messageId: Id): Promise<DispatchOutcome> {
    if (!(await this.deps.gate.isOpen(chain))) return 'closed';
    return this.attempt(chain, messageId, undefined);
  }

  /**
   * Finishes a message whose attempt has no outcome on record, since whoever made it died or hangs. What the provider
   * accepted is recorded; what it did not is decided anew; where nobody can tell, a provider that knows repeats is asked
   * again, and with any other the outcome is unknown.
   */
  async resume(chain: Chain, messageId: Id): Promise<DispatchOutcome> {
    if (!(await this.deps.gate.isOpen(chain))) return 'closed';
    const { state, revision } = await this.deps.reader.read(chain, messageStream(messageId), messageFold);
    if (state.status !== 'attempted') return state.status === 'pending' ? this.dispatch(chain, messageId) : 'settled';
    const { attempts, attempt } = state;
    const channel = this.deps.transports.called(attempt.transport);
    if (channel?.claim) {
      const reference = await channel.claim(chain, { messageId, attempt: attempts + 1 });
      if (reference === null) return this.attempt(chain, messageId, { attempts, repeats: null });
      const command = { kind: 'record-sent', attempt: attempts, providerReference: reference } as const;
      return this.settled('sent', chain, { state, revision }, command, state.attemptedAt);
    }
    const now = await this.deps.chains.now(chain);
    switch (afterLostAnswer(state, now, channel?.deduplicatesForMs ?? 0)) {
      case 'wait':
        return 'in-flight';
      case 'repeat':
        return this.attempt(chain, messageId, { attempts, repeats: attempt.transport });
      case 'unknown': {
        const problem = channel
          ? 'the provider was called, and its answer was lost'
          : `the answer was lost, and ${attempt.transport} is not configured here`;
        return this.giveUpAttempt(chain, messageId, problem);
      }
    }
  }

  /** Leaves to a person what became of an attempt whose outcome cannot be found out. `problem` is free of personal data. */
  async giveUpAttempt(chain: Chain, messageId: Id, problem: string): Promise<DispatchOutcome> {
    const { state, revision } = await this.deps.reader.read(chain, messageStream(messageId), messageFold);
    if (state.status !== 'attempted') return 'settled';
    const command = { kind: 'record-unknown', attempt: state.attempts, problem } as const;
    return this.settled('unknown', chain, { state, revision }, command, await this.deps.chains.now(chain));
  }

  /** Gives up on a message that cannot be written or sent. `problem` is free of personal data. */
  async fail(chain: Chain, messageId: Id, problem: string, now: Instant): Promise<void> {
    const { state, revision } = await this.deps.reader.read(chain, messageStream(messageId), messageFold);
    if (state.status !== 'pending') return;
    const command = { kind: 'record-failed', attempt: state.attempts, problem } as const;
    await this.settled('failed', chain, { state, revision }, command, now);
  }

  private async attempt(chain: Chain, messageId: Id, former: Former | undefined): Promise<DispatchOutcome> {
    let decided: Decided = { outcome: 'settled' };
    // A fresh command id for each try: two dispatchers under one id would both be told that theirs went through.
    const meta = { chain, commandId: newId(), actor: ACTOR };
    let decidedAt = 0;
    const result = await this.deps.runner.run(meta, async (reads) => {
      decidedAt = performance.now();
      const { events, ...rest } = await this.decide(reads, messageId, former);
      decided = rest;
      if (events.length === 0) return [];
      return [{ stream: messageStream(messageId), events }, ...(decided.attempt ? counted(decided.attempt) : [])];
    });
    if (!decided.attempt) return decided.outcome;
    return this.send(chain, { ...decided.attempt, revision: result.revision, decidedAt });
  }

  private async send(chain: Chain, committed: CommittedAttempt): Promise<DispatchOutcome> {
    return this.conclude(chain, committed, await this.call(chain, committed));
  }

  /** Calls the provider once, if it is not too late for that. */
  private async call(chain: Chain, { outgoing, channel, decidedAt }: CommittedAttempt): Promise<SendResult> {
    const { messageId, attempt } = outgoing;
    const problemOf = (error: unknown, problem: string): string => {
      this.deps.log.warn({ message: messageId, attempt, err: error }, problem);
      return problem;
    };
    try {
      await this.deps.addresses.note(chain, outgoing);
    } catch (error) {
      return { kind: 'refused', problem: problemOf(error, 'it could not be noted whom an answer would come from') };
    }
    // Whoever stood still for so long may have been taken for dead, and others may have taken over. Only the outbox shuts
    // them out.
    if (!channel.claim && performance.now() - decidedAt > CALL_WITHIN_MS) {
      return { kind: 'refused', problem: 'the process stood still before it called the provider' };
    }
    try {
      return await channel.send(chain, outgoing);
    } catch (error) {
      return { kind: 'unknown', problem: problemOf(error, 'the provider gave no answer') };
    }
  }

  private async conclude(chain: Chain, committed: CommittedAttempt, answer: SendResult): Promise<DispatchOutcome> {
    const { state, outgoing, channel, zone, repeats } = committed;
    const { attempt, sentAt } = outgoing;
    const settled = (outcome: DispatchOutcome, command: MessageCommand) =>
      this.settled(outcome, chain, committed, command, sentAt);
    switch (answer.kind) {
      case 'shut-out':
        return 'in-flight';
      case 'accepted':
        return settled('sent', { kind: 'record-sent', attempt, providerReference: answer.reference });
      case 'rejected': {
        // That it does not want a repeat says nothing of the first call.
        if (repeats) return settled('unknown', { kind: 'record-unknown', attempt, problem: answer.problem });
        return settled('failed', { kind: 'record-failed', attempt, problem: answer.problem });
      }
      case 'refused': {
        if (repeats) return 'in-flight';
        const { problem, retryAfterMs } = answer;
        const { refusals, planned } = state;
        const again = retryAt({ now: sentAt, refusals, retryAfterMs }, { expiresAt: planned.expiresAt, zone });
        if (again) return settled('refused', { kind: 'record-refused', attempt, problem, retryAt: again });
        return settled('failed', { kind: 'record-failed', attempt, problem: `${problem}; it was tried in vain` });
      }
      case 'unknown': {
        // Where somebody can tell, or a repeat does no harm, the sweeper finishes it.
        if (channel.claim || channel.deduplicatesForMs > 0) return 'in-flight';
        return settled('unknown', { kind: 'record-unknown', attempt, problem: answer.problem });
      }
    }
  }

  /**
   * Records what became of an attempt. What is known must not be lost: where something else was written meanwhile it is
   * decided again, and where the database is away it is tried for some seconds.
   * @returns `settled` where it says nothing new any more
   */
  private async settled(
    outcome: DispatchOutcome,
    chain: Chain,
    seen: { readonly state: KnownMessage; readonly revision: number },
    command: MessageCommand,
    now: Instant,
  ): Promise<DispatchOutcome> {
    const { messageId, siteId } = seen.state.planned;
    const stream = messageStream(messageId);
    let known: { readonly state: MessageState; readonly revision: number } = seen;
    for (let tries = 1; ; tries += 1) {
      try {
        const events = decide(command, known.state, now);
        if (events.length === 0) return 'settled';
        await this.deps.store.append({
          chain: chain.id,
          commandId: derivedId(messageId, `${command.kind} after ${known.revision}`),
          streams: [{ stream, expectedRevision: known.revision, events }],
          context: { actor: ACTOR, site: siteId, origin: 'live' },
        });
        return outcome;
      } catch (error) {
        if (tries >= SETTLE_TRIES_MAX || !isOfTheMoment(error)) throw error;
        if (!(error instanceof WrongExpectedRevision)) await pause(SETTLE_WAIT_MS * tries);
        known = await this.deps.reader.read(chain, stream, messageFold).catch(() => known);
      }
    }
  }

  private async decide(reads: Reads, messageId: Id, former: Former | undefined) {
    const { state: message } = await reads.load(messageStream(messageId), messageFold);
    if (message.status !== 'pending' && message.status !== 'attempted')
      return { outcome: 'settled', events: [] } as const;
    if (message.status === 'attempted' && message.attempts !== former?.attempts)
      return { outcome: 'in-flight', events: [] } as const;
    const world = await this.world(reads, message);
    const earlier = await this.earlier(reads, message, world);
    // Whoever is telling another form of it comes to an end first.
    if (earlier.some(({ status }) => status === 'attempted')) return { outcome: 'in-flight', events: [] } as const;
    const wasTold = earlier.some((each) => tellsTheSame(each, message.planned));
    const { matter, decision, streams } = await this.judge(reads, { ...world, wasTold });
    if (former?.repeats) return this.repeat(reads, message, matter, { decision, transport: former.repeats });
    switch (decision.kind) {
      case 'not-due':
        return { outcome: 'not-due', events: [] } as const;
      case 'suppress':
        return { outcome: 'suppressed', events: decide(decision, message, reads.now) } as const;
      case 'expire':
        return { outcome: 'expired', events: decide(decision, message, reads.now) } as const;
      case 'hold':
        await this.deps.heldNotes.watch(reads.chain, messageId, streams, { now: reads.now, ...message.planned });
        return { outcome: 'held', events: decide(decision, message, reads.now) } as const;
      case 'defer':
        return { outcome: 'deferred', events: decide(decision, message, reads.now) } as const;
      case 'send':
        return this.prepare(reads, message, matter, decision);
    }
  }

  /** Calls the same provider once more, where the message may still go; else nobody will ever know what became of it. */
  private async repeat(
    reads: Reads,
    message: OpenMessage,
    matter: DispatchMatter,
    { decision, transport }: { decision: DispatchDecision; transport: Transport },
  ) {
    const isSame =
      decision.kind === 'send' && this.deps.transports.for(reads.chain, decision.channel).transport === transport;
    if (isSame) return this.prepare(reads, message, matter, decision);
    const problem = 'the answer of the provider was lost, and the message may not be repeated now';
    const command = { kind: 'record-unknown', attempt: message.attempts, problem } as const;
    return { outcome: 'unknown', events: decide(command, message, reads.now) } as const;
  }

  /** Writes the message before the attempt commits: what cannot be written was never attempted. */
  private async prepare(
    reads: Reads,
    message: OpenMessage,
    matter: DispatchMatter,
    decision: Extract<DispatchDecision, { kind: 'send' }>,
  ) {
    const { channel: chosen, to, language, identity } = decision;
    const { house } = this.deps;
    const { planned } = message;
    const channel = this.deps.transports.for(reads.chain, chosen);
    const { transport } = channel;
    const tellsOfChange = planned.kind === 'session-moved' || planned.kind === 'session-called-off';
    const former = tellsOfChange
      ? await readFormerBooking((stream) => reads.events(stream), planned, matter)
      : undefined;
    const wait = await this.deps.rate.turn(transport);
    if (wait > 0) throw new ProviderBusy(transport, wait);
    const {
      language: written,
      leftAside,
      ...rendered
    } = await this.deps.writer.write(
      reads.chain,
      {
        ...{ planned, course: matter.timeline.course, protocol: matter.protocol, now: reads.now },
        ...{ givenName: identity.givenName, siteName: matter.site.name, placeName: await this.place(reads, matter) },
        links: this.deps.links.of(reads.chain, planned),
        ...{ replies: house.readsReplies, recipient: to },
        ...(house.organizer === undefined ? {} : { organizer: { email: house.organizer } }),
        proposal: heldTime(matter.slot),
        moved: former && { from: former.at },
      },
      chosen,
      language,
    );
    if (leftAside !== null)
      this.deps.log.warn({ message: planned.messageId, leftAside }, 'an own template does not fit');
    const attempt = message.attempts + 1;
    const idempotencyKey = derivedId(planned.messageId, 'provider');
    const { templateHash } = rendered;
    const by = { transport, channel: chosen, language: written, templateHash, idempotencyKey };
    const events = decide({ kind: 'attempt', after: message.attempts, by }, message, reads.now);
    const state = events.reduce<MessageState>((s, event) => evolveWith(s, event, reads.now), message) as KnownMessage;
    const { messageId, patientId, courseId, siteId, kind } = planned;
    const outgoing: OutgoingMessage = {
      ...{ messageId, patientId, courseId, siteId, kind, channel: chosen, to, language: written, ...rendered },
      unsubscribeUrl: this.deps.links.of(reads.chain, planned)?.unsubscribe ?? null,
      ...{ sentAt: reads.now, attempt, idempotencyKey },
    };
    const zone = matter.site.timeZone;
    // Whoever claimed it knows that no call before was taken.
    const repeats = message.status === 'attempted' && !channel.claim;
    return { outcome: 'in-flight', events, attempt: { state, outgoing, channel, zone, repeats } } as const;
  }

  /** What stands against a session is asked last, and only where the message would go: it takes many streams to tell. */
  private async judge(reads: Reads, matter: DispatchMatter) {
    const decision = dispatchDecision(matter);
    const { cause, kind } = matter.message.planned;
    const session =
      cause.kind === 'session' && waitsForItsSession(kind)
        ? matter.timeline.course.sessions.find((each) => each.sessionId === cause.sessionId)
        : undefined;
    const isOnItsWay = decision.kind === 'send' || decision.kind === 'defer';
    if (!isOnItsWay || session?.status !== 'booked') return { matter, decision, streams: [] };
    const { course } = matter.timeline;
    const streams = new Set<StreamName>([courseStream(course.courseId)]);
    const standing = await loadStanding(noting(reads, streams), reads.chain, course, session, this.deps.codes);
    return { matter, decision: dispatchDecision({ ...matter, standing }), streams: [...streams] };
  }

  /** What does not hang on one another is read at the same time: it goes to the database together. */
  private async world(reads: Reads, message: KnownMessage) {
    const { courseId, patientId, siteId, cause } = message.planned;
    const [timeline, { state: patient }, events, { state: site }] = await Promise.all([
      reads.events<CourseStreamEvent>(courseStream(courseId)).then(timelineOf),
      reads.load(patientStream(patientId), patientFold),
      readPerson((stream) => reads.events(stream), patientId),
      reads.load(siteStream(siteId), siteFold),
    ]);
    if (!isPlanned(timeline))
      throw new Error(`Message ${message.planned.messageId} is about a course that was never planned`);
    if (site.status !== 'registered') throw new Error(`Course ${courseId} is at a site that was never registered`);
    const { consultationId, protocol } = timeline.course;
    const person = personStanding(events, patientId, site.timeZone);
    const registrations = registrationsOf(patientId, person);
    const [rules, { state: consultation }, rhythm, invitations, wishes, proposed] = await Promise.all([
      // Versions of protocols never change: nothing about them needs to be guarded.
      this.deps.reader.protocol(reads.chain, protocol.code, protocol.version),
      reads.load(consultationStream(consultationId), consultationWithdrawals),
      cause.kind === 'session' ? GOES_ON : this.rhythm(reads, timeline, person),
      this.invitations(reads, message, registrations),
      this.wishes(reads, registrations),
      this.proposed(reads, message, site),
    ]);
    const standing: readonly Finding[] = [];
    const world = {
      protocol: rules,
      ...rhythm,
      patient,
      person,
      site,
      consultation,
      invitations,
      ...wishes,
      ...proposed,
    };
    return { message, timeline, ...world, standing, now: reads.now };
  }

  /** The time that a proposal is about; of an invitation whether times are proposed in its window. */
  private async proposed(
    reads: Reads,
    { planned: { kind, cause, courseId } }: KnownMessage,
    { recallRules, openingHours }: DispatchMatter['site'],
  ): Promise<Pick<DispatchMatter, 'slot' | 'timesProposed'>> {
    if (cause.kind === 'maintenance-slot')
      return { slot: (await reads.load(slotStream(cause.slotId), slotFold)).state };
    const mayPropose = recallRules.proposals !== null && openingHours !== null;
    if (cause.kind !== 'maintenance-window' || !isReplacedByProposal(kind) || !mayPropose) return {};
    return { timesProposed: goesOnProposing(await loadSlots(reads, courseId, cause.ordinal)) };
  }

  /** What the person was invited to, by any registration: guarded, so that of two invitations one sees the other. */
  private async invitations(
    reads: Reads,
    { planned: { kind } }: KnownMessage,
    registrations: readonly Id[],
  ): Promise<readonly Invitation[]> {
    if (categoryOf(kind) !== 'recall') return [];
    const of = (id: Id) => reads.load(invitationStream(id), invitationFold);
    return (await Promise.all(registrations.map(of))).flatMap(({ state }) => state);
  }

  /** What the person does not want to hear of any more, and whether by SMS anything, by any registration. */
  private async wishes(
    reads: Reads,
    registrations: readonly Id[],
  ): Promise<Pick<DispatchMatter, 'optedOut' | 'smsStopped'>> {
    const of = (id: Id) => reads.load(patientStream(id), patientFold);
    const contacts = (await Promise.all(registrations.map(of))).flatMap(({ state }) =>
      state.status === 'none' ? [] : [state.contact],
    );
    return {
      optedOut: new Set(contacts.flatMap(({ optedOut }) => optedOut)),
      smsStopped: contacts.some(({ smsStopped }) => smsStopped),
    };
  }

  /** The messages by which the patient may have been told the same. */
  private async earlier(
    reads: Reads,
    { planned }: KnownMessage,
    { timeline, ...world }: Omit<DispatchMatter, 'wasTold'>,
  ): Promise<MessageState[]> {
    const noted = await this.deps.notes.messagesOfCourse(reads.chain, planned.courseId);
    const ids = earlierMessageIds({ ...planned, precaution: planned.precaution }, planned, timeline, world, noted);
    return Promise.all(ids.map(async (id) => (await reads.load(messageStream(id), messageFold)).state));
  }

  private async rhythm(reads: Reads, timeline: PlannedTimeline, person: PersonStanding): Promise<Rhythm> {
    const { courseId, patientId, protocol } = timeline.course;
    const registrations = everLinkedWith(patientId, person);
    const pairs = registrations.map((id) => ({ patientId: id, protocol: protocol.code }));
    const ids = await this.deps.notes.coursesOf(reads.chain, pairs);
    const others: PlannedTimeline[] = [];
    for (const id of ids.filter((each) => each !== courseId)) {
      const other = timelineOf(await reads.events<CourseStreamEvent>(courseStream(id)));
      if (isPlanned(other)) others.push(other);
    }
    return rhythmOf(timeline, others, person);
  }

  /** Name of the site at which the session takes, or took, place. */
  private async place(
    reads: Reads,
    {
      timeline,
      site,
      message,
    }: { timeline: PlannedTimeline; site: { siteId: Id; name: string }; message: KnownMessage },
  ): Promise<string> {
    const { cause } = message.planned;
    const session =
      cause.kind === 'session' && timeline.course.sessions.find((each) => each.sessionId === cause.sessionId);
    if (!session || session.siteId === site.siteId) return site.name;
    const { state } = await reads.load(siteStream(session.siteId), siteFold);
    return state.status === 'registered' ? state.name : site.name;
  }
}

/** That a time does not hold any more is told whatever stands against the new one. */
const waitsForItsSession = (kind: MessageKind): boolean => isAboutTheFuture(kind) && kind !== 'session-moved';

/** What a proposal says: the time that is held, and until when. */
const heldTime = (slot: SlotState | undefined) =>
  slot?.status === 'held'
    ? { slot: slot.slot.at, heldUntil: zonedTime(slot.slot.heldUntil, slot.slot.at.zone) }
    : undefined;

/** The person's registrations, as they are linked now. */
const registrationsOf = (patientId: Id, { linked }: PersonStanding): Id[] => [
  ...new Set([patientId, ...(linked.at(-1)?.registrations ?? [])]),
];

/** An invitation is counted with the attempt, so that no other one goes by a count that does not know it. */
function counted({ outgoing: { kind, patientId, messageId, sentAt } }: Pick<CommittedAttempt, 'outgoing'>) {
  if (categoryOf(kind) !== 'recall') return [];
  const event = InvitationCounted(occurredNow(sentAt), { patientId, messageId });
  return [{ stream: invitationStream(patientId), events: [event] }];
}

/** The same reads, which say what they were asked for. */
const noting = (reads: Reads, streams: Set<StreamName>): Pick<Reads, 'load' | 'events'> => ({
  load: (stream, fold) => {
    streams.add(stream);
    return reads.load(stream, fold);
  },
  events: (stream) => {
    streams.add(stream);
    return reads.events(stream);
  },
});
