import type { PistorError } from '#libs/kernel/src/errors.js';

/**
 * Whoever is refused can mend what they sent: each rule that stands against it says what was seen and what would be
 * accepted.
 * @throws Error where one does not
 */
export function saysEnough({ fields }: PistorError): void {
  const silent = fields.filter(({ rule, seen, accepted }) => rule && (seen === undefined || accepted === undefined));
  if (silent.length === 0) return;
  throw new Error(`No word of what is seen or accepted: ${silent.map(({ rule }) => rule).join(', ')}`);
}
