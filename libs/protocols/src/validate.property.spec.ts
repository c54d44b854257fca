import fc from 'fast-check';
import { BUILT_IN_PROTOCOLS } from './built-in-protocols.js';
import { protocolSchema } from './protocol.schema.js';
import { lintProtocol, validateProtocol } from './validate.js';

type Path = readonly (string | number)[];

/** Every place in a value, the value itself left out. */
function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) => {
    const place = [...path, Array.isArray(value) ? Number(key) : key];
    return [place, ...placesIn((value as Record<string, unknown>)[key], place)];
  });
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((each, key) => (each as Record<string | number, unknown> | null | undefined)?.[key], value);

/** What somebody may do to one place of a draft. */
type Change = (holder: Record<string | number, unknown>, key: string | number, other: unknown) => void;

/** What may end anywhere. */
const CHANGES: readonly Change[] = [
  (holder, key) => (Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key]),
  (holder, key, other) => (holder[key] = structuredClone(other)),
  (holder, key) => (Array.isArray(holder) ? holder.push(structuredClone(holder[Number(key)])) : (holder['new'] = 1)),
  (holder, key) => (holder[key] = typeof holder[key] === 'number' ? holder[key] * 7 : null),
];

/** What mostly leaves the shape as it is, so that the linter has something to say. */
const mildly: Change = (holder, key, other) => {
  const value = holder[key];
  if (Array.isArray(holder)) return void holder.splice(Number(key), 1);
  if (typeof value === 'boolean') return void (holder[key] = !value);
  if (typeof value === typeof other && typeof value !== 'object') holder[key] = other;
};

const REPLACEMENTS = [
  ...['P1D', 'P0D', 'PT1H', 'P31D', 'P1M', 'P9999Y', 'P9999M', 'PT9999H', 'P', 'pregnancy', 'en', 'S0-C1'],
  ...[0, 1, 13, 1000, 10_000, -1, 0.5, 1e300, null, true, false, {}, [], [[]], { min: 'PT2H', max: 'PT1H' }],
];

/** Keys without dots, which would part a path in the wrong place. */
const KEY = fc.string({ maxLength: 5 }).map((key) => key.replaceAll('.', ''));
const SCALAR = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean());
const ANYTHING = fc.oneof(SCALAR, fc.array(SCALAR, { maxLength: 3 }), fc.dictionary(KEY, SCALAR, { maxKeys: 3 }));

const changesArb = fc.array(
  fc.record({
    place: fc.nat(),
    change: fc.oneof({ weight: 3, arbitrary: fc.constant(mildly) }, fc.constantFrom(...CHANGES)),
    // Something known, something from another place of the protocol, or anything at all.
    other: fc.oneof(
      fc.constantFrom(...REPLACEMENTS).map((value) => ({ value })),
      fc.nat().map((from) => ({ from })),
      ANYTHING.map((value) => ({ value })),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

/** A copy of a built-in protocol to which somebody did several things. */
const draftArb = fc.tuple(fc.constantFrom(...BUILT_IN_PROTOCOLS), changesArb).map(([protocol, changes]) => {
  const draft: unknown = structuredClone(protocol);
  for (const { place, change, other } of changes) {
    const places = placesIn(draft);
    if (places.length === 0) continue;
    const path = places[place % places.length] as Path;
    const value = 'from' in other ? at(draft, places[other.from % places.length] as Path) : other.value;
    change(at(draft, path.slice(0, -1)) as Record<string | number, unknown>, path.at(-1) as string | number, value);
  }
  return draft;
});

/** The keys that a dotted path leads through; only the last of them may name what is missing. */
function leadsSomewhere(draft: unknown, path: string): boolean {
  if (path === '') return true;
  const holder = at(draft, path.split('.').slice(0, -1));
  return typeof holder === 'object' && holder !== null;
}

describe('any change of a built-in protocol', () => {
  it('[protocol.schema] either leaves a protocol that may be published, or gives findings at places that exist', () => {
    let valid = 0;
    let linted = 0;
    fc.assert(
      fc.property(draftArb, (draft) => {
        const before = JSON.stringify(draft);
        const result = validateProtocol(draft);
        expect(JSON.stringify(draft)).toBe(before);
        if (result.ok) {
          valid += 1;
          expect(protocolSchema.parse(draft)).toEqual(result.protocol);
          expect(lintProtocol(result.protocol)).toEqual([]);
          return;
        }
        if (result.findings.some(({ code }) => code !== 'schema')) linted += 1;
        expect(result.findings.length).toBeGreaterThan(0);
        expect(result.findings.filter(({ path }) => !leadsSomewhere(draft, path))).toEqual([]);
        expect(result.findings.filter(({ message }) => message.trim() === '')).toEqual([]);
      }),
      { numRuns: 200 },
    );
    // Each way out was really taken: otherwise the property would hold of nothing.
    expect(valid).toBeGreaterThan(0);
    expect(linted).toBeGreaterThan(0);
  });

  it('[protocol.schema] is judged the same again', () => {
    fc.assert(
      fc.property(draftArb, (draft) => {
        expect(validateProtocol(structuredClone(draft))).toEqual(validateProtocol(draft));
      }),
      { numRuns: 30 },
    );
  });
});
