/** Codes as words. What is not listed is written from its code, so that a chain's own protocols read well too. */
export function words(code: string): string {
  const text = code.replaceAll(/[-_.]/g, ' ').replaceAll(/\bfaq\b/g, 'FAQ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The name of a member as words: `bookedFor` as `Booked for`, `depthMm` as `Depth, mm`. */
export function memberName(name: string): string {
  const text = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  return words(text.replace(/ (minutes|mm|ml)$/, ', $1'));
}

const MESSAGE_KINDS: Record<string, string> = {
  'all-clear': 'All-clear',
  'check-in': 'Check-in',
  'session-reminder': 'Session reminder',
  'aspirin-notice': 'No aspirin from now',
  'precaution-notice': 'Precaution ahead of a session',
  'maintenance-due-soon': 'Maintenance due soon',
  'maintenance-due': 'Maintenance due',
  'maintenance-overdue': 'Maintenance overdue',
  'maintenance-proposal': 'A time for maintenance',
};
export const messageKind = (kind: string): string => MESSAGE_KINDS[kind] ?? words(kind);

const REASONS: Record<string, string> = {
  superseded: 'A newer message about the same thing took its place',
  'session-cancelled': 'The session was cancelled',
  'session-missed': 'The session was missed',
  'session-performed': 'The session has already taken place',
  'session-rescheduled': 'The session was moved',
  'course-stopped': 'The course was stopped',
  'course-lapsed': 'The course has lapsed',
  'course-completed': 'The course was completed',
  'maintenance-declined': 'The patient declined maintenance',
  'maintenance-window-moved': 'The maintenance window moved',
  'maintenance-booked': 'Maintenance is already booked',
  'rhythm-ended': 'A later course has taken the place of this one',
  'consent-withdrawn': 'The consent to the treatment was withdrawn',
  'no-consent': 'The patient did not agree to be contacted',
  'no-channel': 'The patient chose no channel',
  'patient-erased': 'The patient was erased',
  'patient-died': 'The patient has died',
  'patient-moved-away': 'The patient has moved away',
  'cause-retracted': 'What it rests on was entered by mistake',
  'already-told': 'The same was told before a correction',
  'opted-out': 'The patient wants no messages of this kind',
  'slot-released': 'The time that was held is not held any more',
  expired: 'It was of no use any more',
};
/** A reason in words. What a provider said is no code, and stays as it is. */
export const messageReason = (reason: string): string =>
  REASONS[reason] ?? (/^[a-z]+(-[a-z]+)*$/.test(reason) ? words(reason) : reason);

/** The end of an id, where there is no code: ids that were made together begin alike. */
export const shortId = (id: string): string => `…${id.slice(-6)}`;

const DEVIATION_WORDS: Record<string, string> = {
  'session-count': 'Session count',
  'interval-short': 'Interval too short',
  'interval-long': 'Interval too long',
  'lot-not-received': 'Lot not received',
  'lot-volume': 'More of a lot than was left',
  'lot-recalled': 'Recalled lot',
  order: 'No order of a physician',
};
export const deviationName = (kind: string): string => DEVIATION_WORDS[kind] ?? words(kind);

const LANGUAGES: Record<string, string> = { en: 'English', tr: 'Turkish', fr: 'French' };
export const languageName = (tag: string): string => LANGUAGES[tag] ?? tag;

const CHANNELS: Record<string, string> = { email: 'E-mail', sms: 'SMS', none: 'None' };
export const channelName = (channel: string): string => CHANNELS[channel] ?? words(channel);

/** `1 message`, `2 messages`. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
