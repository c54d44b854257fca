import { join } from 'node:path';
import { migrate } from '#libs/database/src/migrations.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { openTestEngine } from '#test/support/test-engine.js';
import { databaseHealth, eventsHealth, HealthProbe } from './health.js';

const words = { late: 'It does not answer.', failed: 'It refuses.', msMax: 50 };

describe('a probe', () => {
  it('serves all that ask at a time with one question', async () => {
    let asked = 0;
    const probe = new HealthProbe({ ...words, ask: async () => (asked += 1) });
    const checks = await Promise.all([probe.check(), probe.check()]);
    expect([...checks, await probe.check()]).toEqual([{ status: 'ok' }, { status: 'ok' }, { status: 'ok' }]);
    expect(asked).toBe(1);
  });

  it('is failing, and says why, when what it asks is refused or not answered in time', async () => {
    const refused = new HealthProbe({ ...words, ask: () => Promise.reject(new Error('no')) });
    expect(await refused.check()).toEqual({ status: 'failing', detail: 'It refuses.' });
    const since = performance.now();
    const silent = new HealthProbe({ ...words, ask: () => new Promise(() => undefined) });
    expect(await silent.check()).toEqual({ status: 'failing', detail: 'It does not answer.' });
    expect(performance.now() - since).toBeLessThan(5_000);
  });
});

it('tells whether the database takes writes', async () => {
  const { db, close } = await openTestDatabase();
  const folder = join(import.meta.dirname, 'migrations');
  expect(await databaseHealth(db).check()).toMatchObject({ status: 'failing' });
  await migrate(db, { name: 'composition', folder });
  expect(await databaseHealth(db).check()).toEqual({ status: 'ok' });
  await close();
});

it('tells whether the event store answers', async () => {
  const engine = await openTestEngine([]);
  const chain = await engine.newChain();
  expect(await eventsHealth(engine.store, chain).check()).toEqual({ status: 'ok' });
  await engine.close();
  expect(await eventsHealth(engine.store, chain).check()).toMatchObject({ status: 'failing' });
});
