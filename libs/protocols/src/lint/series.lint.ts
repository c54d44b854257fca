import type { Protocol } from '../protocol.schema.js';
import { byDays, byDuration, closesBeforeItOpens, isCountable, mayCloseBeforeItOpens } from './durations.lint.js';
import { finding, type ProtocolFinding } from './protocol-finding.js';

/** The series, what is looked at along it and what comes after it fit together. */
export function seriesFindings(protocol: Protocol): ProtocolFinding[] {
  return [
    ...lapseFindings(protocol),
    ...checkUpFindings(protocol),
    ...reactionFindings(protocol),
    ...maintenanceFindings(protocol),
  ];
}

function lapseFindings({ lapse, intervalDays }: Protocol): ProtocolFinding[] {
  if (lapse.afterDays >= intervalDays.max) return [];
  const message = `A course counts as given up after ${lapse.afterDays} days, and its next session may take place after ${intervalDays.max}.`;
  return [finding('lapse-inside-interval', 'lapse.afterDays', message)];
}

/** Check-ups take place as long as sessions go on (S3-F1); the last one before the course counts as given up. */
function checkUpFindings({ checkUps, intervalDays, lapse }: Protocol): ProtocolFinding[] {
  return checkUps.flatMap(({ kind, afterDays }, index) => {
    const path = `checkUps.${index}.afterDays`;
    if (kind === 'after-each-session' && afterDays > intervalDays.max) {
      const message = `A check-up ${afterDays} days after a session comes after the next session.`;
      return [finding('check-up-outside-series', path, message, ['S3-F1'])];
    }
    return kind === 'after-last-session' && afterDays > lapse.afterDays
      ? [finding('check-up-outside-series', path, `By then the course counts as given up.`)]
      : [];
  });
}

function reactionFindings({ expectedReactions, adverseEvents }: Protocol): ProtocolFinding[] {
  const expected = new Set(expectedReactions.map(({ code }) => code));
  return [
    ...expectedReactions.flatMap(({ code, withinDays }, index) =>
      withinDays > 0
        ? []
        : [
            finding(
              'reaction-without-days',
              `expectedReactions.${index}.withinDays`,
              `Nobody can tell when ${code} lasts too long.`,
              ['S4-R1'],
            ),
          ],
    ),
    ...adverseEvents.flatMap(({ code }, index) =>
      expected.has(code)
        ? [
            finding(
              'reaction-and-adverse-event',
              `adverseEvents.${index}.code`,
              `${code} is expected and passing, or an adverse event, and not both.`,
              ['S4-R1', 'S4-R2'],
            ),
          ]
        : [],
    ),
  ];
}

function maintenanceFindings({ maintenance: rule, sessions, intervalDays }: Protocol): ProtocolFinding[] {
  const closing = (path: string, opens: string, closes: string) =>
    finding('window-closes-before-it-opens', path, `A window from ${opens} to ${closes} closes before it opens.`);
  if (rule.kind === 'physician') {
    const tooEarly =
      rule.latest !== null &&
      isCountable(rule.latest) &&
      mayCloseBeforeItOpens(byDays(intervalDays.min), byDuration(rule.latest));
    return tooEarly ? [closing('maintenance.latest', `${intervalDays.min} days`, `${rule.latest}`)] : [];
  }
  const { repeatCourse: repeat } = rule;
  const windows: readonly (readonly [path: string, opens: string, closes: string])[] = [
    ['maintenance.firstCloses', rule.firstOpens, rule.firstCloses],
    ['maintenance.thenCloses', rule.thenOpens, rule.thenCloses],
    ...(repeat === null ? [] : [['maintenance.repeatCourse.closes', repeat.opens, repeat.closes] as const]),
  ];
  const reversed = windows.filter(
    ([, opens, closes]) =>
      isCountable(opens) && isCountable(closes) && mayCloseBeforeItOpens(byDuration(opens), byDuration(closes)),
  );
  // The first window never opens before the shortest interval after the last session has passed.
  const intervals = rule.anchor === 'first-session' ? sessions.min : 1;
  const days = intervals * intervalDays.min;
  const isOverAtOnce = isCountable(rule.firstCloses) && closesBeforeItOpens(byDays(days), byDuration(rule.firstCloses));
  return [
    ...reversed.map(([path, opens, closes]) => closing(path, opens, closes)),
    ...(isOverAtOnce ? [closing('maintenance.firstCloses', `${days} days`, rule.firstCloses)] : []),
  ];
}
