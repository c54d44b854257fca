import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckpoint, originOf } from '#libs/ledger/src/checkpoint.js';
import { decodeEntry, leafHash } from '#libs/ledger/src/entry.js';
import { rootOfLeaves, verifyConsistency, verifyInclusion } from '#libs/ledger/src/merkle.js';
import { parseVkey } from '#libs/ledger/src/signed-note.js';
import { eventually } from './support/eventually.js';
import { openTestApi, type TestApi } from './support/test-api.js';
import { patient, site } from './support/treatment-history.js';

let api: TestApi;

beforeAll(async () => {
  api = await openTestApi({ working: true });
});
afterAll(() => api.close());

const fetchBytes = async (path: string) => {
  const answer = await api.app.inject({ url: `/v1/ledger/${path}`, headers: { host: '127.0.0.1' } });
  return { status: answer.statusCode, type: answer.headers['content-type'], bytes: answer.rawPayload };
};
const get = async (path: string) => {
  const { status, body } = await api.get(`/v1/ledger/${path}`);
  return { status, body: body as Record<string, any> };
};
const hashes = (list: readonly string[]) => list.map((text) => Buffer.from(text, 'base64'));
const head = () => api.pistor.engine.store.head(api.pistor.chain.id);
const published = async () => {
  const { bytes } = await fetchBytes('checkpoint');
  const { body } = await get('keys');
  return openCheckpoint(
    bytes.toString(),
    body['keys'].map(({ vkey }: { vkey: string }) => parseVkey(vkey)),
  );
};
const caughtUp = async () => {
  const to = await head();
  return eventually(`a checkpoint of ${to} leaves`, async () => {
    const checkpoint = await published().catch(() => undefined);
    return checkpoint && checkpoint.size >= to ? checkpoint : undefined;
  });
};

describe('the ledger of a running Pistor', () => {
  it('has every event in a checkpoint within three seconds', async () => {
    await caughtUp();
    const begun = performance.now();
    await api.append(site(), patient());
    await caughtUp();
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('serves the entries, from which the root can be computed, and the tiles of it', async () => {
    const checkpoint = await caughtUp();
    const width = Math.min(256, checkpoint.size);
    const suffix = width === 256 ? '' : `.p/${width}`;
    const { type, bytes } = await fetchBytes(`tile/entries/000${suffix}`);
    expect(type).toBe('application/octet-stream');
    const entries: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt16BE(at);
      entries.push(bytes.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    const leaves = entries.map(leafHash);
    expect(entries.map((entry) => decodeEntry(entry).position)).toEqual(leaves.map((_, i) => i + 1));
    expect((await fetchBytes(`tile/0/000${suffix}`)).bytes).toEqual(Buffer.concat(leaves));
    const { body } = await get(`proofs/consistency?from=${width}&to=${width}`);
    expect(body['toRoot']).toBe(rootOfLeaves(leaves).toString('base64'));
    expect(body['origin']).toBe(originOf(api.pistor.chain.id));
  });

  it('proves that an event stands in the newest tree, and in an older one', async () => {
    const { size, root } = await caughtUp();
    const newest = await get('proofs/inclusion?position=2');
    expect(newest.body).toMatchObject({ index: 1, size, root: root.toString('base64') });
    for (const { body } of [newest, await get(`proofs/inclusion?position=2&size=${size - 1}`)]) {
      const [leaf, claimed] = hashes([body['leafHash'], body['root']]) as [Buffer, Buffer];
      const claim = { index: body['index'], size: body['size'], leaf, root: claimed };
      expect(verifyInclusion(claim, hashes(body['proof']))).toBe(true);
    }
    const { body } = await get(`proofs/consistency?from=${size - 1}`);
    const [from, to] = hashes([body['fromRoot'], body['toRoot']]) as [Buffer, Buffer];
    expect(to).toEqual(root);
    expect(verifyConsistency({ size: size - 1, root: from }, { size, root: to }, hashes(body['proof']))).toBe(true);
  });

  it.each([
    ['proofs/inclusion?position=999999', 404, 'ledger.size-not-reached'],
    ['proofs/inclusion?position=1&size=999999', 404, 'ledger.size-not-reached'],
    ['proofs/inclusion?position=3&size=2', 400, 'ledger.out-of-range'],
    ['proofs/inclusion?position=0', 400, 'request.invalid'],
    ['proofs/inclusion', 400, 'request.invalid'],
    ['proofs/consistency?from=1&to=999999', 404, 'ledger.size-not-reached'],
    ['proofs/consistency?from=2&to=1', 400, 'ledger.out-of-range'],
    ['checkpoint?size=999999', 404, 'ledger.no-checkpoint'],
    ['tile/0/999', 404, 'ledger.no-tile'],
    ['tile/9/000', 404, 'ledger.no-tile'],
    ['tile/0/0', 404, 'ledger.no-tile'],
    ['tile/entries/x001/000.p/5', 404, 'ledger.no-tile'],
    ['tile/0/000.p/256', 404, 'ledger.no-tile'],
  ])('says clearly what is wrong with %s', async (path, status, code) => {
    await caughtUp();
    const answer = await get(path);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
  });

  it('stands outside the database as it is served', async () => {
    await caughtUp();
    const { ledgerFolder } = api.pistor.configuration;
    await eventually('the note outside', async () => {
      const note = readFileSync(join(ledgerFolder, api.pistor.chain.id, 'checkpoint'), 'utf8');
      return (await fetchBytes('checkpoint')).bytes.toString() === note ? true : undefined;
    });
  });

  it('lets another key sign in two steps', async () => {
    const rotate = async (step: string) => {
      const url = '/v1/ledger/keys/rotate';
      const answer = await api.app.inject({ method: 'POST', url, headers: { host: '127.0.0.1' }, payload: { step } });
      return { status: answer.statusCode, body: answer.json() as Record<string, any> };
    };
    expect((await rotate('finish')).body).toMatchObject({ code: 'ledger.no-rotation' });
    expect((await rotate('begin')).status).toBe(200);
    await api.append(site());
    const both = await caughtUp();
    expect(both.signers).toHaveLength(2);
    const { body } = await rotate('finish');
    expect(body['keys']).toHaveLength(2);
    await api.append(site());
    expect((await caughtUp()).signers).toHaveLength(1);
  });

  it('is told by metrics and health', async () => {
    await caughtUp();
    const { body } = await api.app.inject({ url: '/metrics', headers: { host: '127.0.0.1' } });
    expect(body).toMatch(new RegExp(`^pistor_ledger_size\\{chain="main"\\} ${await head()}$`, 'm'));
    expect(body).toMatch(/^pistor_ledger_lag_events\{chain="main"\} 0$/m);
    expect(body).toMatch(/^pistor_ledger_lag_seconds\{chain="main"\} 0$/m);
    expect(body).toMatch(/^pistor_ledger_broken\{chain="main",code=""\} 0$/m);
    const health = await api.pistor.health();
    expect(health['ledger']).toBeUndefined();
    const { db, chains } = api.pistor.engine;
    await db.query(`update ledger_tree set problem = 'ledger.forked', problem_detail = 'Two roots.'`);
    expect((await api.pistor.health())['ledger']).toEqual({ status: 'failing', detail: 'ledger.forked: Two roots.' });
    const told = await api.app.inject({ url: '/metrics', headers: { host: '127.0.0.1' } });
    expect(told.body).toMatch(/^pistor_ledger_broken\{chain="main",code="ledger.forked"\} 1$/m);
    await db.query(`update ledger_tree set problem = null, problem_detail = null`);
    expect(await chains.all()).toHaveLength(1);
  });
});
