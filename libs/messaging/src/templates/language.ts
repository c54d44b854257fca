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

/** Making one takes longer than all else of a message. */
const formats = new Map<string, Intl.DateTimeFormat>();
const FORMATS_MAX = 200;

// The wall time is read as if it were UTC, so that no zone rule of the machine has a say: only the words are ICU's.
function formatOf(language: string): Intl.DateTimeFormat {
  const known = formats.get(language);
  if (known) return known;
  const wanted = LOCALES[language] ?? language;
  const [locale = 'en-GB'] = Intl.DateTimeFormat.supportedLocalesOf([wanted]);
  const format = new Intl.DateTimeFormat(locale, {
    ...({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const),
    // Some languages come with another calendar, or with digits that do not match those of the hour.
    ...({ calendar: 'gregory', numberingSystem: 'latn', timeZone: 'UTC' } as const),
  });
  if (formats.size >= FORMATS_MAX) formats.clear();
  formats.set(language, format);
  return format;
}

/** `Tuesday 12 May 2026, 14:30`: what the clock of the site shows, in the patient's language. */
export const wallText = (wall: WallTime, language: string): string =>
  `${dateText(wall.slice(0, 10), language)}, ${wall.slice(11, 16)}`;

export const dateText = (date: LocalDate, language: string): string =>
  formatOf(language).format(new Date(`${date}T00:00Z`));
