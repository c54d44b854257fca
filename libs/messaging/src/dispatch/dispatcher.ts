import type { CommandRunner, Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { EventStore, StreamName } from '#libs/event-store/src/event-store.js';
import { WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import { derivedId, type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { ContactCategory } from '#libs/protocols/src/contact-category.js';
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
import { categoryOf, messageStream } from '../message/message.events.js';
import { evolveWith, type KnownMessage, messageFold, type MessageState } from '../message/message.state.js';
import { isAboutTheFuture } from '../plan/cause-gone.js';
import { isPlanned, type PlannedTimeline, timelineOf } from '../plan/course-timeline.js';
import { earlierMessageIds, tellsTheSame } from '../plan/earlier-messages.js';
import { type Rhythm, rhythmOf } from '../plan/later-course.js';
import { everLinkedWith, type PersonStanding, personStanding, readPerson } from '../plan/person-standing.js';
import { NEVER } from '../plan/told.js';
import type { PlannerNotes } from '../reactor/planner-notes.js';
import type { RecordReader } from '../reactor/record-reader.js';
import type { MessageWriter } from '../templates/message-writer.js';
import type { Channel, OutgoingMessage, SendResult, Transport } from '../channel.contract.js';
import { consultationWithdrawals } from './consent-withdrawals.js';
import type { HeldNotes } from './held-notes.js';
import type { House } from './house.js';
import { type DispatchDecision, type DispatchMatter, dispatchDecision } from './dispatch.decision.js';
import type { DispatchGate } from './dispatch-gate.js';
import { ProviderBusy } from './dispatch.problem.js';
import type { AnswerLinks } from './answer-links.js';
import type { ReplyAddresses } from '../inbound/reply-address.js';
import type { ProviderRate } from './provider-rate.js';
import { retryAt } from './retry.js';
import type { Transports } from './transports.js';

const ACTOR = 'system:dispatcher';

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
}

/** What is known of the attempt that a new one takes the place of. */
interface Former {
  readonly attempts: number;
  /** The provider may have taken it; it takes a repeat for the same, but only from the same hand. */
  readonly repeats: Transport | null;
}

interface Decided {
  readonly outcome: Exclude<DispatchOutcome, 'sent' | 'failed' | 'refused' | 'closed'>;
  readonly attempt?: Omit<CommittedAttempt, 'revision'>;
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
    const { attempts, attempt, firstAttemptAt } = state;
    const channel = this.deps.transports.called(attempt.transport);
    if (channel?.claim) {
      const reference = await channel.claim(chain, { messageId, attempt: attempts + 1 });
      if (reference === null) return this.attempt(chain, messageId, { attempts, repeats: null });
      const command = { kind: 'record-sent', attempt: attempts, providerReference: reference } as const;
      return (await this.settle(chain, state, revision, command, state.attemptedAt)) ? 'sent' : 'settled';
    }
    const now = await this.deps.chains.now(chain);
    const age = Date.parse(now) - Date.parse(firstAttemptAt);
    if (channel && age < channel.deduplicatesForMs) {
      return this.attempt(chain, messageId, { attempts, repeats: attempt.transport });
    }
    const problem = channel
      ? 'the provider was called, and its answer was lost'
      : `the answer was lost, and ${attempt.transport} is not configured any more`;
    const command = { kind: 'record-unknown', attempt: attempts, problem } as const;
    return (await this.settle(chain, state, revision, command, now)) ? 'unknown' : 'settled';
  }

  /** Gives up on a message that cannot be written or sent. `problem` is free of personal data. */
  async fail(chain: Chain, messageId: Id, problem: string, now: Instant): Promise<void> {
    const { state, revision } = await this.deps.reader.read(chain, messageStream(messageId), messageFold);
    if (state.status !== 'pending') return;
    await this.settle(chain, state, revision, { kind: 'record-failed', attempt: state.attempts, problem }, now);
  }

  private async attempt(chain: Chain, messageId: Id, former: Former | undefined): Promise<DispatchOutcome> {
    let decided: Decided = { outcome: 'settled' };
    // A fresh command id for each try: two dispatchers under one id would both be told that theirs went through.
    const meta = { chain, commandId: newId(), actor: ACTOR };
    const result = await this.deps.runner.run(meta, async (reads) => {
      const { events, ...rest } = await this.decide(reads, messageId, former);
      decided = rest;
      if (events.length === 0) return [];
      return [{ stream: messageStream(messageId), events }, ...(decided.attempt ? counted(decided.attempt) : [])];
    });
    if (!decided.attempt) return decided.outcome;
    return this.send(chain, { ...decided.attempt, revision: result.revision });
  }

  private async send(chain: Chain, committed: CommittedAttempt): Promise<DispatchOutcome> {
    const { outgoing, channel } = committed;
    const { messageId, attempt } = outgoing;
    let answer: SendResult;
    try {
      await this.deps.addresses.note(chain, outgoing);
      answer = await channel.send(chain, outgoing);
    } catch (error) {
      this.deps.log.warn({ message: messageId, attempt, err: error }, 'a provider gave no answer');
      answer = { kind: 'unknown', problem: 'the provider gave no answer' };
    }
    return this.conclude(chain, committed, answer);
  }

  private async conclude(
    chain: Chain,
    { state, revision, outgoing, channel, zone }: CommittedAttempt,
    answer: SendResult,
  ): Promise<DispatchOutcome> {
    const { attempt, sentAt } = outgoing;
    const settled = async (outcome: DispatchOutcome, command: MessageCommand): Promise<DispatchOutcome> =>
      (await this.settle(chain, state, revision, command, sentAt)) ? outcome : 'settled';
    switch (answer.kind) {
      case 'shut-out':
        return 'in-flight';
      case 'accepted':
        return settled('sent', { kind: 'record-sent', attempt, providerReference: answer.reference });
      case 'rejected':
        return settled('failed', { kind: 'record-failed', attempt, problem: answer.problem });
      case 'refused': {
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

  /** @returns false when somebody else has written the message meanwhile: they have taken over. */
  private async settle(
    chain: Chain,
    state: KnownMessage,
    revision: number,
    command: MessageCommand,
    now: Instant,
  ): Promise<boolean> {
    const { messageId, siteId } = state.planned;
    const stream = messageStream(messageId);
    try {
      await this.deps.store.append({
        chain: chain.id,
        commandId: derivedId(messageId, `outcome after ${revision}`),
        streams: [{ stream, expectedRevision: revision, events: decide(command, state, now) }],
        context: { actor: ACTOR, site: siteId, origin: 'live' },
      });
      return true;
    } catch (error) {
      if (error instanceof WrongExpectedRevision) return false;
      throw error;
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
    const isSame = decision.kind === 'send' && this.deps.transports.for(decision.channel).transport === transport;
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
    const channel = this.deps.transports.for(chosen);
    const { transport } = channel;
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
    return { outcome: 'in-flight', events, attempt: { state, outgoing, channel, zone } } as const;
  }

  /** What stands against a session is asked last, and only where the message would go: it takes many streams to tell. */
  private async judge(reads: Reads, matter: DispatchMatter) {
    const decision = dispatchDecision(matter);
    const { cause, kind } = matter.message.planned;
    const session =
      cause.kind === 'session' && isAboutTheFuture(kind)
        ? matter.timeline.course.sessions.find((each) => each.sessionId === cause.sessionId)
        : undefined;
    const isOnItsWay = decision.kind === 'send' || decision.kind === 'defer';
    if (!isOnItsWay || session?.status !== 'booked') return { matter, decision, streams: [] };
    const { course } = matter.timeline;
    const streams = new Set<StreamName>([courseStream(course.courseId)]);
    const standing = await loadStanding(noting(reads, streams), reads.chain, course, session, this.deps.codes);
    return { matter, decision: dispatchDecision({ ...matter, standing }), streams: [...streams] };
  }

  private async world(reads: Reads, message: KnownMessage) {
    const { courseId, patientId, siteId, cause } = message.planned;
    const timeline = timelineOf(await reads.events<CourseStreamEvent>(courseStream(courseId)));
    if (!isPlanned(timeline))
      throw new Error(`Message ${message.planned.messageId} is about a course that was never planned`);
    const { consultationId, protocol } = timeline.course;
    // Versions of protocols never change: nothing about them needs to be guarded.
    const rules = await this.deps.reader.protocol(reads.chain, protocol.code, protocol.version);
    const [patient, events, site, consultation] = [
      (await reads.load(patientStream(patientId), patientFold)).state,
      await readPerson((stream) => reads.events(stream), patientId),
      (await reads.load(siteStream(siteId), siteFold)).state,
      (await reads.load(consultationStream(consultationId), consultationWithdrawals)).state,
    ];
    if (site.status !== 'registered') throw new Error(`Course ${courseId} is at a site that was never registered`);
    const person = personStanding(events, patientId, site.timeZone);
    const rhythm = cause.kind === 'maintenance-window' ? await this.rhythm(reads, timeline, person) : GOES_ON;
    const standing: readonly Finding[] = [];
    const registrations = registrationsOf(patientId, person);
    const of = {
      invitations: await this.invitations(reads, message, registrations),
      optedOut: await this.optedOut(reads, registrations),
    };
    const world = { protocol: rules, ...rhythm, patient, person, site, consultation, ...of };
    return { message, timeline, ...world, standing, now: reads.now };
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

  /** What the person does not want to hear of any more, by any registration. */
  private async optedOut(reads: Reads, registrations: readonly Id[]): Promise<ReadonlySet<ContactCategory>> {
    const of = (id: Id) => reads.load(patientStream(id), patientFold);
    const patients = await Promise.all(registrations.map(of));
    return new Set(patients.flatMap(({ state }) => (state.status === 'none' ? [] : state.contact.optedOut)));
  }

  /** The messages by which the patient may have been told the same. */
  private async earlier(
    reads: Reads,
    { planned }: KnownMessage,
    { timeline, ...world }: Omit<DispatchMatter, 'wasTold'>,
  ): Promise<MessageState[]> {
    const noted = await this.deps.notes.messagesOf(reads.chain, [planned.courseId]);
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
