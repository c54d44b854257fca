import { isErased } from '#libs/event-store/src/personal-data.js';
import type { Instant, ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { ContactCategory } from '#libs/protocols/src/contact-category.js';
import type { Finding, Identity, PatientState, SiteState } from '#libs/treatment/src/streams.contract.js';
import {
  categoryOf,
  type DeferralReason,
  type MessageKind,
  type SuppressionReason,
} from '../message/message.events.js';
import type { KnownMessage } from '../message/message.state.js';
import { causeGone, isAboutTheFuture } from '../plan/cause-gone.js';
import type { PlannedTimeline } from '../plan/course-timeline.js';
import type { PersonStanding } from '../plan/person-standing.js';
import { allowedFrom, type Hours } from '../plan/allowed-from.js';
import { cappedUntil, type Invitation } from '../message/invitation.state.js';
import type { Told } from '../plan/told.js';
import type { HeldTime } from './held-times.js';
import type { ConsentWithdrawals } from './consent-withdrawals.js';

/** Everything that decides whether a message may go at this moment. All of it is guarded until the attempt commits. */
export interface DispatchMatter {
  readonly message: KnownMessage;
  readonly timeline: PlannedTimeline;
  readonly protocol: Protocol;
  readonly rhythmEnded: boolean;
  /** How often it turned out that a later course had not begun. */
  readonly rhythmBack?: Told;
  readonly patient: PatientState;
  /** Whether the patient has died or moved away, by any of their registrations. */
  readonly person: PersonStanding;
  /** The patient has it already, as it was before a correction. */
  readonly wasTold: boolean;
  /** What stands against the session that it is about; empty where nothing does, and for what is not about one ahead. */
  readonly standing: readonly Finding[];
  /** The course's site, whose zone and quiet hours apply. */
  readonly site: Extract<SiteState, { status: 'registered' }>;
  readonly consultation: ConsentWithdrawals;
  /** What the person was invited to lately, by any registration; empty where the message is no invitation. */
  readonly invitations: readonly Invitation[];
  /** What the person does not want to hear of any more, by any registration. */
  readonly optedOut: ReadonlySet<ContactCategory>;
  /** The person sent STOP to a number of ours, by any registration. */
  readonly smsStopped: boolean;
  /** The time that a proposal is about; left out for any other message. */
  readonly slot?: HeldTime;
  /** Whether times are, or will be, proposed in the window that an invitation is about. */
  readonly timesProposed?: boolean;
  readonly now: Instant;
}

export type DispatchDecision =
  | { readonly kind: 'not-due' }
  | { readonly kind: 'suppress'; readonly reason: SuppressionReason }
  | { readonly kind: 'expire' }
  /** `reasons` are ids of rules, in order. */
  | { readonly kind: 'hold'; readonly reasons: readonly string[] }
  | { readonly kind: 'defer'; readonly until: ZonedTime; readonly reason: DeferralReason }
  | {
      readonly kind: 'send';
      readonly channel: 'email' | 'sms';
      readonly to: string;
      readonly language: string;
      readonly identity: Identity;
    };

/**
 * Decides at the last moment. What must not be said at all comes first, then what can no longer be of use, then what
 * waits until its session may take place, then what has to wait for the morning.
 */
export function dispatchDecision(matter: DispatchMatter): DispatchDecision {
  const { message, timeline, site, now } = matter;
  if (now < message.due.instant) return { kind: 'not-due' };
  const gone =
    causeGone(message.planned, timeline, { ...matter, zone: site.timeZone }) ??
    consentGone(matter) ??
    proposalGone(matter);
  if (gone) return { kind: 'suppress', reason: gone };
  if (matter.wasTold) return { kind: 'suppress', reason: 'already-told' };
  const recipient = recipientOf(matter, categoryOf(message.planned.kind));
  if (typeof recipient === 'string') return { kind: 'suppress', reason: recipient };
  const { expiresAt } = message.planned;
  if (now >= expiresAt) return { kind: 'expire' };
  const reasons = reasonsToHold(matter.standing);
  if (reasons.length > 0) return { kind: 'hold', reasons };
  const allowed = allowedFrom(now, hoursOf(matter));
  if (allowed.kind === 'now') return { kind: 'send', ...recipient };
  if (allowed.kind === 'never' || allowed.until.instant >= expiresAt) return { kind: 'expire' };
  return { kind: 'defer', until: allowed.until, reason: allowed.reason };
}

/** Whoever is asked whether a time suits is not asked to call for one as well. That maintenance is overdue is told all the same. */
export const isReplacedByProposal = (kind: MessageKind): boolean =>
  kind === 'maintenance-due-soon' || kind === 'maintenance-due';

/** Why a time is not proposed any more, and an invitation is not needed now. */
function proposalGone({ message, slot, timesProposed }: DispatchMatter): SuppressionReason | undefined {
  if (timesProposed && isReplacedByProposal(message.planned.kind)) return 'superseded';
  if (!slot || slot.status === 'held') return undefined;
  return slot.status === 'accepted' ? 'already-told' : 'slot-released';
}

/** Invitations ask the patient to call, so they go while somebody is there, and not too many of them. */
function hoursOf({ message, patient, site, invitations, now }: DispatchMatter): Hours {
  const { kind, messageId } = message.planned;
  const invites = categoryOf(kind) === 'recall';
  const of = { messageId, now, zone: site.timeZone };
  return {
    quietHours: site.quietHours,
    patientZone: (patient.status === 'registered' && patient.contact.choices.timeZone) || site.timeZone,
    openingHours: invites ? site.openingHours : null,
    siteZone: site.timeZone,
    cappedUntil: invites ? cappedUntil(invitations, site.recallRules.cap, of) : null,
  };
}

/** Nobody is invited to a treatment to which consent was withdrawn; what was done still has its aftercare. */
function consentGone({ message, timeline, consultation }: DispatchMatter): SuppressionReason | undefined {
  const withdrawn = consultation.procedures.includes(timeline.course.protocol.code);
  return withdrawn && isAboutTheFuture(message.planned.kind) ? 'consent-withdrawn' : undefined;
}

/**
 * A screening or a consent that has run out by the day of the session, or that an old history never had, is renewed when
 * the patient comes; who is not reminded does not come. One that was withdrawn ends its messages.
 */
const RENEWED_ON_THE_DAY: ReadonlySet<string> = new Set<Finding['rule']>(['consultation.expired', 'consent.missing']);

const reasonsToHold = (standing: readonly Finding[]): string[] =>
  [...new Set(standing.map(({ rule }) => rule))].filter((rule) => !RENEWED_ON_THE_DAY.has(rule)).sort();

type Recipient = Omit<Extract<DispatchDecision, { kind: 'send' }>, 'kind'>;

function recipientOf(
  { patient, optedOut, smsStopped }: DispatchMatter,
  category: ContactCategory,
): Recipient | SuppressionReason {
  if (patient.status === 'none' || isErased(patient.identity)) return 'patient-erased';
  const { identity, preference, contact } = patient;
  if (!preference.contactConsent) return 'no-consent';
  if (optedOut.has(category)) return 'opted-out';
  const channel = contact.choices.channels[category] ?? preference.channel;
  if (channel === 'none') return 'no-channel';
  if (channel === 'sms' && smsStopped) return 'opted-out';
  const to = channel === 'email' ? identity.email : identity.phone;
  if (to === undefined || to === '') return 'no-channel';
  return { channel, to, language: preference.language, identity };
}
