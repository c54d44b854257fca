import type { ErrorField } from '#libs/kernel/src/errors.js';

/**
 * What a refusal says of one rule that stands against a command: its evidence, what was seen, and what would be accepted.
 * None of them is left out, so that whoever is refused can mend what they sent.
 */
export interface Refusal<Rule extends string = string> extends ErrorField {
  readonly rule: Rule;
  /** Empty where the rule rests on no published statement. */
  readonly facts: readonly string[];
  /** `null`: nothing is there. Never personal data. */
  readonly seen: NonNullable<unknown> | null;
  readonly accepted: string;
}

export type SeenAndAccepted = Pick<Refusal, 'seen' | 'accepted'>;
