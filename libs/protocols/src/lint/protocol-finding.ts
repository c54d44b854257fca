import type { FactId } from '../facts.js';

/** What the linter can find. Stable: programs may branch on it; the rule book has a rule of each. */
export const FINDING_CODES = [
  'schema',
  'list-too-long',
  'other-code',
  'unknown-fact',
  'unknown-citation',
  'unknown-precaution',
  'rule-without-evidence',
  'fact-outside-evidence',
  'basis-contradicts-evidence',
  'missing-language',
  'undeclared-language',
  'range-reversed',
  'duration-too-long',
  'duration-zero',
  'duplicate-id',
  'duplicate-trigger',
  'missing-contraindication',
  'missing-check',
  'override-forbidden',
  'must-block',
  'unlisted-blocks',
  'harmless-and-listed',
  'permission-inside-restriction',
  'avoid-and-do',
  'missing-all-clear-text',
  'text-names-treatment',
  'check-up-outside-series',
  'lapse-inside-interval',
  'reaction-without-days',
  'reaction-and-adverse-event',
  'window-closes-before-it-opens',
  'notice-too-late',
  'message-without-cause',
  'message-outside-series',
  'useful-too-long',
] as const;
export type ProtocolFindingCode = (typeof FINDING_CODES)[number];

/** One thing to mend in a protocol before it can be published. */
export interface ProtocolFinding {
  readonly code: ProtocolFindingCode;
  /** Dotted path of the place, for example `aftercare.2.text`; empty for the protocol as a whole. */
  readonly path: string;
  /** What is wrong, as one sentence. */
  readonly message: string;
  /** The published statements that the finding rests on, where it rests on any. */
  readonly facts?: readonly FactId[];
}

export const finding = (
  code: ProtocolFindingCode,
  path: string,
  message: string,
  facts: readonly FactId[] = [],
): ProtocolFinding => ({ code, path, message, ...(facts.length > 0 && { facts }) });
