import { isErased } from '#libs/event-store/src/personal-data.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { Identity, PatientState, SiteState } from '#libs/treatment/src/streams.contract.js';
import type { SuppressionReason } from '../message/message.events.js';
import type { KnownMessage } from '../message/message.state.js';
import { causeGone, isAboutTheFuture } from '../plan/cause-gone.js';
import type { PlannedTimeline } from '../plan/course-timeline.js';
import { quietUntil } from '../plan/quiet-hours.js';
import type { ConsentWithdrawals } from './consent-withdrawals.js';

/** Everything that decides whether a message may go at this moment. All of it is guarded until the attempt commits. */
export interface DispatchMatter {
  readonly message: KnownMessage;
  readonly timeline: PlannedTimeline;
  readonly protocol: Protocol;
  readonly rhythmEnded: boolean;
  readonly patient: PatientState;
  /** The course's site, whose zone and quiet hours apply. */
  readonly site: Extract<SiteState, { status: 'registered' }>;
  readonly consultation: ConsentWithdrawals;
  readonly now: Instant;
}

export type DispatchDecision =
  | { readonly kind: 'not-due' }
  | { readonly kind: 'suppress'; readonly reason: SuppressionReason }
  | { readonly kind: 'expire' }
  | { readonly kind: 'defer'; readonly until: ZonedTime }
  | {
      readonly kind: 'send';
      readonly channel: 'email' | 'sms';
      readonly to: string;
      readonly language: string;
      readonly identity: Identity;
    };

/**
 * Decides at the last moment. What must not be said at all comes first, then what can no longer be of use, then what
 * has to wait for the morning.
 */
export function dispatchDecision(matter: DispatchMatter): DispatchDecision {
  const { message, timeline, site, now } = matter;
  if (now < message.due.instant) return { kind: 'not-due' };
  const gone = causeGone(message.planned, timeline, matter) ?? consentGone(matter);
  if (gone) return { kind: 'suppress', reason: gone };
  const recipient = recipientOf(matter.patient);
  if (typeof recipient === 'string') return { kind: 'suppress', reason: recipient };
  const { expiresAt } = message.planned;
  if (now >= expiresAt) return { kind: 'expire' };
  const until = quietUntil(now, site.timeZone, site.quietHours);
  if (until) return until.instant >= expiresAt ? { kind: 'expire' } : { kind: 'defer', until };
  return { kind: 'send', ...recipient };
}

/** Nobody is invited to a treatment to which consent was withdrawn; what was done still has its aftercare. */
function consentGone({ message, timeline, consultation }: DispatchMatter): SuppressionReason | undefined {
  const withdrawn = consultation.procedures.includes(timeline.course.protocol.code);
  return withdrawn && isAboutTheFuture(message.planned.kind) ? 'consent-withdrawn' : undefined;
}

type Recipient = Omit<Extract<DispatchDecision, { kind: 'send' }>, 'kind'>;

function recipientOf(patient: PatientState): Recipient | SuppressionReason {
  if (patient.status === 'none' || isErased(patient.identity)) return 'patient-erased';
  const { identity, preference } = patient;
  if (!preference.contactConsent) return 'no-consent';
  if (preference.channel === 'none') return 'no-channel';
  const to = preference.channel === 'email' ? identity.email : identity.phone;
  if (to === undefined || to === '') return 'no-channel';
  return { channel: preference.channel, to, language: preference.language, identity };
}
