/** A GTIN as it is kept, whatever length it was printed in: 14 digits. */
export type Gtin = string;

export const GTIN_ACCEPTED = 'a GTIN of 8, 12, 13 or 14 digits whose last digit checks the others';

/**
 * @param text 8, 12, 13 or 14 digits
 * @returns the GTIN with 14 digits; undefined where the number of digits is wrong or the last one does not fit the others
 */
export function readGtin(text: string): Gtin | undefined {
  if (!/^(?:\d{8}|\d{12}|\d{13}|\d{14})$/.test(text)) return undefined;
  const digits = text.padStart(14, '0');
  return checkDigit(digits.slice(0, 13)) === digits[13] ? digits : undefined;
}

/** The last digit of a GTIN: with it the digits, weighted by 3 and 1 in turn, add up to a multiple of ten. */
export function checkDigit(thirteenDigits: string): string {
  const sum = [...thirteenDigits].reduce((total, digit, n) => total + Number(digit) * (n % 2 === 0 ? 3 : 1), 0);
  return String((10 - (sum % 10)) % 10);
}
