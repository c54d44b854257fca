import { zonedTimeSchema } from '#libs/kernel/src/zoned-time.js';
import fc from 'fast-check';
import { z } from 'zod';
import { ERASED, personal } from './personal-data.js';
import { plainCheckOf } from './plain-schema.js';

const everything = z.strictObject({
  id: z.uuid(),
  code: z
    .string()
    .min(3)
    .max(5)
    .regex(/^[A-Zé𝟘]+$/),
  kind: z.enum(['course', 'maintenance']),
  always: z.literal('yes'),
  at: zonedTimeSchema,
  number: z.number().int().positive(),
  depthMm: z.number().nonnegative().max(10).optional(),
  until: z.nullable(z.iso.datetime()),
  isOpen: z.boolean(),
  areas: z.array(z.strictObject({ name: z.string().min(1), share: z.number().lt(1).optional() })),
  reasons: personal('clinical', z.record(z.string(), z.string())),
  outcome: z.discriminatedUnion('is', [
    z.strictObject({ is: z.literal('cleared') }),
    z.strictObject({ is: z.literal('deferred'), days: z.int() }),
  ]),
  range: z.union([z.strictObject({ min: z.int(), max: z.int() }).refine(({ min, max }) => min <= max), z.null()]),
});

const whole: z.infer<typeof everything> = {
  id: '0199a000-0000-7000-8000-000000000001',
  code: 'HAIR',
  kind: 'course',
  always: 'yes',
  at: { wall: '2026-01-31T10:00', zone: 'Europe/Istanbul', tzdb: '2026a', instant: '2026-01-31T07:00:00.000Z' },
  number: 3,
  depthMm: 1.5,
  until: null,
  isOpen: true,
  areas: [{ name: 'scalp', share: 0.5 }, { name: 'brow' }],
  reasons: { depth: 'thin skin' },
  outcome: { is: 'deferred', days: 3 },
  range: { min: 7, max: 14 },
};

const isPlain = plainCheckOf(everything);

it('knows a value that the schema takes as it is', () => {
  expect(isPlain(whole)).toBe(true);
  expect(isPlain({ ...whole, reasons: ERASED, range: null, until: '2026-01-31T07:00:00Z' })).toBe(true);
  const { depthMm: _, ...without } = whole;
  expect(isPlain(without)).toBe(true);
  expect(isPlain({ ...whole, depthMm: undefined })).toBe(true);
});

it.each([
  ['an unknown key', { ...whole, colour: 'red' }],
  ['a key that is missing', { ...whole, number: undefined }],
  ['a wrong format', { ...whole, id: 'HAIR' }],
  ['a day that the calendar has not', { ...whole, at: { ...whole.at, wall: '2026-02-30T10:00' } }],
  ['a text that is too long', { ...whole, code: 'HAIRCUT' }],
  ['too few characters, though enough units', { ...whole, code: '𝟘𝟘' }],
  ['a number that is not whole', { ...whole, number: 1.5 }],
  ['a number at its bound', { ...whole, number: 0 }],
  ['a failing refinement', { ...whole, range: { min: 14, max: 7 } }],
  ['what belongs to another option', { ...whole, outcome: { is: 'cleared', days: 3 } }],
  ['an element that does not fit', { ...whole, areas: [{ name: '' }] }],
  ['a hole in an array', { ...whole, areas: new Array<never>(1) }],
  ['an array in place of an object', { ...whole, at: [] }],
])('does not take %s', (_, value) => {
  expect(everything.safeParse(value).success).toBe(false);
  expect(isPlain(value)).toBe(false);
});

it('leaves what is changed on the way to the schema', () => {
  const named = JSON.parse('{ "__proto__": "a" }') as unknown;
  expect(z.record(z.string(), z.string()).safeParse(named).data).toEqual({});
  expect(plainCheckOf(z.record(z.string(), z.string()))(named)).toBe(false);
  for (const [schema, value] of [
    [z.string().trim(), 'a'],
    [z.string().default('a'), 'a'],
    [z.coerce.number(), 1],
    [z.object({ a: z.string() }), { a: 'a' }],
    [z.strictObject({ a: z.string().optional().default('b') }), { a: 'a' }],
    [z.string().transform((text) => text.length), 'a'],
    [z.string().refine(async () => true), 'a'],
    [z.unknown(), 1],
    [z.xor([z.strictObject({ a: z.string() }), z.strictObject({ a: z.string().min(1) })]), { a: 'a' }],
  ] as const) {
    expect(plainCheckOf(schema)(value)).toBe(false);
  }
});

/** Of so many choices each of these is one; they stand in the middle, since the ends are tried more often. */
const CHOICES = 24;
const [STRAY, GONE, MORE] = [7, 11, 13];

/** The whole value with some of its parts, however deep, replaced by something else. */
function mutated(value: unknown, choose: () => number, stray: () => unknown): unknown {
  if (choose() === STRAY) return stray();
  if (Array.isArray(value)) return value.map((each) => mutated(each, choose, stray));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, each]) => {
    if (choose() === GONE) return [];
    return [[name, mutated(each, choose, stray)] as const];
  });
  if (choose() === MORE) entries.push(['stray', stray()]);
  return Object.fromEntries(entries);
}

it('says yes only where the schema gives the same value back', () => {
  let plain = 0;
  fc.assert(
    fc.property(
      fc.infiniteStream(fc.nat(CHOICES)),
      fc.infiniteStream(
        fc.oneof(
          fc.jsonValue({ maxDepth: 1 }),
          fc.constantFrom<unknown>(undefined, Number.NaN, -1, 1, 'HAIR', '𝟘é', ERASED, null, {}, [], '2026-01-31'),
        ),
      ),
      (choices, strays) => {
        const value = mutated(
          whole,
          () => choices.next().value,
          () => strays.next().value,
        );
        if (!isPlain(value)) return;
        plain += 1;
        const result = everything.safeParse(value);
        expect(result.error).toBeUndefined();
        expect(result.data).toStrictEqual(value);
      },
    ),
    { numRuns: 5_000 },
  );
  // Else nothing was asked.
  expect(plain).toBeGreaterThan(100);
});
