import { goOn, makePreviousVersion } from './support/previous-version.js';
import { openTestDatabase } from './support/test-database.js';

it('goes on with a database of the version in which the login did everything', async () => {
  const test = await openTestDatabase({ as: 'login' });
  await makePreviousVersion(test.db);
  const db = await test.reopen();
  expect((await db.query('select sum::int from sums_v1.total')).rows).toEqual([{ sum: 5 }]);
  // Before the new tables are there, the old ones can be read by nobody but their owner.
  await expect(db.query('select 1 from event_log')).rejects.toMatchObject({ code: '42501' });
  expect(await goOn(db)).toEqual({
    position: 2,
    followed: [{ sum: 12 }],
    rebuilt: [{ sum: 12 }],
    strays: [],
    immutable: true,
  });
  await expect(db.query(`update event_log set data = '{}'`)).rejects.toMatchObject({ code: '42501' });
  expect((await goOn(await test.reopen())).position).toBe(3);
  await test.close();
}, 60_000);
