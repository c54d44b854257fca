import { setTimeout as pause } from 'node:timers/promises';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { SendResult } from '../channel.contract.js';
import { decide, type MessageCommand } from '../message/message.decider.js';
import { messageStream } from '../message/message.events.js';
import { type KnownMessage, messageFold, type MessageState } from '../message/message.state.js';
import type { RecordReader } from '../reactor/record-reader.js';
import type { Attempting } from './attempt-preparation.js';
import { DISPATCHER, type DispatchOutcome } from './dispatch-outcome.js';
import { isOfTheMoment } from './dispatch.problem.js';
import { retryAt } from './retry.js';

/** About eight seconds, while the database is away. */
const SETTLE_TRIES_MAX = 8;
const SETTLE_WAIT_MS = 250;

/** An attempt that is committed: from here on the message may have been sent. */
export interface CommittedAttempt extends Attempting {
  readonly revision: number;
  /** When it was decided that it may go; of a clock that only goes on (performance.now). */
  readonly decidedAt: number;
}

export interface AttemptOutcomesDependencies {
  readonly store: Pick<EventStore, 'append'>;
  readonly reader: Pick<RecordReader, 'read'>;
}

/** Records what became of attempts. */
export class AttemptOutcomes {
  constructor(private readonly deps: AttemptOutcomesDependencies) {}

  /** What a provider's answer comes to. */
  async conclude(chain: Chain, committed: CommittedAttempt, answer: SendResult): Promise<DispatchOutcome> {
    const { state, outgoing, channel, zone, repeats } = committed;
    const { attempt, sentAt } = outgoing;
    const settled = (outcome: DispatchOutcome, command: MessageCommand) =>
      this.settle(outcome, chain, committed, command, sentAt);
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
  async settle(
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
          context: { actor: DISPATCHER, site: siteId, origin: 'live' },
        });
        return outcome;
      } catch (error) {
        if (tries >= SETTLE_TRIES_MAX || !isOfTheMoment(error)) throw error;
        if (!(error instanceof WrongExpectedRevision)) await pause(SETTLE_WAIT_MS * tries);
        known = await this.deps.reader.read(chain, stream, messageFold).catch(() => known);
      }
    }
  }
}
