import { type Erased, isErased } from '#libs/event-store/src/personal-data.js';
import type { ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { CourseRefusal } from './course.errors.js';
import type { SessionHold } from './course.state.js';
import { notAsHeld, undecidedChecks, unknownChecks } from './session-check.rules.js';

/** Answers of the pre-treatment check by question. */
export type Answers = Readonly<Record<string, 'yes' | 'no'>>;

/** What of a session's record says whom was treated, and what they answered before. */
interface Asked {
  readonly at: ZonedTime;
  readonly identifiers?: readonly string[] | undefined;
  readonly check?: Answers | Erased | undefined;
}

/**
 * The answers as they read with those that are said anew; the others stay. What was said of an erased person is gone, and
 * what is said of them since is erased before it is written.
 */
export const answersWith = (before: Asked['check'], anew: Answers): Answers => ({
  ...(isErased(before) ? {} : before),
  ...anew,
});

/** Questions whose answer becomes yes; none where nobody can tell any more. */
export function positiveSince(before: Asked['check'], after: Asked['check']): string[] {
  if (isErased(before) || isErased(after)) return [];
  return Object.keys(after ?? {}).filter((code) => after?.[code] === 'yes' && before?.[code] !== 'yes');
}

/**
 * What stands against answers that are said anew: a question that the protocol does not ask; a no, where the session was
 * held for a yes on its day. That the patient answered yes is not refused: it happened, and a physician reviews it.
 */
export function answerFields(
  hold: SessionHold | undefined,
  protocol: Protocol,
  before: Asked,
  anew: Answers,
  at: ZonedTime,
): CourseRefusal[] {
  const were = isErased(before.check) ? {} : (before.check ?? {});
  const changed = Object.fromEntries(Object.entries(anew).filter(([code, answer]) => were[code] !== answer));
  return [...unknownChecks(protocol, anew), ...notAsHeld(hold, changed, at)];
}

/**
 * Whether a session took place on a yes without a physician's decision by then (S0-P1, S4-C1, S0-C1).
 * @returns undefined where there is none, or where nobody can tell any more
 */
export function undecidedIn(hold: SessionHold | undefined, protocol: Protocol, { check, at }: Asked): true | undefined {
  if (check === undefined || isErased(check) || isErased(hold?.positive)) return undefined;
  return undecidedChecks(hold, protocol, { ...check }, at).length > 0 ? true : undefined;
}
