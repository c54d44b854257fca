import { foldCase } from '#libs/kernel/src/case-fold.js';
import { type Instant, zonedTime } from '#libs/kernel/src/zoned-time.js';
import { aftercarePlan, allClear } from '#libs/protocols/src/aftercare.rule.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { CourseSession, PerformedSession, PlannedCourse } from '#libs/treatment/src/streams.contract.js';
import type { PlannedMessage } from '../message/message.state.js';
import { sessionEnd } from '../plan/session-messages.js';
import { dateText, textIn, wallText } from './language.js';

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
}

/** The values that templates name. */
export interface MessageContent {
  readonly name: string;
  readonly clinic: string;
  /** The clinic as it may be named where others can read it. */
  readonly sender: string;
  readonly treatment: string;
  readonly place: string;
  readonly at: string;
  readonly lines: readonly { readonly text: string; readonly until: string | null }[];
  readonly free: readonly string[];
  readonly goes_on: readonly string[];
  readonly precautions: readonly string[];
  readonly precaution: string;
  readonly opens: string;
  readonly closes: string;
}

const SENDERS: Readonly<Record<string, string>> = { en: 'Your clinic', tr: 'Kliniğiniz', fr: 'Votre clinique' };

/** @param language one of those that templates exist in */
export function messageContent(matter: MessageMatter, language: string): MessageContent {
  const { planned, course, protocol } = matter;
  const { cause } = planned;
  const session =
    cause.kind === 'session' ? course.sessions.find(({ sessionId }) => sessionId === cause.sessionId) : undefined;
  const time = session?.status === 'performed' ? session.at : session?.bookedFor;
  const precaution = protocol.preSession.precautions.find(({ code }) => code === planned.precaution);
  return {
    name: matter.givenName,
    clinic: matter.siteName,
    sender: isDiscreet(matter.siteName, protocol) ? matter.siteName : (SENDERS[language] as string),
    treatment: textIn(protocol.title, language),
    place: matter.placeName,
    at: time ? wallText(time.wall, language) : '',
    ...aftercareContent(matter, session, language),
    precautions: protocol.preSession.precautions.map(({ text }) => textIn(text, language)),
    precaution: precaution ? textIn(precaution.text, language) : '',
    opens: course.proposal ? dateText(course.proposal.opens, language) : '',
    closes: course.proposal ? dateText(course.proposal.closes, language) : '',
  };
}

function aftercareContent(
  { course, protocol, now }: MessageMatter,
  session: CourseSession | undefined,
  language: string,
): Pick<MessageContent, 'lines' | 'free' | 'goes_on'> {
  if (session?.status !== 'performed') return { lines: [], free: [], goes_on: [] };
  const plan = aftercarePlan(protocol, sessionEnd(session, protocol));
  const clear = allClear(protocol, plan, nextSessionAfter(course, session));
  return {
    lines: plan.lines
      // A session that was recorded late: what is over need not be said.
      .filter(({ endsAt }) => endsAt === null || endsAt > now)
      .map(({ text, endsAt }) => ({
        text: textIn(text, language),
        until: endsAt === null ? null : wallText(zonedTime(endsAt, session.at.zone).wall, language),
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

const TREATMENT_WORDS = ['mesother', 'mezoter', 'mésothér', 'meso'];

/** Whether a clinic's name says nothing of what is done there: it stands in text messages. */
export function isDiscreet(siteName: string, protocol: Protocol): boolean {
  const name = foldCase(siteName);
  const words = [...TREATMENT_WORDS, ...Object.values(protocol.title)].map(foldCase);
  return !words.some((word) => name.includes(word));
}
