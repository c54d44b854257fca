import type { HistoryAt } from '../api/courses.js';
import { formatDate } from '../ui/dates.js';

/**
 * The recorded time that somebody means who types a minute, in UTC: all of that minute, since entries are shown to the
 * minute. The present one ends now; a later one is left to the server to refuse. Undefined where nothing was typed.
 * @param typed `YYYY-MM-DDTHH:MM`, with seconds or without
 * @param now by the chain's clock
 */
export function knownAtOf(typed: string, now: string): string | undefined {
  if (typed === '') return undefined;
  const minute = typed.slice(0, 16);
  const end = `${minute}:59.999Z`;
  return minute === now.slice(0, 16) ? now : end;
}

/** What the field shows for a recorded time. */
export const typedOf = (knownAt: string | undefined): string => knownAt?.slice(0, 16) ?? '';

/** The last moment before something was recorded. */
export const momentBefore = (recordedAt: string): string => new Date(Date.parse(recordedAt) - 1).toISOString();

/** Whether anything else is asked for than what is known now. */
export const isThen = ({ asOf, knownAt }: HistoryAt): boolean => Boolean(asOf ?? knownAt);

/** The day that a page of the past takes for the present. */
export const dayOf = ({ asOf, knownAt }: HistoryAt, today: string): string => (asOf ?? knownAt ?? today).slice(0, 10);

/** `as it stood on 8 Jan 2026, as far as was on record on 9 Jan 2026, 14:30:59 UTC`. */
export function historyText({ asOf, knownAt }: HistoryAt): string {
  const stood = asOf && `as it stood on ${timeText(asOf)}`;
  const known = knownAt && `${stood ? 'as far as was on record' : 'as it was known'} on ${timeText(knownAt)}`;
  return [stood, known].filter(Boolean).join(', ');
}

/** To the second, since two entries of one minute may stand on different sides of it. */
const timeText = (text: string): string =>
  text.length > 10 ? `${formatDate(text)}, ${text.slice(11, 19).replace(/Z$/, '')} UTC` : formatDate(text);
