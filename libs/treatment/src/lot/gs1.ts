import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { isLocalDate } from '#libs/kernel/src/zoned-time.js';
import { parseBarcode } from 'gs1-barcode-parser-mod';
import { type Gtin, GTIN_ACCEPTED, readGtin } from './gtin.js';

/** What a code on a package says of a lot. */
export interface ScannedLot {
  readonly gtin: Gtin;
  readonly lotNumber: string;
  /** The last day on which it may be used. */
  readonly expiresOn: LocalDate;
  readonly serial: string | undefined;
}

/** What the code says, or everything that must be mended in it, a sentence each. */
export type Scan = { readonly lot: ScannedLot } | { readonly problems: readonly string[] };

/** Application identifiers (GS1 General Specifications, section 3) that a receipt needs. */
const AI = { gtin: '01', lot: '10', expiry: '17', serial: '21' } as const;
/** FNC1 as scanners send it: ends an element whose length is open. */
const SEPARATOR = '\u001d';
/** Of lot and serial numbers (AI 10 and 21). */
const CHARS_MAX = 20;

/** Text in the place of U+001D, which no keyboard has. */
const WRITTEN_SEPARATOR = /<GS>|\{GS\}|\u241d/gi;

/**
 * Reads what was scanned from a package: a GS1 element string (GS1-128, GS1 DataMatrix, GS1 QR code), its human readable
 * form, or a GS1 Digital Link. The library takes it apart; what it leaves unchecked is checked here: the check digit, the
 * calendar, lengths, and that everything a receipt needs is there.
 * @param on a day of the time in which it is read, from which the century of a year of two digits follows
 */
export function readScan(text: string, on: LocalDate): Scan {
  const elements = elementsOf(text.trim());
  if ('problem' in elements) return { problems: [elements.problem] };
  const problems: string[] = [];
  const only = (ai: string): string | undefined => {
    const values = new Set(elements.values.filter((each) => each.ai === ai).map(({ raw }) => raw));
    if (values.size > 1) problems.push(`It says (${ai}) twice, and not the same. Scan one package only.`);
    return [...values][0];
  };
  const gtin = checkedGtin(only(AI.gtin), problems);
  const expiresOn = checkedExpiry(only(AI.expiry), on, problems);
  const lotNumber = checkedText(only(AI.lot), 'lot number (10)', problems);
  const serialText = only(AI.serial);
  const serial = serialText === undefined ? undefined : checkedText(serialText, 'serial number (21)', problems);
  if (problems.length > 0 || gtin === undefined || expiresOn === undefined || lotNumber === undefined) {
    return { problems };
  }
  return { lot: { gtin, lotNumber, expiresOn, serial } };
}

interface Element {
  readonly ai: string;
  readonly raw: string;
}
type Elements = { readonly values: readonly Element[] } | { readonly problem: string };

function elementsOf(text: string): Elements {
  if (/^https?:/i.test(text)) return elementsOfLink(text);
  const scanned = text.replace(WRITTEN_SEPARATOR, SEPARATOR).replace(/^\u001d+/, '');
  try {
    return { values: parseBarcode(scanned).parsedCodeItems };
  } catch (error) {
    // The library throws texts.
    const why = typeof error === 'string' ? error : 'it cannot be read';
    return { problem: `This is no GS1 element string (${why}). Scan it again, or type what the package says.` };
  }
}

/**
 * A Digital Link: the identifiers stand in the path from /01/ on and in the query. Its values are read as they are; a
 * compressed one is not a link that a person could read either.
 */
function elementsOfLink(text: string): Elements {
  // By hand: `URL` takes away segments that read `.` or `..`, which lot numbers may.
  const [, path = '', query = ''] = /^https?:\/\/[^/?#]+([^?#]*)(?:\?([^#]*))?/i.exec(text) ?? [];
  const parts = path.split('/').slice(1);
  const start = parts.indexOf(AI.gtin);
  const keyed = start < 0 ? [] : parts.slice(start);
  if (start < 0 || keyed.length % 2 !== 0) {
    return { problem: 'This address is no GS1 Digital Link: its path needs /01/ and the product number.' };
  }
  const values: Element[] = [];
  try {
    for (let n = 0; n < keyed.length; n += 2) {
      values.push({ ai: keyed[n] as string, raw: decodeURIComponent(keyed[n + 1] as string) });
    }
  } catch {
    return { problem: 'This address is no GS1 Digital Link: a percent sign in it stands for nothing.' };
  }
  for (const [ai, raw] of new URLSearchParams(query)) if (/^\d{2,4}$/.test(ai)) values.push({ ai, raw });
  return { values };
}

function checkedGtin(text: string | undefined, problems: string[]): Gtin | undefined {
  const gtin = text === undefined ? undefined : readGtin(text);
  if (text === undefined) problems.push('It has no product number (01).');
  else if (gtin === undefined) problems.push(`Its product number (01) must be ${GTIN_ACCEPTED}.`);
  return gtin;
}

function checkedText(text: string | undefined, what: string, problems: string[]): string | undefined {
  if (text === undefined || text === '') {
    problems.push(`It has no ${what}.`);
    return undefined;
  }
  if (text.length <= CHARS_MAX && /^[\x21-\x7e]+$/.test(text)) return text;
  problems.push(
    `Its ${what} must be 1 to ${CHARS_MAX} printable characters; where it is longer, the scanner drops the separator FNC1.`,
  );
  return undefined;
}

/** YYMMDD; day 00 is the last day of the month. */
function checkedExpiry(text: string | undefined, on: LocalDate, problems: string[]): LocalDate | undefined {
  if (text === undefined) {
    problems.push('It has no expiry (17).');
    return undefined;
  }
  const match = /^(\d{2})(\d{2})(\d{2})$/.exec(text);
  const [yy, month, day] = match ? match.slice(1) : [];
  const year = yearOf(Number(yy), Number(on.slice(0, 4)));
  const date =
    day === '00' ? lastOfMonth(year, Number(month)) : `${String(year).padStart(4, '0')}-${month ?? ''}-${day ?? ''}`;
  if (date !== undefined && isLocalDate(date)) return date;
  problems.push('Its expiry (17) must be YYMMDD, a day of the calendar, or day 00 for the end of the month.');
  return undefined;
}

/** A year of two digits lies 49 years back at the most, and 50 ahead (GS1 General Specifications, section 7.12). */
function yearOf(yy: number, present: number): number {
  const year = present - (present % 100) + yy;
  if (year - present >= 51) return year - 100;
  return year - present <= -50 ? year + 100 : year;
}

function lastOfMonth(year: number, month: number): LocalDate | undefined {
  if (month < 1 || month > 12) return undefined;
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
}
