import fc from 'fast-check';
import { newId } from '#libs/kernel/src/ids.js';
import { openTestDatabase, type TestDatabase } from '#test/support/test-database.js';
import { boolArray, int2Array, int4Array, jsonArray, textArray, uuidArray } from './binary-array.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

const echo = async (type: string, value: Buffer) => {
  const { rows } = await test.db.query<{ json: unknown }>(`select to_json($1::${type}[]) as json`, [value]);
  return rows[0]?.json;
};

it('gives the database the numbers that were put in', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.integer()), async (values) => {
      expect(await echo('int4', int4Array(values))).toEqual(values);
    }),
    { numRuns: 30 },
  ));

it('gives the database small numbers with the nulls among them', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.option(fc.integer({ min: -32768, max: 32767 }))), async (values) => {
      expect(await echo('int2', int2Array(values))).toEqual(values);
    }),
    { numRuns: 30 },
  ));

it('gives the database every text, byte for byte', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))),
      async (values) => {
        expect(await echo('text', textArray(values))).toEqual(values);
      },
    ),
    { numRuns: 30 },
  ));

it('gives the database JSON and truth values', async () => {
  expect(await echo('json', jsonArray(['{"a":[1,"ü"]}', 'null']))).toEqual([{ a: [1, 'ü'] }, null]);
  expect(await echo('bool', boolArray([true, false, true]))).toEqual([true, false, true]);
});

it('gives the database ids', async () => {
  const ids = [newId(), newId(), newId()];
  expect(await echo('uuid', uuidArray(ids))).toEqual(ids);
  expect(await echo('uuid', uuidArray([]))).toEqual([]);
  expect(() => uuidArray(['nonsense'])).toThrow(RangeError);
});
