import { openTestDatabase, type TestDatabase } from '#test/support/test-database.js';
import { continueNumbers, describeTable, PORTABLE_TEXTS, readPage, type Table, writeLines } from './table-rows.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase({ as: 'login' });
});
afterAll(() => test.close());

const read = (table: Table, from: readonly string[] | null, bytes: number, until?: readonly string[]) =>
  test.db.transaction(async (tx) => {
    await tx.query(PORTABLE_TEXTS);
    return readPage(tx, table, from, bytes, until);
  });

describe('rows as lines', () => {
  it('come back as they were, whatever is in them', async () => {
    const ddl = (name: string) => `create table ${name} (
      id integer primary key, words text, many text[], bytes bytea, exact json, loose jsonb, at timestamptz, yes boolean,
      part double precision, who uuid, day date, small smallint, big bigint)`;
    await test.db.query(`${ddl('odd')}; ${ddl('again')}`);
    await test.db.query(
      `insert into odd values
        (1, E'line\\nnext\\t"quoted" \\\\ back, İŞ 🙂 {a,b} NULL', array['a,b', null, '', '"', E'\\\\', 'İ'], '\\x00ff10',
         '{"b": 1,   "a": 2, "a": 3}', '{"b": 1, "a": [null]}', '2026-03-29 01:59:59.123456+00', true, 0.1 + 0.2,
         '0190a6f0-0000-7000-8000-000000000001', '2026-02-28', -3, 9223372036854775807),
        (2, '', '{}', '', 'null', 'null', '-infinity', false, 'NaN', null, 'infinity', null, null),
        (3, null, null, null, null, null, null, null, null, null, null, null, null)`,
    );
    const odd = (await describeTable(test.db, 'odd', ['id']))!;
    const page = (await read(odd, null, 1_000_000))!;
    expect(page).toMatchObject({ rows: 3, last: ['3'] });
    const again = (await describeTable(test.db, 'again', []))!;
    const columns = odd.columns.map(({ name }) => name);
    // As a session elsewhere might be set.
    await test.db.transaction(async (tx) => {
      await tx.query(`set local timezone = 'Asia/Kathmandu'; set local datestyle = 'SQL, DMY'`);
      expect(await writeLines(tx, again, columns, page.lines)).toBe(3);
    });
    expect((await read({ ...odd, name: 'again' }, null, 1_000_000))!.lines).toBe(page.lines);
    const text = 'select id, exact::text, at::text, many::text, bytes from';
    const [from, to] = await Promise.all(['odd', 'again'].map((name) => test.db.query(`${text} ${name} order by id`)));
    expect(to!.rows).toEqual(from!.rows);
  });

  it('are read in pages of about so many bytes, each row once and in the order of the key', async () => {
    await test.db.query(`create table paged (chain integer, no bigint, text text, primary key (chain, no));
      insert into paged select 1 + n % 2, n, repeat('x', 100 * (1 + n % 7)) from generate_series(1, 500) n`);
    const table = (await describeTable(test.db, 'paged', ['chain', 'no']))!;
    const seen: string[] = [];
    let from: readonly string[] | null = null;
    for (let pages = 0; ; pages += 1) {
      const page: Awaited<ReturnType<typeof read>> = await read(table, from, 10_000);
      if (!page) {
        expect(pages).toBeGreaterThan(15);
        break;
      }
      expect(page.lines.length).toBeLessThan(20_000);
      seen.push(...page.lines.split('\n').map((line) => (JSON.parse(line) as string[]).slice(0, 2).join(':')));
      from = page.last;
    }
    const expected = [1, 2].flatMap((chain) =>
      Array.from({ length: 500 }, (_, n) => n + 1).flatMap((no) => (1 + (no % 2) === chain ? [`${chain}:${no}`] : [])),
    );
    expect(seen).toEqual(expected);
  });

  it('begin with a row that is larger than a page by itself', async () => {
    await test.db.query(`create table large (no integer primary key, text text);
      insert into large select n, repeat('y', 50000) from generate_series(1, 3) n`);
    const table = (await describeTable(test.db, 'large', ['no']))!;
    expect(await read(table, null, 1_000)).toMatchObject({ rows: 1, last: ['1'] });
    expect(await read(table, ['2'], 1_000)).toMatchObject({ rows: 1, last: ['3'] });
    expect(await read(table, ['3'], 1_000)).toBeUndefined();
  });

  it('end with the key that is asked for, and leave out what does not fit the condition', async () => {
    await test.db.query(`create table chosen (no integer primary key, wanted boolean);
      insert into chosen select n, n % 2 = 0 from generate_series(1, 20) n`);
    const table = (await describeTable(test.db, 'chosen', ['no'], 'wanted'))!;
    expect(await read(table, ['3'], 1_000, ['9'])).toMatchObject({ rows: 3, last: ['8'] });
  });

  it('know no table that is not there', async () => {
    expect(await describeTable(test.db, 'nowhere', ['no'])).toBeUndefined();
  });
});

it('has numbers that a table gives go on after the highest that was written', async () => {
  await test.db.query(`create table numbered (no integer generated always as identity primary key, name text)`);
  await test.db.transaction((tx) => continueNumbers(tx, 'numbered'));
  const table = (await describeTable(test.db, 'numbered', ['no']))!;
  await test.db.transaction((tx) => writeLines(tx, table, ['no', 'name'], '["7","a"]\n["3",null]'));
  await test.db.transaction((tx) => continueNumbers(tx, 'numbered'));
  const { rows } = await test.db.query(`insert into numbered (name) values ('c') returning no`);
  expect(rows).toEqual([{ no: 8 }]);
});
