import type { Database } from '#libs/database/src/database.js';
import { openTestDatabase } from '#test/support/test-database.js';
import { CHAIN } from '#test/support/example-http-app.js';
import { newId } from '#libs/kernel/src/ids.js';
import { IdempotencyKeys, migrateHttp, pruneIdempotencyKeys } from './idempotency.js';

describe('idempotency keys', () => {
  let db: Database;
  let close: () => Promise<void>;
  let keys: IdempotencyKeys;

  beforeAll(async () => {
    ({ db, close } = await openTestDatabase());
    await migrateHttp(db);
    keys = new IdempotencyKeys(db, (text) => Buffer.from(text).toString('base64url').slice(0, 400));
  });
  afterAll(() => close());
  beforeEach(() => db.query('delete from idempotency_key'));

  const request = (body: unknown = { name: 'a' }) => ({
    ...{ principal: 'user:a', method: 'POST', url: '/v1/rooms', ifMatch: undefined, body },
  });
  const answer = () => ({ id: newId(), revision: 0, position: `${CHAIN.id}:7` });
  const stored = () => ({ status: 201, headers: { location: '/v1/rooms/1' }, answer: answer() });

  it('keep the command id of a request until it is answered, and its answer from then on', async () => {
    const first = await keys.reserve(CHAIN, 'k', request());
    expect(await keys.reserve(CHAIN, 'k', request())).toEqual(first);
    const made = stored();
    await keys.store(CHAIN, 'k', first.commandId, made);
    expect(await keys.reserve(CHAIN, 'k', request())).toEqual({ ...first, stored: made });
  });

  it('keep the first answer, whoever else comes with one', async () => {
    const { commandId } = await keys.reserve(CHAIN, 'k', request());
    const made = stored();
    await keys.store(CHAIN, 'k', commandId, made);
    await keys.store(CHAIN, 'k', commandId, stored());
    expect((await keys.reserve(CHAIN, 'k', request())).stored).toEqual(made);
  });

  it('give twenty requests at once one command id', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => keys.reserve(CHAIN, 'k', request())));
    expect(new Set(all.map(({ commandId }) => commandId)).size).toBe(1);
  });

  it('take the fields of a body in any order for the same request', async () => {
    const { commandId } = await keys.reserve(CHAIN, 'k', request({ a: 1, b: [{ c: 1, d: 2 }] }));
    expect((await keys.reserve(CHAIN, 'k', request({ b: [{ d: 2, c: 1 }], a: 1 }))).commandId).toBe(commandId);
  });

  it.each([
    ['another body', request({ name: 'b' })],
    ['another address', { ...request(), url: '/v1/sites' }],
    ['another method', { ...request(), method: 'PUT' }],
    ['the same of somebody else', { ...request(), principal: 'user:b' }],
    ['the same of nobody', { ...request(), principal: undefined }],
    ['another If-Match', { ...request(), ifMatch: '"3"' }],
  ])('refuse %s', async (_what, other) => {
    await keys.reserve(CHAIN, 'k', request());
    await expect(keys.reserve(CHAIN, 'k', other)).rejects.toMatchObject({
      code: 'idempotency.key-reused',
      kind: 'refused',
    });
  });

  it('are of one chain', async () => {
    const { commandId } = await keys.reserve(CHAIN, 'k', request());
    const other = await keys.reserve({ ...CHAIN, no: 2 }, 'k', request({ name: 'b' }));
    expect(other.commandId).not.toBe(commandId);
  });

  it('can be given back while there is no answer, and not after', async () => {
    const { commandId } = await keys.reserve(CHAIN, 'k', request());
    await keys.release(CHAIN, 'k', commandId);
    const again = await keys.reserve(CHAIN, 'k', request({ name: 'b' }));
    await keys.store(CHAIN, 'k', again.commandId, stored());
    await keys.release(CHAIN, 'k', again.commandId);
    expect((await keys.reserve(CHAIN, 'k', request({ name: 'b' }))).stored).toBeDefined();
  });

  it('store nothing but id, revision and position', async () => {
    const { commandId } = await keys.reserve(CHAIN, 'k', request());
    const withName = { ...stored(), answer: { ...answer(), name: 'Ayşe' } };
    await expect(keys.store(CHAIN, 'k', commandId, withName)).rejects.toThrow();
  });

  it('go after thirty days', async () => {
    await keys.reserve(CHAIN, 'old', request());
    await db.query(`update idempotency_key set created_at = clock_timestamp() - interval '30 days 1 minute'`);
    await keys.reserve(CHAIN, 'new', request());
    expect(await pruneIdempotencyKeys(db)).toBe(1);
    const { rows } = await db.query<{ key: string }>('select key from idempotency_key');
    expect(rows).toEqual([{ key: 'new' }]);
  });
});
