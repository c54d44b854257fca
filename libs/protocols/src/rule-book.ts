/**
 * The rule book: every rule that the record holds to, as data beside the code that enforces it. Each slice writes its own
 * `<slice>.rule-book.ts`; `npm run rules` gathers them all into docs/rules.md with the published statements they rest on
 * and the tests that show them, and `npm run check` fails for a rule that no test names.
 */
import type { FactId } from './facts.js';

/** The headings under which the rules of a treatment record stand, in the order in which a patient meets them. */
export const DEMANDS = [
  'Protocols',
  'Consultation',
  'Late knowledge',
  'Planning',
  'Session',
  'Mistakes',
  'Follow-up',
  'Course end',
  'Adverse events',
  'Identity',
  'Maintenance',
  'Aftercare and reminders',
  'When a message may go',
  'Lots',
  'Several sites',
  'Inspection',
  'Who may do what',
] as const;

export type Demand = (typeof DEMANDS)[number];

/** Who may go on in spite of a rule, with a written reason. */
export type RuleOverride = 'none' | 'anyone' | 'physician';

export interface RuleEntry {
  /** The rule in one sentence, as somebody in a clinic would say it. */
  readonly says: string;
  readonly demand: Demand;
  /** The published statements it rests on; none when it is law, good practice or the chain's own protocol. */
  readonly facts: readonly FactId[];
  readonly override: RuleOverride;
}

/** `lot.recalled`, `session.interval-short`: a noun, a dot, and what is wrong, in small letters with hyphens. */
const RULE_ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*\.[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

/** Whether a text has the form of a rule's id; whether a rule of that id exists is another question. */
export const isRuleId = (text: string): boolean => RULE_ID.test(text);

/**
 * Declares rules by their ids. An id stands in refusals, in titles of tests and in documents, so that one which is not
 * well formed is a programmer's error and stops the program when it loads.
 */
export function ruleBook<const T extends Record<string, RuleEntry>>(rules: T): T {
  for (const [id, rule] of Object.entries(rules)) {
    if (!isRuleId(id)) throw new Error(`The id of a rule reads '<noun>.<what>' in small letters, but this is '${id}'.`);
    if (!rule.says.endsWith('.')) throw new Error(`What a rule says is a sentence with a full stop, see '${id}'.`);
  }
  return rules;
}
