import type { Reads } from '#libs/cqrs/src/command-runner.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { zonedTime } from '#libs/kernel/src/zoned-time.js';
import { siteFold, siteStream } from '#libs/treatment/src/streams.contract.js';
import type { Channel, OutgoingMessage } from '../channel.contract.js';
import { decide } from '../message/message.decider.js';
import type { MessageEvent } from '../message/message.events.js';
import { evolveWith, type KnownMessage, type MessageState } from '../message/message.state.js';
import type { PlannedTimeline } from '../plan/course-timeline.js';
import { readFormerBooking } from '../plan/told-bookings.js';
import type { MessageWriter } from '../templates/message-writer.js';
import type { AnswerLinks } from './answer-links.js';
import type { DispatchDecision, DispatchMatter } from './dispatch.decision.js';
import { ProviderBusy } from './dispatch.problem.js';
import type { HeldTime } from './held-times.js';
import type { House } from './house.js';
import type { ProviderRate } from './provider-rate.js';
import type { Transports } from './transports.js';

export type OpenMessage = Extract<MessageState, { status: 'pending' | 'attempted' }>;

/** What is to be called with what, once the attempt is committed. */
export interface Attempting {
  readonly state: KnownMessage;
  readonly outgoing: OutgoingMessage;
  readonly channel: Channel;
  /** The zone of the site, in which it is said when the provider is asked again. */
  readonly zone: string;
  /** A call before this one may have been taken, whatever this one comes to. */
  readonly repeats: boolean;
}

export interface PreparedAttempt {
  readonly events: readonly MessageEvent[];
  readonly attempt: Attempting;
}

export interface AttemptPreparationDependencies {
  readonly transports: Transports;
  readonly rate: Pick<ProviderRate, 'turn'>;
  readonly links: AnswerLinks;
  readonly house: House;
  readonly writer: MessageWriter;
  readonly log: { warn(fields: object, message: string): void };
}

/** Makes of a message that may go what its provider is called with. */
export class AttemptPreparation {
  constructor(private readonly deps: AttemptPreparationDependencies) {}

  /**
   * Writes the message before the attempt commits: what cannot be written was never attempted.
   * @throws ProviderBusy when others are to be called before; Error for a message that cannot be written
   */
  async prepare(
    reads: Reads,
    message: OpenMessage,
    matter: DispatchMatter,
    decision: Extract<DispatchDecision, { kind: 'send' }>,
  ): Promise<PreparedAttempt> {
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
    return { events, attempt: { state, outgoing, channel, zone, repeats } };
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

/** What a proposal says: the time that is held, and until when. */
const heldTime = (slot: HeldTime | undefined) =>
  slot?.status === 'held' ? { slot: slot.at, heldUntil: zonedTime(slot.heldUntil, slot.at.zone) } : undefined;
