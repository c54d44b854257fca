import type { CommandRunner, Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { courseStream, loadStanding, type LotsFound } from '#libs/treatment/src/streams.contract.js';
import type { SendResult, Transport } from '../channel.contract.js';
import type { ReplyAddresses } from '../inbound/reply-address.js';
import { InvitationCounted, invitationStream } from '../message/invitation.events.js';
import { decide } from '../message/message.decider.js';
import { categoryOf, type MessageKind, messageStream } from '../message/message.events.js';
import { messageFold } from '../message/message.state.js';
import { isAboutTheFuture } from '../plan/cause-gone.js';
import { tellsTheSame } from '../plan/earlier-messages.js';
import type { RecordReader } from '../reactor/record-reader.js';
import { AttemptOutcomes, type AttemptOutcomesDependencies, type CommittedAttempt } from './attempt-outcomes.js';
import {
  AttemptPreparation,
  type AttemptPreparationDependencies,
  type Attempting,
  type OpenMessage,
} from './attempt-preparation.js';
import { type DispatchDecision, type DispatchMatter, dispatchDecision } from './dispatch.decision.js';
import type { DispatchGate } from './dispatch-gate.js';
import { DISPATCHER, type DispatchOutcome } from './dispatch-outcome.js';
import { type DispatchWorldDependencies, DispatchWorldReader } from './dispatch-world.js';
import type { HeldNotes } from './held-notes.js';
import { afterLostAnswer } from './lost-answer.js';

/** A provider is called within so long of the decision, or not at all. Well below the time after which others take over. */
const CALL_WITHIN_MS = 10_000;

export interface DispatcherDependencies
  extends DispatchWorldDependencies,
    AttemptPreparationDependencies,
    AttemptOutcomesDependencies {
  readonly runner: CommandRunner;
  readonly chains: Pick<Chains, 'now'>;
  readonly reader: RecordReader;
  readonly gate: Pick<DispatchGate, 'isOpen'>;
  readonly addresses: Pick<ReplyAddresses, 'note'>;
  readonly heldNotes: Pick<HeldNotes, 'watch'>;
  /** Where the lots are found that a session is planned with. */
  readonly codes: LotsFound['codes'];
  /** Where the latest lots of a product are found that it is planned with without a lot. */
  readonly products: LotsFound['products'];
}

/** What is known of the attempt that a new one takes the place of. */
interface Former {
  readonly attempts: number;
  /** The provider may have taken it; it takes a repeat for the same, but only from the same hand. */
  readonly repeats: Transport | null;
}

interface Decided {
  readonly outcome: Exclude<DispatchOutcome, 'sent' | 'failed' | 'refused' | 'closed'>;
  readonly attempt?: Attempting;
}

/**
 * Sends a message if it may go at this moment. Any number of dispatchers may try the same message at once: the attempt
 * is an event at the message's own revision, so one of them gets through, and it commits only while nothing has moved
 * that the decision was made from.
 */
export class Dispatcher {
  private readonly worlds: DispatchWorldReader;
  private readonly preparation: AttemptPreparation;
  private readonly outcomes: AttemptOutcomes;

  constructor(private readonly deps: DispatcherDependencies) {
    this.worlds = new DispatchWorldReader(deps);
    this.preparation = new AttemptPreparation(deps);
    this.outcomes = new AttemptOutcomes(deps);
  }

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
      return this.outcomes.settle('sent', chain, { state, revision }, command, state.attemptedAt);
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
    return this.outcomes.settle('unknown', chain, { state, revision }, command, await this.deps.chains.now(chain));
  }

  /** Gives up on a message that cannot be written or sent. `problem` is free of personal data. */
  async fail(chain: Chain, messageId: Id, problem: string, now: Instant): Promise<void> {
    const { state, revision } = await this.deps.reader.read(chain, messageStream(messageId), messageFold);
    if (state.status !== 'pending') return;
    const command = { kind: 'record-failed', attempt: state.attempts, problem } as const;
    await this.outcomes.settle('failed', chain, { state, revision }, command, now);
  }

  private async attempt(chain: Chain, messageId: Id, former: Former | undefined): Promise<DispatchOutcome> {
    let decided: Decided = { outcome: 'settled' };
    // A fresh command id for each try: two dispatchers under one id would both be told that theirs went through.
    const meta = { chain, commandId: newId(), actor: DISPATCHER };
    let decidedAt = 0;
    const result = await this.deps.runner.run(meta, async (reads) => {
      decidedAt = performance.now();
      const { events, ...rest } = await this.decide(reads, messageId, former);
      decided = rest;
      if (events.length === 0) return [];
      return [{ stream: messageStream(messageId), events }, ...(decided.attempt ? counted(decided.attempt) : [])];
    });
    if (!decided.attempt) return decided.outcome;
    const committed = { ...(decided.attempt as Attempting), revision: result.revision, decidedAt };
    return this.outcomes.conclude(chain, committed, await this.call(chain, committed));
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

  private async decide(reads: Reads, messageId: Id, former: Former | undefined) {
    const { state: message } = await reads.load(messageStream(messageId), messageFold);
    if (message.status !== 'pending' && message.status !== 'attempted')
      return { outcome: 'settled', events: [] } as const;
    if (message.status === 'attempted' && message.attempts !== former?.attempts)
      return { outcome: 'in-flight', events: [] } as const;
    const world = await this.worlds.world(reads, message);
    const earlier = await this.worlds.earlier(reads, message, world);
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

  private async prepare(
    reads: Reads,
    message: OpenMessage,
    matter: DispatchMatter,
    decision: Extract<DispatchDecision, { kind: 'send' }>,
  ) {
    const prepared = await this.preparation.prepare(reads, message, matter, decision);
    return { outcome: 'in-flight', ...prepared } as const;
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
    const standing = await loadStanding(noting(reads, streams), reads.chain, course, session, this.deps);
    return { matter, decision: dispatchDecision({ ...matter, standing }), streams: [...streams] };
  }
}

/** That a time does not hold any more is told whatever stands against the new one. */
const waitsForItsSession = (kind: MessageKind): boolean => isAboutTheFuture(kind) && kind !== 'session-moved';

/** An invitation is counted with the attempt, so that no other one goes by a count that does not know it. */
function counted({ outgoing: { kind, patientId, messageId, sentAt } }: Pick<Attempting, 'outgoing'>) {
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
