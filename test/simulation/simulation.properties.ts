import moment from 'moment-timezone';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Ledger, LedgerMessage, LedgerSession, Moment } from './ledger.js';
import type { ProviderCall, ProviderKind } from './simulated.provider.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, minuteOf } from './virtual-clock.js';

/** What a run left behind, to be judged. */
export interface Evidence {
  readonly ledger: Ledger;
  /** Of every provider. */
  readonly calls: readonly (ProviderCall & { readonly provider: ProviderKind })[];
  /** Adding a job for a message that had been handed over before, with nothing lost in between. */
  readonly handedOverAgain: readonly string[];
  /** Job data that is more than ids. */
  readonly leaks: readonly string[];
  /** Courses whose messages cannot be written. */
  readonly poisoned: ReadonlySet<Id>;
  /** When the last fault was possible, and when the run came to its end; ms. */
  readonly calmSince: number;
  readonly end: number;
  readonly faultless: boolean;
  /** While no worker ran at all; ms. */
  readonly outage: Period | undefined;
  /** While the operator let no message go. */
  readonly closed: Period | undefined;
}

export interface Period {
  readonly from: number;
  readonly to: number;
}

type Property = (evidence: Evidence) => string[];

/** What falls due is settled within this time, when nothing is in its way. */
const SETTLED_WITHIN_MS = 15 * MINUTE_MS;
/** Chaos may keep a message back for so long: deadlines are farther away. */
const CHAOS_MS = 6 * HOUR_MS;

/** A worker that stood still when dispatch was closed goes on when it wakes up. */
const BEGUN_MS = 5 * MINUTE_MS;
/** What a site allows that has set nothing else: two invitations in a week. */
const CAP = 2;
const CAP_MS = 7 * DAY_MS;

const SETTLED = new Set(['sent', 'suppressed', 'expired', 'failed', 'unknown']);
const AHEAD = new Set([
  ...['session-reminder', 'session-moved', 'aspirin-notice', 'precaution-notice'],
  ...['maintenance-due-soon', 'maintenance-due', 'maintenance-overdue', 'maintenance-proposal'],
]);

const all = ({ ledger }: Evidence): LedgerMessage[] => [...ledger.messages.values()];
const ms = (instant: string): number => Date.parse(instant);

/** Every message is settled soon after it falls due; one that is held waits for what holds it, until it expires. */
export const noneIsLost: Property = (evidence) =>
  all(evidence).flatMap(({ label, status, due, planned, reason }) => {
    if (SETTLED.has(status)) return [];
    const from = Math.max(ms(due), evidence.calmSince);
    if (status === 'held' && evidence.end < ms(planned.expiresAt) + SETTLED_WITHIN_MS) return [];
    if (evidence.end < from + SETTLED_WITHIN_MS) return [];
    return [`${label} is still ${status}${reason ? ` (${reason})` : ''}; it was due at ${minuteOf(due)}`];
  });

/** Nothing ends as useless that could have gone while it was of use. */
export const noneExpiresThatCouldHaveGone: Property = (evidence) =>
  all(evidence).flatMap(({ label, status, planned, everHeld, deferrals, due }) => {
    if (status !== 'expired' || everHeld) return [];
    const quietToTheEnd = deferrals > 0 && ms(planned.expiresAt) - ms(due) < CHAOS_MS;
    const wasOut = [evidence.outage, evidence.closed].some(
      (period) => period && period.from < ms(planned.expiresAt) && period.to > ms(planned.due.instant) - HOUR_MS,
    );
    if (wasOut || quietToTheEnd || ms(planned.expiresAt) - ms(planned.due.instant) < CHAOS_MS) return [];
    return [`${label} expired, though it was due at ${planned.due.instant} and of use until ${planned.expiresAt}`];
  });

/** A key of a message writes to its recipient once, and all attempts have the same key. */
export const noneIsAcceptedTwice: Property = ({ ledger, calls }) => {
  const problems: string[] = [];
  for (const [messageId, ofMessage] of grouped(calls)) {
    const keys = new Set(ofMessage.map(({ key }) => key));
    if (keys.size > 1) problems.push(`${ledger.label(messageId)} went under ${keys.size} keys`);
    const delivered = ofMessage.filter(({ delivers }) => delivers).length;
    if (delivered > 1) problems.push(`${ledger.label(messageId)} was accepted ${delivered} times`);
  }
  return problems;
};

/** Where the provider does not know a repeat for one, it is called again only when it certainly took nothing before. */
export const noneIsRepeatedBlindly: Property = ({ ledger, calls }) => {
  const problems: string[] = [];
  for (const [messageId, ofMessage] of grouped(calls.filter(({ provider }) => provider === 'neither'))) {
    const doubtful = ofMessage.slice(0, -1).find(({ certainlyNot }) => !certainlyNot);
    if (doubtful) problems.push(`${ledger.label(messageId)} was repeated after a call that ${doubtful.mood}`);
  }
  return problems;
};

/** The same message is told once, under whatever generation and by whatever registration. */
export const nobodyIsToldTwice: Property = ({ ledger, calls }) => {
  const told = new Map<string, string>();
  return calls.flatMap(({ messageId, delivers }) => {
    const message = ledger.messages.get(messageId);
    // What moved to and fro is told each time.
    const isNews = message?.planned.kind === 'session-moved' || !AHEAD.has(message?.planned.kind);
    if (!delivers || message?.plannedFor === undefined || isNews) return [];
    const { kind, precaution = '', cause } = message.planned;
    const place = siteOf(ledger, cause.sessionId, message.plannedFor);
    const what = `${kind} ${precaution} ${cause.sessionId} ${message.plannedFor} ${place}`;
    const before = told.get(what);
    told.set(what, message.label);
    return before === undefined || before === message.label ? [] : [`${message.label} tells the same as ${before}`];
  });
};

/** Every call of a provider has an attempt that was committed before it. */
export const noneGoesWithoutAnAttempt: Property = ({ ledger, calls }) =>
  calls.flatMap(({ messageId, attempt }) => {
    const attempts = ledger.messages.get(messageId)?.attempts ?? [];
    const committed = attempts.some(({ data }) => data.attempt === attempt);
    return committed ? [] : [`${ledger.label(messageId)} went out as attempt ${attempt}, which is not on record`];
  });

/** By the order of commits: nothing is attempted after what it is about is gone, or nobody may write to the patient. */
export const noneIsAttemptedWithoutCause: Property = (evidence) =>
  all(evidence).flatMap((message) =>
    message.attempts.flatMap(({ position, recordedAt, moment: so }) =>
      whatStandsAgainst(message, so, recordedAt).map(
        (why) => `${message.label} was attempted at position ${position}, though ${why}`,
      ),
    ),
  );

function whatStandsAgainst({ planned, plannedFor }: LedgerMessage, so: Moment, recordedAt: string): string[] {
  const { kind, cause } = planned;
  const today = moment.tz(recordedAt, so.site.zone).format('YYYY-MM-DD');
  const ahead = AHEAD.has(kind);
  const against: string[] = [];
  if (!so.mayBeWrittenTo) against.push('the patient may not be written to');
  if (so.optedOut) against.push('the patient had opted out');
  if (so.diedOn.some((on) => on <= today)) against.push('the patient had died');
  if (ahead && so.movedAwayOn.some((on) => on <= today)) against.push('the patient had moved away');
  if (ahead && so.consentWithdrawn) against.push('consent was withdrawn');
  if (ahead && so.course.over) against.push(`the course was over by ${so.course.over.by}`);
  if (so.session && waitsForItsSession(kind)) {
    if (so.pregnant) against.push('the patient was pregnant on the day of the session');
    if (so.lotRecalled) against.push('a lot of the session was recalled');
  }
  if (cause.kind === 'maintenance-window' && so.course.maintenanceDeclined) against.push('maintenance was declined');
  if (so.session && ahead && so.session.status !== 'booked') against.push(`the session was ${so.session.status}`);
  if (so.session && ahead && so.session.start !== plannedFor) against.push(`the session was at ${so.session.start}`);
  const calledOff = kind === 'session-called-off';
  const stands = so.session?.status === 'booked' && so.course.over === undefined;
  if (calledOff && (stands || so.session?.status === 'performed')) against.push('the session was not called off');
  if (so.session && !ahead && !calledOff && so.session.status !== 'performed')
    against.push('the session was not performed');
  return against;
}

/** That a time does not hold any more is told whatever stands against the new one. */
const waitsForItsSession = (kind: string): boolean => AHEAD.has(kind) && kind !== 'session-moved';

/** While dispatch is closed nothing is attempted; whoever had begun before it was may come to the end of it. */
export const noneGoesWhileClosed: Property = (evidence) => {
  const { closed } = evidence;
  if (!closed) return [];
  return all(evidence).flatMap(({ label, attempts }) =>
    attempts
      .filter(({ recordedAt }) => ms(recordedAt) > closed.from + BEGUN_MS && ms(recordedAt) < closed.to)
      .map(({ recordedAt }) => `${label} was attempted at ${recordedAt}, while dispatch was closed`),
  );
};

/** Nobody gets more invitations in a time than the site allows, by whatever registration. */
export const noneIsInvitedTooOften: Property = (evidence) => {
  const invitations = all(evidence).flatMap(({ label, planned, attempts }) =>
    planned.kind.startsWith('maintenance-') && attempts.length > 0
      ? [{ label, patientId: planned.patientId as Id, at: ms(attempts.at(-1)?.recordedAt as string) }]
      : [],
  );
  return invitations.flatMap(({ label, patientId, at }) => {
    const within = invitations.filter((each) => each.patientId === patientId && each.at <= at && each.at > at - CAP_MS);
    return within.length > CAP ? [`${label} was invitation ${within.length} within a week`] : [];
  });
};

/** Nothing is suppressed for a reason that is not so. */
export const noneIsSuppressedWithoutReason: Property = (evidence) =>
  all(evidence).flatMap(({ label, reason, status, suppressedAt: so }) => {
    if (status !== 'suppressed' || !so) return [];
    const isSo =
      {
        'no-consent': !so.mayBeWrittenTo,
        'no-channel': !so.mayBeWrittenTo,
        'opted-out': so.optedOut,
        'patient-died': so.diedOn.length > 0,
        'patient-moved-away': so.movedAwayOn.length > 0,
        'consent-withdrawn': so.consentWithdrawn,
        'session-cancelled': so.session?.status === 'cancelled',
        'session-missed': so.session?.status === 'missed',
        'session-performed': so.session?.status === 'performed',
        'course-stopped': so.course.over !== undefined,
      }[reason as string] ?? true;
    return isSo ? [] : [`${label} was suppressed as ${reason}, which was not so`];
  });

/** By the wall clocks where the patient lives, computed by another library call than the system's. */
export const noneGoesInQuietHours: Property = (evidence) => {
  const { ledger, calls } = evidence;
  const problems: string[] = [];
  const judge = (message: LedgerMessage, so: Moment, at: number, what: string) => {
    const hour = moment.tz(at, so.patientZone).format('HH:mm');
    const { from, to } = so.site.quiet;
    const quiet = from <= to ? hour >= from && hour < to : hour >= from || hour < to;
    if (quiet)
      problems.push(`${message.label} was ${what} at ${hour} in ${so.patientZone}, quiet from ${from} to ${to}`);
  };
  for (const message of all(evidence)) {
    for (const { recordedAt, moment: so } of message.attempts) judge(message, so, ms(recordedAt), 'attempted');
  }
  for (const { messageId, at, sentAt, attempt } of calls) {
    const message = ledger.messages.get(messageId);
    const committed = message?.attempts.find(({ data }) => data.attempt === attempt);
    // A worker that slept between the attempt and the call cannot know how late it is.
    if (message && committed && at - sentAt < MINUTE_MS) judge(message, committed.moment, at, 'sent');
  }
  return problems;
};

/** Nothing is attempted before it is due, or when it is of no use any more. */
export const noneGoesTooEarlyOrTooLate: Property = (evidence) =>
  all(evidence).flatMap(({ label, planned, attempts }) =>
    attempts.flatMap(({ recordedAt }) => {
      if (recordedAt < planned.due.instant) return [`${label} was attempted at ${recordedAt}, before it was due`];
      if (recordedAt >= planned.expiresAt) return [`${label} was attempted at ${recordedAt}, after its deadline`];
      return [];
    }),
  );

/** Planned once; attempts counted without a gap; nothing more comes of what is settled. */
export const eachStreamIsInOrder: Property = (evidence) => {
  const problems = [...evidence.ledger.disorder];
  for (const { label, events, attempts } of all(evidence)) {
    attempts.forEach(({ data }, n) => {
      if (data.attempt !== n + 1) problems.push(`${label} has attempt ${data.attempt} as its number ${n + 1}`);
    });
    const end = events.findIndex(({ type }) => /^Message(?:Sent|Suppressed|Expired|Failed)$/.test(type));
    const after = end < 0 ? undefined : events.slice(end + 1).find(({ type }) => !AFTER_THE_END.has(type));
    if (after) problems.push(`${label} has ${after.type} after ${events[end]?.type}`);
  }
  return problems;
};

const AFTER_THE_END = new Set(['MessageDeliveryReported', 'MessageReplied']);

/** What was accepted is on record as sent or as unknown, never as anything else; what is on record as sent was accepted. */
export const whatIsOnRecordIsSo: Property = (evidence) => {
  const { ledger, calls } = evidence;
  const accepted = new Set(calls.filter(({ delivers }) => delivers).map(({ messageId }) => messageId));
  const problems: string[] = [];
  for (const messageId of accepted) {
    const status = ledger.messages.get(messageId)?.status;
    if (status === undefined || !['sent', 'unknown', 'attempted'].includes(status)) {
      problems.push(`${ledger.label(messageId)} was accepted, and is on record as ${status}`);
    }
  }
  for (const { messageId, label, status } of all(evidence)) {
    if (status === 'sent' && !accepted.has(messageId)) problems.push(`${label} is on record as sent, and was not`);
  }
  return problems;
};

/** Only what cannot be written, or what a provider does not want, fails. Without faults nothing is in doubt. */
export const noneFailsWithoutReason: Property = ({ ledger, calls, poisoned, faultless }) =>
  [...ledger.messages.values()].flatMap(({ label, messageId, status, reason, planned }) => {
    if (faultless && status === 'unknown') return [`${label} is unknown (${reason}), though nothing went wrong`];
    // What stands against a session is also asked of the person's other courses.
    const courses = [...poisoned].flatMap((id) => ledger.courses.get(id) ?? []);
    const persons = new Set(
      courses.flatMap(({ patientId }) => ledger.registrationsOf(patientId).map((each) => each.patientId)),
    );
    if (status !== 'failed' || persons.has(planned.patientId)) return [];
    const turnedAway = calls.some((call) => call.messageId === messageId && call.certainlyNot);
    return turnedAway ? [] : [`${label} failed (${reason}), though nobody turned it away`];
  });

/** A message that cannot be written comes to an end that is seen, and is never called sent. */
export const poisonIsParked: Property = (evidence) =>
  all(evidence).flatMap(({ label, status, planned }) =>
    evidence.poisoned.has(planned.courseId) && status === 'sent' ? [`${label} cannot be written, and was sent`] : [],
  );

/** Whoever should have been told has a message planned: of each session that stands, and of each that took place. */
export const nothingIsForgotten: Property = ({ ledger, end, outage }) => {
  const planned = new Set<string>();
  for (const { planned: data, plannedFor } of ledger.messages.values()) {
    planned.add(`${data.kind} ${data.cause.sessionId}`);
    planned.add(`${data.kind} ${data.cause.sessionId} ${plannedFor}`);
  }
  return [...ledger.sessions.values()].flatMap((session) => {
    const course = ledger.courses.get(session.courseId);
    if (!course) return [];
    const persons = ledger.registrationsOf(course.patientId);
    const isGone = persons.some(({ diedOn, hasMovedAway }) => diedOn !== undefined || hasMovedAway);
    if (isGone) return [];
    const missing: string[] = [];
    for (const start of startsThatStood(session, course.over?.recordedAt, { end, outage })) {
      if (!planned.has(`session-reminder ${session.sessionId} ${start}`)) missing.push(`the reminder for ${start}`);
    }
    const { performed } = session;
    if (performed && ms(performed.recordedAt) < end - HOUR_MS && !planned.has(`aftercare ${session.sessionId}`)) {
      missing.push('its aftercare');
    }
    return missing.map((what) => `${session.bookings[0]?.start.slice(0, 16)}: ${what} was never planned`);
  });
};

/**
 * The starts for which a session was booked from well before its reminder was due until after that, while somebody was there
 * to plan it.
 */
function startsThatStood(
  session: LedgerSession,
  overAt: string | undefined,
  { end, outage }: Pick<Evidence, 'end' | 'outage'>,
): string[] {
  return session.bookings.flatMap(({ recordedAt, start }, n) => {
    const next = session.bookings[n + 1]?.recordedAt ?? (session.status === 'booked' ? undefined : session.statusAt);
    const until = [next, overAt, new Date(end).toISOString()].flatMap((at) => at ?? []).sort()[0] as string;
    const due = ms(start) - DAY_MS;
    const wasOut = outage && ms(recordedAt) > outage.from - HOUR_MS && ms(until) < outage.to + HOUR_MS;
    if (wasOut) return [];
    return ms(recordedAt) < due - HOUR_MS && ms(until) > due + HOUR_MS ? [start] : [];
  });
}

/** Of many planners one hands over what is due; what comes again comes from the sweeper, when something was lost. */
export const eachIsHandedOverOnce: Property = ({ handedOverAgain }) =>
  handedOverAgain.map((label) => `${label} was handed over again by a planner`);

/** Whoever looks into the queue learns nothing about anybody. */
export const queuesHoldIdsOnly: Property = ({ leaks }) => leaks.map((data) => `a job holds more than ids: ${data}`);

export const PROPERTIES: readonly Property[] = [
  noneIsLost,
  noneExpiresThatCouldHaveGone,
  noneIsAcceptedTwice,
  noneIsRepeatedBlindly,
  nobodyIsToldTwice,
  noneGoesWithoutAnAttempt,
  noneIsAttemptedWithoutCause,
  noneIsSuppressedWithoutReason,
  noneGoesWhileClosed,
  noneIsInvitedTooOften,
  noneGoesInQuietHours,
  noneGoesTooEarlyOrTooLate,
  eachStreamIsInOrder,
  whatIsOnRecordIsSo,
  noneFailsWithoutReason,
  poisonIsParked,
  nothingIsForgotten,
  eachIsHandedOverOnce,
  queuesHoldIdsOnly,
];

/** The number of messages in each state, counted from the rows that everybody reads and from the log itself. */
export function balanceProblem(rows: Readonly<Record<string, number>>, ledger: Ledger): string | undefined {
  const counts = ledger.counts();
  const states = [...new Set([...Object.keys(rows), ...Object.keys(counts)])].sort();
  const off = states.filter((state) => (rows[state] ?? 0) !== (counts[state] ?? 0));
  if (off.length > 0) {
    return `the balance is off: ${off.map((state) => `${state} ${rows[state] ?? 0} of ${counts[state] ?? 0}`).join(', ')}`;
  }
  const sum = Object.values(rows).reduce((a, b) => a + b, 0);
  return sum === ledger.messages.size
    ? undefined
    : `${ledger.messages.size} were planned and ${sum} are in the balance`;
}

const siteOf = (ledger: Ledger, sessionId: Id, start: string): string | undefined =>
  ledger.sessions.get(sessionId)?.bookings.findLast((each) => each.start === start)?.siteId;

function grouped<Call extends ProviderCall>(calls: readonly Call[]): Map<Id, Call[]> {
  const groups = new Map<Id, Call[]>();
  for (const call of calls) groups.set(call.messageId, [...(groups.get(call.messageId) ?? []), call]);
  return groups;
}
