import { isErased } from '#libs/event-store/src/personal-data.js';
import { dateOfWall, localDateAt, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { z } from 'zod';
import type { performSessionSchema } from './course.commands.js';
import type { CourseRefusal } from './course.errors.js';
import { isLifted, type OpenSession, type PlannedCourse, type SessionHold } from './course.state.js';
import { fieldOf } from './session-refusals.js';
import { heldSession } from './session.rules.js';
import { holdAgainst, type HoldWorld } from './standing-hold.rules.js';

type PerformData = z.infer<typeof performSessionSchema>;

/** Two different identifiers of the patient are confirmed before treating, so that nobody else is meant. */
export function identifierFields({
  identifiers = [],
}: {
  readonly identifiers?: readonly string[] | undefined;
}): CourseRefusal[] {
  const confirmed = new Set(identifiers);
  if (confirmed.size >= 2) return [];
  return [
    {
      field: 'identifiers',
      message: 'A session is recorded with two identifiers by which the patient was recognised.',
      rule: 'session.two-identifiers',
      facts: [],
      seen: [...confirmed],
      accepted: 'two different ones',
    },
  ];
}

/**
 * The short check before the treatment (S0-P1, S4-C1, S0-C1): every question answered; a yes waits for a physician's
 * written decision to go on, which some do not allow at all.
 */
export function checkFields(
  { hold }: OpenSession,
  state: PlannedCourse,
  world: HoldWorld,
  { check }: PerformData,
  at: ZonedTime,
): CourseRefusal[] {
  const { protocol } = world;
  const { checks } = protocol.preSession;
  const missing = checks.filter(({ code }) => check[code] === undefined);
  const fields: CourseRefusal[] = missing.map(({ code, facts }) => ({
    field: `check.${code}`,
    message: `The question ${code} of the pre-treatment check was not answered.`,
    rule: 'session.check-complete',
    facts,
    seen: null,
    accepted: 'yes or no',
  }));
  fields.push(...unknownChecks(protocol, check));
  fields.push(...heldSession(holdAgainst(state, hold, world, at)).map(fieldOf), ...notAsHeld(hold, check, at));
  for (const { code, overridable, facts } of undecidedChecks(hold, protocol, check, at)) {
    fields.push({
      field: `check.${code}`,
      message: overridable
        ? 'A positive answer holds the session: a physician decides on it in writing first.'
        : 'A positive answer to this question has no override.',
      rule: overridable ? 'session.held' : 'session.check-absolute',
      facts,
      seen: 'yes',
      accepted: overridable ? 'no, or a physician’s written decision to proceed' : 'no',
      ...(overridable ? { override: 'physician' as const } : {}),
    });
  }
  return fields;
}

/** Answers to questions that the protocol does not ask. */
export function unknownChecks(
  { preSession }: Pick<Protocol, 'preSession'>,
  check: PerformData['check'],
): CourseRefusal[] {
  const asked = new Set(preSession.checks.map(({ code }) => code));
  const unknown = Object.keys(check).filter((code) => !asked.has(code));
  if (unknown.length === 0) return [];
  return [
    {
      field: 'check',
      message: 'The pre-treatment check of the protocol has no such question.',
      rule: 'session.check-known',
      facts: [],
      seen: unknown.join(', '),
      accepted: [...asked].join(', '),
    },
  ];
}

/**
 * The questions that were answered with yes although no physician had let the session go on with them by the time at which
 * it began.
 */
export function undecidedChecks(
  hold: SessionHold | undefined,
  { preSession }: Pick<Protocol, 'preSession'>,
  check: PerformData['check'],
  at: ZonedTime,
): Protocol['preSession']['checks'] {
  const isDecided = hold !== undefined && !hold.isAskedAnew && isLifted(hold, at);
  const decided = isDecided && !isErased(hold.positive) ? hold.positive : [];
  return preSession.checks.filter(
    ({ code, overridable }) => check[code] === 'yes' && !(overridable && decided.includes(code)),
  );
}

/** What the check found on the day of the session is recorded with it, although a physician let it go on. */
export function notAsHeld(hold: SessionHold | undefined, check: PerformData['check'], at: ZonedTime): CourseRefusal[] {
  if (!hold || hold.isAskedAnew || isErased(hold.positive)) return [];
  if (hold.decision !== 'proceed' && !isLifted(hold, at)) return [];
  if (localDateAt(hold.at, at.zone) !== dateOfWall(at.wall)) return [];
  return hold.positive
    .filter((code) => check[code] === 'no')
    .map((code) => ({
      field: `check.${code}`,
      message: 'The session was held on its day for this question: record the answer that was found.',
      rule: 'session.check-as-held',
      facts: ['S0-P1', 'S4-C1'],
      seen: 'no',
      accepted: 'yes',
    }));
}
