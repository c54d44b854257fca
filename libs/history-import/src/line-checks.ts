import { isLocalDate, isZone } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';

/** Says what to mend in a value that is not empty, as a sentence; undefined where it can be understood. */
export type Check = (value: string) => string | undefined;

/** Years outside are slips of the pen (`0205` for `2025`), for which no zone has rules. */
const YEARS = { first: 1800, last: 9999, lastOfTime: 2999 } as const;

/** More than the distinct durations, depths and volumes of any real history. */
const KNOWN_NUMBERS_MAX = 1_000;

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d$/;
const DECIMAL = /^[+-]?\d{1,15}(\.\d{1,15})?$/;
const LANGUAGE = /^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/;

export const oneOf =
  (values: readonly string[]): Check =>
  (value) =>
    values.includes(value) ? undefined : `Write one of ${values.join(', ')}.`;

export const allOf =
  (values: readonly string[]): Check =>
  (value) => {
    const unknown = listOf(value).filter((item) => !values.includes(item));
    return unknown.length === 0
      ? undefined
      : `${unknown.join(', ')} is not known here; the list is ${values.join(', ')}.`;
  };

export const date: Check = (value) =>
  DATE.test(value) && isLocalDate(value) && yearOf(value) >= YEARS.first
    ? undefined
    : 'Write a date that exists, as YYYY-MM-DD.';

export const wallTime: Check = (value) => {
  const day = TIME.exec(value)?.[1];
  const exists = day !== undefined && date(day) === undefined && yearOf(day) <= YEARS.lastOfTime;
  return exists ? undefined : 'Write a time that exists, as YYYY-MM-DDTHH:MM, as the clock at the site showed it.';
};

const yearOf = (value: string): number => Number(value.slice(0, 4));

export const zone: Check = (value) =>
  isZone(value) ? undefined : 'Write an IANA time zone that exists, such as Europe/Istanbul.';

export const language: Check = (value) =>
  LANGUAGE.test(value) ? undefined : 'Write a language code, such as en or pt-BR.';

/** A number, as far as the field of the event that it goes into can hold it. */
export function number(schema: z.ZodType, what: string): Check {
  // The same few values come again and again, and the schema's answer costs more than the rest of a line's check.
  const known = new Map<string, boolean>();
  const fits = (value: string): boolean => {
    const answer = known.get(value) ?? (DECIMAL.test(value) && schema.safeParse(Number(value)).success);
    if (known.size < KNOWN_NUMBERS_MAX) known.set(value, answer);
    return answer;
  };
  return (value) => (fits(value) ? undefined : `Write ${what}.`);
}

/** The items of a field with several values, each once. */
export const listOf = (value: string): string[] => [
  ...new Set(
    value
      .split(';')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  ),
];

export const numberOf = (value: string): number | undefined => (value === '' ? undefined : Number(value));

/** The chain's own choice for whom the history names no language. */
const LANGUAGE_DEFAULT = 'en';

export const languageOf = (value: string): string => value.replaceAll('_', '-') || LANGUAGE_DEFAULT;
