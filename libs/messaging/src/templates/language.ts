import type { LocalDate, WallTime } from '#libs/kernel/src/zoned-time.js';
import type { Texts } from '#libs/protocols/src/rule.schema.js';

/** What everything is written in at least. */
const FALLBACK = 'en';

/** The best of what there is for a wanted language (`tr-TR` takes `tr`); English where there is nothing nearer. */
export function bestLanguage(wanted: string, available: readonly string[]): string | undefined {
  const folded = wanted.toLowerCase();
  const exact = available.find((each) => each.toLowerCase() === folded);
  const primary = available.find((each) => each.toLowerCase() === folded.split('-')[0]);
  return exact ?? primary ?? available.find((each) => each === FALLBACK) ?? available[0];
}

export const textIn = (texts: Texts, language: string): string =>
  texts[bestLanguage(language, Object.keys(texts)) as string] ?? '';

const LOCALES: Readonly<Record<string, string>> = { en: 'en-GB', tr: 'tr-TR', fr: 'fr-FR' };

// The wall time is read as if it were UTC, so that no zone rule of the machine has a say: only the words are ICU's.
const format = (language: string, options: Intl.DateTimeFormatOptions, utc: string): string =>
  new Intl.DateTimeFormat(LOCALES[language] ?? 'en-GB', { ...options, timeZone: 'UTC' }).format(new Date(utc));

/** `Tuesday 12 May 2026, 14:30`: what the clock of the site shows, in the patient's language. */
export function wallText(wall: WallTime, language: string): string {
  const utc = `${wall.slice(0, 16)}:00Z`;
  return `${format(language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }, utc)}, ${wall.slice(11, 16)}`;
}

export const dateText = (date: LocalDate, language: string): string =>
  format(language, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }, `${date}T00:00Z`);
