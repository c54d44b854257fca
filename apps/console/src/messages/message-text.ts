import type {
  DecisionBasis,
  Explanation,
  Message,
  MessageCause,
  MessageStatus,
  ReplyMeaning,
} from '../api/messages.js';
import type { MessageRule } from '../api/protocols.js';
import { formatDuration, formatInstant, formatWall } from '../ui/dates.js';
import { channelName, languageName, memberName, messageKind, messageReason, plural, words } from '../ui/labels.js';

/** What a patient chooses messages by, as staff call it. */
export const CATEGORY_NAMES: Readonly<Record<string, string>> = {
  clinical: 'Treatment and aftercare',
  appointment: 'Appointments',
  recall: 'Invitations',
};

const REPLIES: Readonly<Record<ReplyMeaning, string>> = {
  stop: 'wants no more of it',
  start: 'wants messages again',
  confirm: 'the time suits',
  cancel: 'asks for another time',
  well: 'is well',
  worried: 'is worried',
  other: 'wrote something else',
};
export const replyText = (meaning: ReplyMeaning): string => REPLIES[meaning];

const OUTCOMES: Readonly<Record<MessageStatus, string>> = {
  sent: 'It went out.',
  pending: 'It has not gone out yet.',
  suppressed: 'It was held back, and does not go.',
  expired: 'It expired: when it could have left, it would have been of no use any more.',
  failed: 'It could not be delivered, and is not tried again.',
  unknown: 'Nobody knows whether it was sent. It does not go again by itself, or the patient might get it twice.',
};
export const outcomeText = (status: MessageStatus): string => OUTCOMES[status];

/** What became of a message, or what it waits for, in a line for a list. */
export function fateText(message: Message): string {
  const parts = [waitText(message), sentText(message), message.reason && messageReason(message.reason)];
  if (message.reply) parts.push(`the patient ${replyText(message.reply)}`);
  const text = parts.filter(Boolean).join('; ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function waitText({ heldFor, nextDue, due }: Message): string | null {
  if (heldFor.length > 0) return `held for ${heldFor.join(', ')}`;
  return nextDue !== null && nextDue !== due.instant ? `waits until ${formatInstant(nextDue)}` : null;
}

function sentText({ status, sentWall, channel, delivery }: Message): string | null {
  if (status !== 'sent' || !sentWall) return null;
  const sent = `${channel ? `${channelName(channel)}, ` : ''}${formatWall(sentWall.wall)}`;
  return delivery === null ? sent : `${sent}, ${delivery}`;
}

/** What a message is about. */
export function causeText(cause: MessageCause): string {
  switch (cause.kind) {
    case 'session':
      return 'a session of the course';
    case 'maintenance-window':
      return `maintenance window ${cause.ordinal} of the course`;
    case 'maintenance-slot':
      return `a time that is held in maintenance window ${cause.ordinal} of the course`;
  }
}

/** A protocol's rule for a message as a phrase: `Check-in, 3 days after; of use for 2 days`. */
export function ruleText(rule: MessageRule): string {
  const { before, after, usefulFor } = rule;
  const when = [before && `${formatDuration(before)} before`, after && `${formatDuration(after)} after`].filter(
    Boolean,
  );
  const use = usefulFor ? `; of use for ${formatDuration(usefulFor)}` : '';
  return `${[messageKind(rule.kind), ...when].join(', ')}${use}`;
}

/** An event's type as words: `SessionBooked` as `Session booked`. */
export const eventName = (type: string): string => memberName(type);

/** The first characters of a hash are enough to tell versions of words apart. */
export const shortHash = (hash: string): string => hash.slice(0, 10);

/** How often the same thing had to be told anew. */
export function generationText({ key: { generation } }: Pick<Explanation, 'key'>): string {
  if (generation === 0) return 'told for the first time';
  return `told anew, ${plural(generation, 'time')} after the first`;
}

/** What was on record when something was decided, a phrase each. */
export function basisText(basis: DecisionBasis): string[] {
  return [
    basis.contactConsent ? 'the patient agreed to be written to' : 'the patient did not agree to be written to',
    basis.channel ? `${channelName(basis.channel)}, ${languageName(basis.language)}` : 'no channel for this kind',
    basis.optedOut.length > 0
      ? `no messages wanted: ${basis.optedOut.map((kind) => CATEGORY_NAMES[kind] ?? words(kind)).join(', ')}`
      : 'every kind of message wanted',
    `quiet hours ${basis.quietHours.from} to ${basis.quietHours.to}, ${basis.zone}`,
    basis.opensKnown ? 'opening hours known' : 'opening hours not known',
    basis.cap
      ? `at most ${plural(basis.cap.count, 'invitation')} in ${plural(basis.cap.days, 'day')}`
      : 'invitations without limit',
    `patient at revision ${basis.patientRevision}, site at revision ${basis.siteRevision}`,
  ];
}
