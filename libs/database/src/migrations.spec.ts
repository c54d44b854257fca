import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asOwner, openTestDatabase } from '../../../test/support/test-database.js';
import type { TestDatabase } from '../../../test/support/test-database.js';
import { migrate } from './migrations.js';

let test: TestDatabase;
let folder: string;

beforeAll(async () => {
  test = await openTestDatabase();
});

afterAll(() => test?.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor migrations '));
});

afterEach(() => rm(folder, { recursive: true }));

const file = (name: string, sql: string) => writeFile(join(folder, name), sql);

it('applies each file once, in order, and later ones later', async () => {
  await file('0001_first.sql', 'CREATE TABLE a1 (n integer);\nINSERT INTO a1 VALUES (1);');
  await file('0002_second.sql', 'ALTER TABLE a1 ADD m integer;');
  expect(await migrate(test.db, { name: 'a', folder })).toEqual(['0001_first.sql', '0002_second.sql']);
  expect(await migrate(test.db, { name: 'a', folder })).toEqual([]);
  await file('0003_third.sql', 'UPDATE a1 SET m = 2;');
  expect(await migrate(test.db, { name: 'a', folder })).toEqual(['0003_third.sql']);
  expect((await test.db.query('SELECT * FROM a1')).rows).toEqual([{ n: 1, m: 2 }]);
});

it('takes line ends of another system for the same file', async () => {
  await file('0001_first.sql', 'CREATE TABLE b1 (n integer);\nSELECT 1;\n');
  await migrate(test.db, { name: 'b', folder });
  await file('0001_first.sql', 'CREATE TABLE b1 (n integer);\r\nSELECT 1;\r\n');
  expect(await migrate(test.db, { name: 'b', folder })).toEqual([]);
});

it('refuses a file that was changed after it had been applied', async () => {
  await file('0001_first.sql', 'CREATE TABLE c1 (n integer);');
  await migrate(test.db, { name: 'c', folder });
  await file('0001_first.sql', 'CREATE TABLE c1 (n bigint);');
  await expect(migrate(test.db, { name: 'c', folder })).rejects.toMatchObject({ code: 'database.migration-changed' });
});

it('refuses a database that is newer than the code', async () => {
  await file('0001_first.sql', 'SELECT 1;');
  await file('0002_second.sql', 'SELECT 1;');
  await migrate(test.db, { name: 'd', folder });
  await rm(join(folder, '0002_second.sql'));
  await expect(migrate(test.db, { name: 'd', folder })).rejects.toMatchObject({ code: 'database.newer' });
});

it('leaves nothing of a file that fails, keeps those before it, and goes on when it is mended', async () => {
  await file('0001_first.sql', 'CREATE TABLE e1 (n integer);');
  await file('0002_second.sql', 'CREATE TABLE e2 (n integer); SELECT 1 / 0;');
  await expect(migrate(test.db, { name: 'e', folder })).rejects.toMatchObject({ code: '22012' });
  const { rows } = await test.db.query(`SELECT to_regclass('e1')::text AS e1, to_regclass('e2')::text AS e2`);
  expect(rows).toEqual([{ e1: 'e1', e2: null }]);
  await file('0002_second.sql', 'CREATE TABLE e2 (n integer);');
  expect(await migrate(test.db, { name: 'e', folder })).toEqual(['0002_second.sql']);
});

it('refuses a gap in the numbers', async () => {
  await file('0002_second.sql', 'SELECT 1;');
  await expect(migrate(test.db, { name: 'f', folder })).rejects.toThrow('number 1');
});

it('is done once when many start at the same time', async () => {
  for (let n = 1; n <= 5; n++) await file(`000${n}_step.sql`, `CREATE TABLE g${n} (n integer);`);
  const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(test.db, { name: 'g', folder })));
  expect(applied.flat().sort()).toEqual([1, 2, 3, 4, 5].map((n) => `000${n}_step.sql`));
});

describe('the application', () => {
  const rightsOn = async (table: string) => {
    const { rows } = await test.db.query<{ right: string }>(
      `SELECT right_ AS right FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) AS right_
        WHERE has_table_privilege($1, right_)`,
      [table],
    );
    return rows.map(({ right }) => right);
  };

  it('may read and write the rows of a table, save where a file lists other rights', async () => {
    await file('0001_first.sql', 'CREATE TABLE h1 (n integer); CREATE TABLE h2 (n integer, m integer);');
    await file(
      '0002_second.sql',
      `INSERT INTO application_right VALUES ('h2', 'SELECT', ''), ('h2', 'UPDATE', 'm'), ('h3', 'SELECT', '');
       CREATE TABLE h3 (n integer);`,
    );
    await migrate(test.db, { name: 'h', folder });
    expect(await rightsOn('h1')).toEqual(['SELECT', 'INSERT', 'UPDATE', 'DELETE']);
    expect(await rightsOn('h2')).toEqual(['SELECT']);
    expect(await rightsOn('h3')).toEqual(['SELECT']);
    await test.db.query('UPDATE h2 SET m = 1');
    await expect(test.db.query('UPDATE h2 SET n = 1')).rejects.toMatchObject({ code: '42501' });
  });

  it('gets other rights by a later file, and calls what a file made while everybody else may not', async () => {
    await file(
      '0001_first.sql',
      `CREATE TABLE i1 (n integer); CREATE FUNCTION i2() RETURNS integer LANGUAGE sql AS 'SELECT 1';`,
    );
    await migrate(test.db, { name: 'i', folder });
    await file('0002_second.sql', `INSERT INTO application_right VALUES ('i1', 'DELETE', '');`);
    await migrate(test.db, { name: 'i', folder });
    expect(await rightsOn('i1')).toEqual(['DELETE']);
    expect((await test.db.query('SELECT i2()')).rows).toEqual([{ i2: 1 }]);
    const { rows } = await test.db.query(`SELECT has_function_privilege('public', 'i2()', 'EXECUTE') AS everybody`);
    expect(rows).toEqual([{ everybody: false }]);
  });

  it('owns no table of ours, and may make none', async () => {
    await expect(test.db.query('CREATE TABLE mine (n integer)')).rejects.toMatchObject({ code: '42501' });
    const { rows } = await asOwner(
      test.db,
      `SELECT relname FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)`,
    );
    expect(rows).toEqual([]);
  });
});
