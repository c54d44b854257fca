import type { Database } from '#libs/database/src/database.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { demandLogPlace, type LogPlace, settleLogPlace } from './log-place.js';
import { migrateEventStore } from './postgres.event-store.js';

let db: Database;
let close: () => Promise<void>;

beforeEach(async () => {
  ({ db, close } = await openTestDatabase());
  await migrateEventStore(db);
});
afterEach(() => close());

const REFUSALS: readonly [LogPlace, LogPlace, string][] = [
  ['kurrentdb', 'database', 'event-store.in-kurrentdb'],
  ['database', 'kurrentdb', 'event-store.in-database'],
];

describe('the place of the log', () => {
  it.each(REFUSALS)('once it is %s is not %s', async (settled, other, code) => {
    await demandLogPlace(db, other);
    await settleLogPlace(db, settled);
    await settleLogPlace(db, settled);
    await demandLogPlace(db, settled);
    for (const look of [demandLogPlace, settleLogPlace]) {
      await expect(look(db, other)).rejects.toMatchObject({ kind: 'refused', code });
    }
  });

  it('is decided by one of many processes that start at once', async () => {
    const wanted: LogPlace[] = Array.from({ length: 10 }, (_, n) => (n % 2 ? 'database' : 'kurrentdb'));
    const results = await Promise.allSettled(wanted.map((place) => settleLogPlace(db, place)));
    const { rows } = await db.query<{ place: LogPlace }>('select place from log_place');
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual(
      wanted.map((place) => place === rows[0]?.place),
    );
  });

  it.each([
    `update log_place set place = 'database'`,
    'delete from log_place',
    'truncate log_place',
    `insert into log_place (no, place) values (1, 'database') on conflict (no) do update set place = excluded.place`,
  ])('cannot be moved by the application: %s', async (sql) => {
    await settleLogPlace(db, 'kurrentdb');
    await expect(db.query(sql)).rejects.toMatchObject({ code: '42501' });
    await demandLogPlace(db, 'kurrentdb');
  });
});
