import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Channel, OutgoingMessage, SendResult, Transport } from '#libs/messaging/src/channel.contract.js';
import type { Random } from './random.js';
import { HOUR_MS } from './virtual-clock.js';

/** What a provider does with one call. */
export type ProviderMood =
  | 'accepts'
  | 'rejects'
  | 'refuses'
  /** It has taken it, and its answer gets lost. */
  | 'takes-and-is-silent'
  | 'takes-and-breaks-off'
  /** It has not, and nobody can tell. */
  | 'is-silent'
  | 'breaks-off';

/** What a provider can do about being asked twice. */
export type ProviderKind =
  /** It delivers a key once, whatever it is asked under it. */
  | 'deduplicates'
  /** It tells what it has taken, and takes nothing of an earlier attempt any more. */
  | 'tells'
  /** It delivers whatever it is asked. */
  | 'neither';

export interface ProviderCall {
  /** ms by the chain's clock, of the call and of what the message says of itself. */
  readonly at: number;
  readonly sentAt: number;
  readonly messageId: Id;
  readonly patientId: Id;
  readonly to: string;
  /** Where the recipient says that nothing more of the kind is wanted. */
  readonly unsubscribeUrl: string | null;
  readonly kind: string;
  readonly key: string;
  readonly attempt: number;
  /** The provider's, where it has taken it. */
  readonly reference: string | undefined;
  readonly mood: ProviderMood | 'knows-it-already' | 'shuts-out';
  /** Whether the recipient was written to by this call. */
  readonly delivers: boolean;
  /** Whether whoever called was told for certain that nothing was taken. */
  readonly certainlyNot: boolean;
}

const MOODS: Readonly<Record<ProviderMood, number>> = {
  accepts: 84,
  rejects: 1,
  refuses: 5,
  'takes-and-is-silent': 3,
  'takes-and-breaks-off': 2,
  'is-silent': 3,
  'breaks-off': 2,
};
const TAKES: ReadonlySet<ProviderMood> = new Set(['accepts', 'takes-and-is-silent', 'takes-and-breaks-off']);
const REFUSED_FOR_MS = 5 * 60_000;
const DEDUPLICATES_MS = 24 * HOUR_MS;

/** A provider outside of every process, which notes what it was asked and what it did. */
export class SimulatedProvider {
  readonly calls: ProviderCall[] = [];
  /** While false it takes whatever comes. */
  isMoody = true;
  private readonly known = new Map<string, string>();
  /** Of a message, the lowest attempt that is still let in. */
  private readonly shutBefore = new Map<Id, number>();

  constructor(
    readonly transport: Transport,
    readonly kind: ProviderKind,
    private readonly random: Random,
    /** What is the same of a message in every run of a seed; its ids are not. */
    private readonly labelOf: (messageId: Id) => string,
    private readonly now: () => number,
    private readonly onCall: (call: ProviderCall) => void,
  ) {}

  /** A process's connection to it. */
  connect(): Channel {
    return {
      transport: this.transport,
      deduplicatesForMs: this.kind === 'deduplicates' ? DEDUPLICATES_MS : 0,
      send: (_: Chain, message: OutgoingMessage) => this.take(message),
      ...(this.kind === 'tells' && { claim: (_: Chain, of: { messageId: Id; attempt: number }) => this.tell(of) }),
    };
  }

  private async take(message: OutgoingMessage): Promise<SendResult> {
    const { messageId, attempt, idempotencyKey } = message;
    const nth = this.calls.filter((call) => call.messageId === messageId).length;
    const purpose = `${this.labelOf(messageId)} call ${nth}`;
    const mood = this.isMoody ? this.random.fork(purpose).weighted(MOODS) : 'accepts';
    if (attempt < (this.shutBefore.get(messageId) ?? 0)) {
      this.note(message, 'shuts-out', false, true);
      return { kind: 'shut-out' };
    }
    const reference = this.kind === 'neither' ? undefined : this.known.get(idempotencyKey);
    if (reference !== undefined) {
      this.note(message, 'knows-it-already', false, false);
      return { kind: 'accepted', reference };
    }
    const taken = TAKES.has(mood);
    const given = `${this.transport}/${this.calls.length + 1}`;
    if (taken) this.known.set(idempotencyKey, given);
    this.note(message, mood, taken, mood === 'rejects' || mood === 'refuses');
    switch (mood) {
      case 'accepts':
        return { kind: 'accepted', reference: given };
      case 'rejects':
        return { kind: 'rejected', problem: 'no such recipient' };
      case 'refuses':
        return { kind: 'refused', problem: 'too many requests', retryAfterMs: REFUSED_FOR_MS };
      case 'takes-and-is-silent':
      case 'is-silent':
        return { kind: 'unknown', problem: 'no answer in time' };
      case 'takes-and-breaks-off':
      case 'breaks-off':
        throw new Error('socket hang up');
    }
  }

  private async tell({ messageId, attempt }: { messageId: Id; attempt: number }): Promise<string | null> {
    this.shutBefore.set(messageId, Math.max(attempt, this.shutBefore.get(messageId) ?? 0));
    const taken = this.calls.find((call) => call.messageId === messageId && call.delivers);
    return taken ? (this.known.get(taken.key) ?? null) : null;
  }

  private note(message: OutgoingMessage, mood: ProviderCall['mood'], delivers: boolean, certainlyNot: boolean): void {
    const { messageId, patientId, to, unsubscribeUrl, kind, idempotencyKey: key, attempt } = message;
    const reference = this.known.get(key);
    const sentAt = Date.parse(message.sentAt);
    const call = {
      at: this.now(),
      sentAt,
      messageId,
      patientId,
      to,
      unsubscribeUrl,
      kind,
      key,
      attempt,
      reference,
      mood,
      delivers,
      certainlyNot,
    };
    this.calls.push(call);
    this.onCall(call);
  }
}
