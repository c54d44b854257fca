import { parseArgs } from 'node:util';

/** What a benchmark was asked to do: parts of it, and how much. */
export interface Flags {
  /** Whether a part is to run; without `--only` every part does. */
  readonly runs: (part: string) => boolean;
  readonly number: (name: string) => number;
  /** `--profile`: write CPU profiles and print what leads them. */
  readonly profile: boolean;
}

/**
 * Reads `--only=A,B --profile --NAME=NUMBER`.
 * @param parts what `--only` may name
 * @param numbers the numbers that may be given, with their defaults
 * @throws Error that names what there is, for anything else
 */
export function readFlags(parts: readonly string[], numbers: Readonly<Record<string, number>>): Flags {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      profile: { type: 'boolean' },
      ...Object.fromEntries(Object.keys(numbers).map((name) => [name, { type: 'string' as const }])),
    },
  });
  const given = values as Record<string, string | boolean | undefined>;
  const only = typeof given['only'] === 'string' ? given['only'].split(',') : parts;
  const unknown = only.filter((part) => !parts.includes(part));
  if (unknown.length > 0) throw new Error(`No such part: ${unknown.join(', ')}. There are: ${parts.join(', ')}.`);
  return {
    runs: (part) => only.includes(part),
    number: (name) => {
      const value = Number(given[name] ?? numbers[name]);
      if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} takes a whole number above 0.`);
      return value;
    },
    profile: given['profile'] === true,
  };
}
