import { daysBetween } from '#libs/kernel/src/local-date.js';
import { dateOfWall, type Instant, localDateAt, type ZonedTime, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { aftercarePlan, allClear } from '#libs/protocols/src/aftercare.rule.js';
import { isDiscreet } from '#libs/protocols/src/discreet.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { CourseSession, PerformedSession, PlannedCourse } from '#libs/treatment/src/streams.contract.js';
import type { PlannedMessage } from '../message/message.state.js';
import { sessionEnd } from '../plan/session-messages.js';
import { phraseText } from './icu-phrase.js';
import { dateText, textIn, wallText } from './language.js';
import type { Phrases } from './template-set.js';

/** Addresses by which a patient answers. What is missing is not offered; where none is, the text asks to call. */
export interface MessageLinks {
  readonly confirm?: string;
  readonly other?: string;
  readonly stop?: string;
  readonly well?: string;
  readonly worried?: string;
  readonly unsubscribe?: string;
}

/** Everything a message is written from. */
export interface MessageMatter {
  readonly planned: PlannedMessage;
  readonly course: PlannedCourse;
  readonly protocol: Protocol;
  readonly givenName: string;
  /** Name of the course's site. */
  readonly siteName: string;
  /** Name of the site of the session that the message is about, where it is about one. */
  readonly placeName: string;
  readonly now: Instant;
  readonly links?: MessageLinks | undefined;
  /**
   * Whether somebody reads what is answered to an SMS. Only then does its text ask for an answer by digits: a patient who
   * is worried and answers to nobody is worse off than one who is asked to call.
   */
  readonly replies?: boolean | undefined;
  /** What a maintenance proposal holds, and until when. */
  readonly proposal?: { readonly slot: ZonedTime; readonly heldUntil: ZonedTime } | undefined;
  /** When a session that was moved, or is called off, was to be, as the patient was told. */
  readonly moved?: { readonly from: ZonedTime } | undefined;
  /** Address that calendars know the clinic by. Without it no calendar part is made: RFC 5546 asks for one. */
  readonly organizer?: { readonly email: string } | undefined;
  /** Address of the recipient: some calendars take an invitation only where they find their owner invited. */
  readonly recipient?: string | undefined;
}

/** The values that templates name. Each of them is always there, so that only a mistake names one that is not. */
export interface MessageContent {
  readonly name: string;
  readonly clinic: string;
  /** The clinic as it may be named where others can read it. */
  readonly sender: string;
  readonly treatment: string;
  readonly place: string;
  readonly at: string;
  /** Whole days, by the calendar, from now to the day of the session or of the time that is held. */
  readonly days: number;
  readonly was_at: string | null;
  readonly held_until: string | null;
  readonly lines: readonly { readonly text: string; readonly until: string | null }[];
  /** The same by their ends, in the order of time; what has no end stands last. */
  readonly groups: readonly { readonly until: string | null; readonly texts: readonly string[] }[];
  readonly free: readonly string[];
  readonly goes_on: readonly string[];
  readonly precautions: readonly string[];
  readonly precaution: string;
  readonly opens: string;
  readonly closes: string;
  /** Whole days, by the calendar, until the maintenance window opens; 0 when it has. */
  readonly days_to_open: number;
  readonly weeks_to_open: number;
  /** Whole days, by the calendar, until it closes; 0 when it has. */
  readonly days_left: number;
  readonly weeks_left: number;
  readonly replies: boolean;
  readonly links: Readonly<Record<keyof MessageLinks, string | null>>;
}

const DAYS_OF_WEEK = 7;

/**
 * @param language what the values are written in
 * @param phrases those of the template
 */
export function messageContent(matter: MessageMatter, language: string, phrases: Phrases): MessageContent {
  const { planned, protocol } = matter;
  const session = sessionOf(matter);
  const time = timeOf(matter);
  const precaution = protocol.preSession.precautions.find(({ code }) => code === planned.precaution);
  return {
    name: oneLine(matter.givenName),
    clinic: oneLine(matter.siteName),
    sender: senderOf(matter, language, phrases),
    treatment: textIn(protocol.title, language),
    place: oneLine(matter.placeName),
    at: time ? wallText(time.wall, language) : '',
    days: time ? daysUntil(dateOfWall(time.wall), matter.now, time.zone) : 0,
    was_at: formerTime(matter, time, language),
    held_until: matter.proposal ? wallText(matter.proposal.heldUntil.wall, language) : null,
    ...aftercareContent(matter, session, language),
    precautions: protocol.preSession.precautions.map(({ text }) => textIn(text, language)),
    precaution: precaution ? textIn(precaution.text, language) : '',
    ...windowContent(matter, language),
    replies: matter.replies ?? false,
    links: linksOf(matter.links ?? {}),
  };
}

/** The session that a message is about, where it is about one. */
function sessionOf({ planned: { cause }, course }: MessageMatter): CourseSession | undefined {
  return cause.kind === 'session' ? course.sessions.find(({ sessionId }) => sessionId === cause.sessionId) : undefined;
}

/** Null where nobody knows it, and where the place alone is another. */
function formerTime({ moved }: MessageMatter, time: ZonedTime | undefined, language: string): string | null {
  return moved && moved.from.wall !== time?.wall ? wallText(moved.from.wall, language) : null;
}

/** When what the message is about is, was or would be. */
export function timeOf(matter: MessageMatter): ZonedTime | undefined {
  const session = sessionOf(matter);
  if (matter.planned.kind === 'session-called-off') return calledOffTime(matter, session);
  if (!session) return matter.proposal?.slot;
  return session.status === 'performed' ? session.at : session.bookedFor;
}

/**
 * The time that the patient knows of a session that is called off: the message is of use until then. The record may say
 * another, of which nobody was told, or none any more, where the booking was taken back.
 */
function calledOffTime({ planned, moved }: MessageMatter, session: CourseSession | undefined): ZonedTime {
  if (moved) return moved.from;
  const { expiresAt, due } = planned;
  return session?.bookedFor?.instant === expiresAt ? session.bookedFor : zonedTime(expiresAt, due.zone);
}

/** The clinic's name as it may stand where others read it; null where it may not, or is none. */
export function discreetName({ siteName, protocol }: MessageMatter): string | null {
  const name = oneLine(siteName);
  return name !== '' && isDiscreet(name, protocol) ? name : null;
}

/** Who writes, as others may read it. */
export const senderOf = (matter: MessageMatter, language: string, phrases: Phrases): string =>
  discreetName(matter) ?? phraseText(phrases['your-clinic'] as string, language, {});

const linksOf = (links: MessageLinks): MessageContent['links'] => ({
  confirm: links.confirm ?? null,
  other: links.other ?? null,
  stop: links.stop ?? null,
  well: links.well ?? null,
  worried: links.worried ?? null,
  unsubscribe: links.unsubscribe ?? null,
});

const daysUntil = (date: string, now: Instant, zone: string): number =>
  Math.max(0, daysBetween(localDateAt(now, zone), date));

function windowContent(
  { course, planned, now }: MessageMatter,
  language: string,
): Pick<MessageContent, 'opens' | 'closes' | 'days_to_open' | 'weeks_to_open' | 'days_left' | 'weeks_left'> {
  const { proposal } = course;
  const { zone } = planned.due;
  const toOpen = proposal ? daysUntil(proposal.opens, now, zone) : 0;
  const left = proposal ? daysUntil(proposal.closes, now, zone) : 0;
  return {
    opens: proposal ? dateText(proposal.opens, language) : '',
    closes: proposal ? dateText(proposal.closes, language) : '',
    days_to_open: toOpen,
    weeks_to_open: Math.floor(toOpen / DAYS_OF_WEEK),
    days_left: left,
    weeks_left: Math.floor(left / DAYS_OF_WEEK),
  };
}

function aftercareContent(
  { course, protocol, now }: MessageMatter,
  session: CourseSession | undefined,
  language: string,
): Pick<MessageContent, 'lines' | 'groups' | 'free' | 'goes_on'> {
  if (session?.status !== 'performed') return { lines: [], groups: [], free: [], goes_on: [] };
  const plan = aftercarePlan(protocol, sessionEnd(session, protocol));
  const clear = allClear(protocol, plan, nextSessionAfter(course, session));
  // A session that was recorded late: what is over need not be said.
  const valid = plan.lines.filter(({ endsAt }) => endsAt === null || endsAt > now);
  const until = (endsAt: Instant | null) =>
    endsAt === null ? null : wallText(zonedTime(endsAt, session.at.zone).wall, language);
  const ends = [...new Set(valid.map(({ endsAt }) => endsAt))].sort(
    (a, b) => Number(a === null) - Number(b === null) || ((a ?? '') < (b ?? '') ? -1 : 1),
  );
  return {
    lines: valid.map(({ text, endsAt }) => ({ text: textIn(text, language), until: until(endsAt) })),
    groups: ends.map((end) => ({
      until: until(end),
      texts: valid.filter(({ endsAt }) => endsAt === end).map(({ text }) => textIn(text, language)),
    })),
    free: (clear?.free ?? []).flatMap(({ free }) => (free ? [textIn(free, language)] : [])),
    goes_on: (clear?.goesOn ?? []).map(({ text }) => textIn(text, language)),
  };
}

/** The next booked session, which may already forbid what would be free again (S0-P1). */
function nextSessionAfter(course: PlannedCourse, session: PerformedSession): Instant | null {
  if (course.status === 'stopped') return null;
  const starts = course.sessions
    .filter(({ status }) => status === 'booked')
    .flatMap(({ bookedFor }) => (bookedFor && bookedFor.instant > session.at.instant ? [bookedFor.instant] : []));
  return starts.sort()[0] ?? null;
}

/**
 * A name as it may stand in a subject, a heading or a line of a calendar: without breaks, which would begin a line that
 * means something else, and without signs that no document may hold.
 */
export const oneLine = (text: string): string =>
  text
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replace(/\p{Noncharacter_Code_Point}/gu, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
