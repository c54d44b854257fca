/** Longer than any name of a clinic or subject line; what others read of a message is short. */
const CHARS_MAX = 200;

/** Line breaks and other control characters, and what turns the direction of text around. */
const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]+/gu;

/**
 * Text as it may stand in the header of a mail: one line without control characters, so that no name or subject can
 * begin a header of its own, and without marks that make it read as something else.
 */
export function headerText(text: string): string {
  const line = text
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replace(UNFIT, ' ')
    .trim();
  return [...line].slice(0, CHARS_MAX).join('');
}
