import type { Database } from '#libs/database/src/database.js';
import { asOwner, openTestDatabase } from '#test/support/test-database.js';
import { type Read, readTogether, writeTogether } from './combined.statement.js';

let db: Database;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  await asOwner(
    db,
    `create table fruit (id integer primary key, name text not null, ripe date, more json);
     create table tree (id uuid primary key);
     grant select, insert, update on fruit, tree to public`,
  );
});
afterAll(() => close());
beforeEach(() => asOwner(db, 'truncate fruit, tree'));

const ID = '0199a000-0000-7000-8000-000000000001';
const insertFruit = (id: number, name: string) => ({
  text: `insert into fruit select $1, $2, '2026-02-28', '{"b":1,"a":null}' on conflict (id) do update set name = excluded.name`,
  values: [id, name],
});
const insertTree = { text: 'insert into tree values ($1)', values: [ID] };
const fruits = (...names: string[]): Read<{ id: number; name: string; ripe: string; more: unknown }> => ({
  text: 'select id, name, ripe, more from fruit where name = any($1) order by id',
  values: [names],
});
const trees: Read<{ id: string }> = { text: 'select id from tree', values: [] };

it('gives each read its rows, with the values of each statement its own', async () => {
  await writeTogether(db, [insertFruit(1, 'fig')]);
  await writeTogether(db, [insertFruit(2, 'plum'), insertTree]);
  const [figs, all, plums, none] = await readTogether(db, [fruits('fig'), trees, fruits('plum', 'pear'), fruits()]);
  expect(figs).toEqual([{ id: 1, name: 'fig', ripe: '2026-02-28', more: { a: null, b: 1 } }]);
  expect(all).toEqual([{ id: ID }]);
  expect(plums.map(({ name }) => name)).toEqual(['plum']);
  expect(none).toEqual([]);
});

it('writes all or nothing', async () => {
  await writeTogether(db, [insertFruit(1, 'fig'), insertTree]);
  await expect(writeTogether(db, [insertFruit(1, 'pear'), insertTree])).rejects.toMatchObject({ code: '23505' });
  await expect(readTogether(db, [fruits('fig', 'pear')])).resolves.toMatchObject([[{ name: 'fig' }]]);
});

it('does the same again with other values', async () => {
  for (const name of ['fig', 'plum', 'pear']) {
    await writeTogether(db, [insertFruit(1, name)]);
    await expect(readTogether(db, [fruits(name), trees])).resolves.toMatchObject([[{ id: 1, name }], []]);
  }
});

it('asks nothing where there is nothing to ask', async () => {
  const refusing = { query: () => Promise.reject(new Error('asked')) };
  await expect(readTogether(refusing, [])).resolves.toEqual([]);
  await expect(writeTogether(refusing, [])).resolves.toBeUndefined();
});
