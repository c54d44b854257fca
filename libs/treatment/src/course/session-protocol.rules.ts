import { procedureOf } from '#libs/protocols/src/protocol.schema.js';
import { daysBetween } from '#libs/kernel/src/local-date.js';
import { dateOfWall, type Instant } from '#libs/kernel/src/zoned-time.js';
import { intervalDeviation, nextEarliest } from '#libs/protocols/src/interval.rule.js';
import { depthDeviation, durationDeviation } from '#libs/protocols/src/session-measure.rules.js';
import { intervalDaysOf } from './course-days.rules.js';
import { performedSessions, type PlannedCourse } from './course.state.js';
import type { Finding, SessionFacts, SessionWorld } from './session-finding.js';

/** What the protocol says of the session itself: its distance to others, its measures, device and steps. */

/**
 * Whole days since the last course session of the procedure (S0-N1, S1-N1), in whichever course, under whichever protocol
 * for it and at whichever site of the person; maintenance sessions are apart. The later of two goes by the plan that held
 * when it began.
 */
export function intervals(
  course: PlannedCourse,
  world: Pick<SessionWorld, 'protocol' | 'otherCourses'>,
  session: Pick<SessionFacts, 'kind' | 'at'>,
): Finding[] {
  if (session.kind !== 'course') return [];
  // A later change of the plan is for what came after it.
  const daysBy = (instant: Instant) => intervalDaysOf(course, world.protocol, instant);
  const intervalDays = daysBy(session.at.instant);
  const date = dateOfWall(session.at.wall);
  const found = (
    deviation: 'interval-short' | 'interval-long',
    message: string,
    seen: number,
    { min, max, facts } = intervalDays,
  ): Finding => ({
    rule: `session.${deviation}`,
    deviation,
    field: 'at',
    message,
    facts,
    override: 'anyone',
    seen: `${seen} days`,
    accepted: `${min} to ${max} days`,
  });
  const own = performedSessions(course, 'course');
  const others = world.otherCourses
    .filter(({ protocol, procedure = protocol.code }) => procedure === procedureOf(world.protocol))
    .flatMap((other) => performedSessions(other, 'course'));
  const all = [...own, ...others].sort((a, b) => (a.at.instant < b.at.instant ? -1 : 1));
  const findings: Finding[] = [];
  const last = all.findLast((each) => each.at.instant <= session.at.instant);
  if (last) {
    const on = dateOfWall(last.at.wall);
    if (intervalDeviation({ intervalDays }, on, date) === 'interval-short') {
      const earliest = nextEarliest({ intervalDays }, on);
      const message = `The last session was on ${on}; at least ${intervalDays.min} days lie between two, so the earliest day is ${earliest}.`;
      findings.push(found('interval-short', message, daysBetween(on, date)));
    }
  }
  // How long is too long is a matter of the course itself: a session of another one between does not bridge it.
  const lastOwn = own.findLast((each) => each.at.instant <= session.at.instant);
  if (lastOwn) {
    const on = dateOfWall(lastOwn.at.wall);
    if (intervalDeviation({ intervalDays }, on, date) === 'interval-long') {
      const message = `The last session of the course was on ${on}; at most ${intervalDays.max} days lie between two.`;
      findings.push(found('interval-long', message, daysBetween(on, date)));
    }
  }
  // One that is entered late must keep its distance from those after it, too.
  const next = all.find((each) => each.at.instant > session.at.instant);
  if (next) {
    const on = dateOfWall(next.at.wall);
    const itsDays = daysBy(next.at.instant);
    if (intervalDeviation({ intervalDays: itsDays }, date, on) === 'interval-short') {
      const message = `The next session was on ${on}; at least ${itsDays.min} days lie between two.`;
      findings.push(found('interval-short', message, daysBetween(date, on), itsDays));
    }
  }
  return findings;
}

/** Depth (S3-D1), of the session and of each product that names its own, and duration (S4-U1). */
export function measures({ protocol }: Pick<SessionWorld, 'protocol'>, session: SessionFacts): Finding[] {
  const found: Finding[] = [];
  const depths: [string, number | undefined][] = [
    ['depthMm', session.depthMm],
    ...session.products.map(({ depthMm }, n): [string, number | undefined] => [`products.${n}.depthMm`, depthMm]),
  ];
  for (const [field, depthMm] of depths) {
    const depth = depthDeviation(protocol, { depthMm: depthMm ?? null, device: session.device });
    if (!depth || protocol.depthMm.decidedBy !== 'protocol') continue;
    const { min, max, facts } = protocol.depthMm;
    const message = `A depth of ${depthMm} mm is outside ${min} to ${max} mm.`;
    const accepted = `${min} to ${max} mm`;
    found.push({
      rule: 'session.depth',
      deviation: depth,
      field,
      message,
      facts,
      override: 'anyone',
      seen: depthMm ?? null,
      accepted,
    });
  }
  const duration = durationDeviation(protocol, session.durationMinutes ?? null);
  if (duration) {
    const { min, max, facts } = protocol.durationMinutes;
    found.push({
      rule: 'session.duration',
      deviation: duration,
      field: 'durationMinutes',
      message: `${session.durationMinutes} minutes are outside ${min} to ${max}.`,
      facts,
      override: 'anyone',
      seen: session.durationMinutes ?? null,
      accepted: `${min} to ${max} minutes`,
    });
  }
  return found;
}

/** A device that the protocol names (S1-S1, S3-S1). */
export function device({ protocol }: Pick<SessionWorld, 'protocol'>, session: Pick<SessionFacts, 'device'>): Finding[] {
  const { codes, facts } = protocol.devices;
  if (session.device === null || codes.includes(session.device)) return [];
  return [
    {
      rule: 'session.device',
      deviation: 'device',
      field: 'device',
      message: `The protocol does not name the device ${session.device}.`,
      facts,
      override: 'anyone',
      seen: session.device,
      accepted: codes.join(', '),
    },
  ];
}

/** The steps of the protocol in their order (S1-S1, S3-S1), where they were recorded at all. */
export function steps(
  { protocol }: Pick<SessionWorld, 'protocol'>,
  { steps: done }: Pick<SessionFacts, 'steps'>,
): Finding[] {
  if (done === undefined) return [];
  const asked = protocol.steps.map(({ code }) => code);
  const named = done.map(({ code }) => code).filter((code) => asked.includes(code));
  if (named.join() === asked.join()) return [];
  return [
    {
      rule: 'session.steps',
      deviation: 'steps',
      field: 'steps',
      message: 'The steps of the protocol were not all done, or not in their order.',
      facts: [...new Set(protocol.steps.flatMap(({ facts }) => facts))],
      override: 'anyone',
      seen: named.join(', '),
      accepted: asked.join(', '),
    },
  ];
}
