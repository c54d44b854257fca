import { IntlMessageFormat } from 'intl-messageformat';

/** A phrase that is not one, and where it stops being one. */
export class PhraseProblem extends Error {
  constructor(
    message: string,
    readonly line: number | null,
  ) {
    super(message);
  }
}

/** Node's kinds of parts of a phrase that would ask the machine for its time zone. */
const DATE = 3;
const TIME = 4;

interface Part {
  readonly type: number;
  readonly options?: Readonly<Record<string, { readonly value: readonly Part[] }>>;
}

const asksForTime = (parts: readonly Part[]): boolean =>
  parts.some(
    ({ type, options }) =>
      type === DATE || type === TIME || Object.values(options ?? {}).some(({ value }) => asksForTime(value)),
  );

/** Phrases are few, but a chain may write new ones for ever. */
const KEPT_MAX = 5_000;
const kept = new Map<string, IntlMessageFormat>();

/**
 * A phrase in ICU MessageFormat, ready to be filled in. Plurals are those of the language, from Node's own data; dates
 * and times come in as words that we wrote by the pinned zone rules.
 * @throws PhraseProblem
 */
export function readPhrase(pattern: string, language: string): IntlMessageFormat {
  const key = `${language}\0${pattern}`;
  const known = kept.get(key);
  if (known) return known;
  const phrase = parse(pattern, language);
  if (asksForTime(phrase.getAst() as unknown as readonly Part[])) {
    throw new PhraseProblem(
      'it writes a date or a time itself; take a value that is written already, such as at',
      null,
    );
  }
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(key, phrase);
  return phrase;
}

function parse(pattern: string, language: string): IntlMessageFormat {
  try {
    return new IntlMessageFormat(pattern, pluralLocaleOf(language), undefined, { ignoreTag: true });
  } catch (error) {
    const { message, location } = error as Error & { location?: { start: { line: number } } };
    throw new PhraseProblem(message.toLowerCase().replaceAll('_', ' '), location?.start.line ?? null);
  }
}

/** A language that Node has no plurals for counts as English does; the language of the machine has no say. */
const pluralLocaleOf = (language: string): string =>
  Intl.PluralRules.supportedLocalesOf([language]).length > 0 ? language : 'en';

/** @throws PhraseProblem for a pattern that is not one; Error for a value that is missing */
export const phraseText = (pattern: string, language: string, values: Readonly<Record<string, unknown>>): string =>
  String(readPhrase(pattern, language).format(values as Record<string, string | number>));
