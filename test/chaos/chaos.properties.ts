import moment from 'moment-timezone';
import type { Ledger, LedgerMessage } from '../simulation/ledger.js';
import {
  eachStreamIsInOrder,
  type Evidence,
  noneExpiresThatCouldHaveGone,
  noneFailsWithoutReason,
  noneGoesTooEarlyOrTooLate,
  noneGoesWithoutAnAttempt,
  noneIsAcceptedTwice,
  noneIsAttemptedWithoutCause,
  noneIsRepeatedBlindly,
  noneIsSuppressedWithoutReason,
  nobodyIsToldTwice,
  queuesHoldIdsOnly,
  whatIsOnRecordIsSo,
} from '../simulation/simulation.properties.js';
import type { ChaosCall } from './chaos.provider.js';

/** What a run left behind. */
export interface ChaosEvidence {
  readonly ledger: Ledger;
  readonly calls: readonly ChaosCall[];
  /** Job data that is more than ids. */
  readonly leaks: readonly string[];
  /** Numbers that the read model gives, by the name that the balance has for them. */
  readonly balance: Readonly<Record<string, number>>;
}

/** A decision is made a moment before its commit, and the machine is busy. */
const DECIDED_BEFORE_MS = 5_000;
const DAY_MS = 24 * 3_600_000;

/** Properties that say something of a run of real processes too; those that need a virtual clock are left out. */
const SHARED = [
  ...[noneExpiresThatCouldHaveGone, noneIsAcceptedTwice, noneIsRepeatedBlindly, nobodyIsToldTwice],
  ...[noneGoesWithoutAnAttempt, noneIsAttemptedWithoutCause, noneIsSuppressedWithoutReason],
  ...[noneGoesTooEarlyOrTooLate, eachStreamIsInOrder, whatIsOnRecordIsSo, noneFailsWithoutReason, queuesHoldIdsOnly],
];

/** @returns what does not hold, a sentence each; nothing when all is well */
export function chaosProblems(evidence: ChaosEvidence): string[] {
  const { ledger } = evidence;
  const shared: Evidence = {
    ...{ ledger, leaks: evidence.leaks, handedOverAgain: [], poisoned: new Set(), faultless: false },
    ...{ calls: evidence.calls.map((call) => asSimulated(ledger, call)), outage: undefined, closed: undefined },
    ...{ calmSince: Date.now(), end: Date.now() },
  };
  return [
    ...SHARED.flatMap((property) => property(shared)),
    ...noneGoesInQuietHours(ledger),
    ...everyReminderIsPlanned(ledger),
    ...balanceIsRight(evidence),
    ...evidence.calls.flatMap(({ mood }) => (mood === 'not-genuine' ? ['a webhook had a wrong signature'] : [])),
  ];
}

/** What `pistor verify --json` says of a tree. */
export interface TreeVerdict {
  readonly chain: string;
  readonly outcome: string;
  readonly findings: readonly { readonly what: string }[];
  readonly committed: number;
  readonly head: number;
}

/** The trees over events and over reads came through whole, whatever was killed, and have all that there is. */
export const whatIsNotProved = (trees: readonly TreeVerdict[]): string[] =>
  trees.flatMap(({ chain, outcome, findings, committed, head }) => [
    ...(outcome === 'valid' ? [] : [`the ledger of ${chain} is ${outcome}: ${findings[0]?.what ?? 'nobody says why'}`]),
    ...(committed === head ? [] : [`the ledger of ${chain} has ${committed} of ${head}`]),
  ]);

/** Messages that should have gone by now and have not come to an end. Those that are held wait for what holds them. */
export const dueAndOpen = ({ messages }: Ledger, now: number): LedgerMessage[] =>
  [...messages.values()].filter(
    ({ status, due }) => status === 'attempted' || (status === 'pending' && Date.parse(due) <= now),
  );

/** Twilio is not told the number of an attempt: it is the last one that was committed by then. */
function asSimulated(ledger: Ledger, { provider, ...call }: ChaosCall): Evidence['calls'][number] {
  const { messageId, at } = call;
  const planned = ledger.messages.get(messageId)?.planned;
  const attempts = ledger.messages.get(messageId)?.attempts ?? [];
  const committed = attempts.filter(({ recordedAt }) => Date.parse(recordedAt) <= at).at(-1);
  const attempt = call.attempt ?? (committed?.data['attempt'] as number | undefined) ?? 0;
  return {
    ...{ ...call, attempt, sentAt: at, reference: undefined, patientId: planned?.['patientId'], to: '' },
    ...{ unsubscribeUrl: null, kind: planned?.['kind'] },
    provider: provider === 'twilio' ? 'neither' : 'deduplicates',
    // What the simulation calls so is told apart there by words that mean nothing here.
    mood: call.mood as Evidence['calls'][number]['mood'],
    key: provider === 'twilio' ? messageId : call.key,
  };
}

/** By the wall clocks where the course takes place, computed by another library call than the system's. */
function noneGoesInQuietHours({ messages }: Ledger): string[] {
  return [...messages.values()].flatMap(({ label, attempts }) =>
    attempts.flatMap(({ recordedAt, moment: so }) => {
      const { from, to } = so.site.quiet;
      const isQuiet = (ms: number) => {
        const hour = moment.tz(ms, so.site.zone).format('HH:mm');
        return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
      };
      const at = Date.parse(recordedAt);
      if (!isQuiet(at) || !isQuiet(at - DECIDED_BEFORE_MS)) return [];
      return [`${label} was attempted at ${recordedAt} in ${so.site.zone}, quiet from ${from} to ${to}`];
    }),
  );
}

/** Of each session that still stands, and was booked before its reminder was due. */
function everyReminderIsPlanned(ledger: Ledger): string[] {
  const planned = new Set(
    [...ledger.messages.values()].map(({ planned: { kind, cause }, plannedFor }) =>
      [kind, cause.sessionId, plannedFor].join(' '),
    ),
  );
  return [...ledger.sessions.values()].flatMap(({ sessionId, courseId, bookings, status }) => {
    const course = ledger.courses.get(courseId);
    const booking = bookings.at(-1);
    if (!course || course.over || !booking || status !== 'booked') return [];
    if (ledger.registrationsOf(course.patientId).some(({ diedOn }) => diedOn !== undefined)) return [];
    const due = Date.parse(booking.start) - DAY_MS;
    if (Date.parse(booking.recordedAt) >= due) return [];
    const isPlanned = planned.has(['session-reminder', sessionId, booking.start].join(' '));
    return isPlanned ? [] : [`the reminder of a session at ${booking.start} was never planned`];
  });
}

/** Counted from the rows that everybody reads and from the log itself. */
function balanceIsRight({ ledger, balance }: ChaosEvidence): string[] {
  const counts = ledger.counts();
  const { pending = 0, held = 0, attempted = 0, ...settled } = counts;
  const fromLog: Record<string, number> = {
    ...{ planned: ledger.messages.size, sent: 0, suppressed: 0, expired: 0, failed: 0, unknown: 0 },
    ...settled,
    pending: pending + held + attempted,
  };
  const { planned = 0, ...parts } = balance;
  const sum = Object.values(parts).reduce((a, b) => a + b, 0);
  const off = Object.keys(fromLog).filter((name) => fromLog[name] !== balance[name]);
  return [
    ...off.map((name) => `the balance says ${balance[name]} ${name}, the log ${fromLog[name]}`),
    ...(sum === planned ? [] : [`the balance has ${planned} planned, and ${sum} in its parts`]),
  ];
}
