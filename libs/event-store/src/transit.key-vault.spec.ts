import { randomBytes } from 'node:crypto';
import { type FakeTransit, startFakeTransit } from '#test/support/fake-transit.js';
import { BucketKeyMissing, KeyDoesNotUnwrap, KeyVaultProblem, KeyVaultUnavailable } from './key-vault.js';
import { TransitKeyVault } from './transit.key-vault.js';

/*
 * What holds of Vault holds of the server in this process as well. With VAULT_ADDR and VAULT_TOKEN of a Vault whose transit
 * engine is on, the first part is shown against it, too: docker run --cap-add=IPC_LOCK -e VAULT_DEV_ROOT_TOKEN_ID=root
 * -p 8200:8200 hashicorp/vault, then vault secrets enable transit.
 */

const { VAULT_ADDR, VAULT_TOKEN } = process.env;
const boundTo = 'chain/person/contact';
const prefix = `pistor-test-${randomBytes(4).toString('hex')}`;

let fake: FakeTransit;
beforeAll(async () => {
  fake = await startFakeTransit();
});
afterAll(() => fake.close());
afterEach(() => {
  fake.silent = false;
  fake.refusal = null;
});

const onFake = (token = fake.token) => new TransitKeyVault({ address: fake.address, token: () => token, prefix });

if (VAULT_ADDR === undefined)
  process.stderr.write(
    '\n*** SKIPPED: the contract of Vault on a real server. Set VAULT_ADDR and VAULT_TOKEN. ***\n\n',
  );

const servers: [string, () => TransitKeyVault][] = [['a server in this process', onFake]];
if (VAULT_ADDR !== undefined)
  servers.push([
    `Vault at ${VAULT_ADDR}`,
    () => new TransitKeyVault({ address: VAULT_ADDR, token: () => VAULT_TOKEN ?? '', prefix }),
  ]);

describe.each(servers)('keys in %s', (_, open) => {
  it('are made by their first use, and unwrap what they have wrapped, only where it belongs', async () => {
    const vault = open();
    expect((await vault.versions()).get(3)).toBeUndefined();
    const keys = Array.from({ length: 1_203 }, (_each, n) => ({ key: randomBytes(32), boundTo: `${boundTo}/${n}` }));
    const wrapped = await vault.wrap(3, 1, keys);
    const named = wrapped.map((each, n) => ({ wrapped: each, boundTo: `${boundTo}/${n}` }));
    expect(await vault.unwrap(3, 1, named)).toEqual(keys.map(({ key }) => key));
    expect((await vault.versions()).get(3)).toEqual([{ version: 1, fingerprint: null }]);
    await expect(vault.unwrap(3, 1, [{ ...named[0]!, boundTo: 'another' }])).rejects.toBeInstanceOf(KeyDoesNotUnwrap);
  });

  it('are rotated, and destroyed for ever', async () => {
    const vault = open();
    const key = randomBytes(32);
    const [before] = await vault.wrap(4, 1, [{ key, boundTo }]);
    expect(await vault.rotate(4)).toEqual({ version: 2, fingerprint: null });
    // Until everything is wrapped by the new version, the old one opens, and wraps what is asked of it by its number.
    expect(await vault.unwrap(4, 1, [{ wrapped: before!, boundTo }])).toEqual([key]);
    expect((await vault.wrap(4, 1, [{ key, boundTo }]))[0]!.toString()).toMatch(/^vault:v1:/);
    const [after] = await vault.wrap(4, 2, [{ key, boundTo }]);
    await vault.destroyBelow(4, 2);
    await vault.destroyBelow(4, 2);
    expect((await vault.versions()).get(4)).toEqual([{ version: 2, fingerprint: null }]);
    await expect(vault.unwrap(4, 1, [{ wrapped: before!, boundTo }])).rejects.toBeInstanceOf(BucketKeyMissing);
    expect(await vault.unwrap(4, 2, [{ wrapped: after!, boundTo }])).toEqual([key]);
    await expect(vault.destroyBelow(4, 9)).rejects.toBeInstanceOf(BucketKeyMissing);
  });

  it('that do not exist are said to be missing', async () => {
    await expect(open().destroyBelow(5, 2)).rejects.toBeInstanceOf(BucketKeyMissing);
    await open().wrap(6, 1, [{ key: randomBytes(32), boundTo }]);
    await expect(open().wrap(6, 7, [{ key: randomBytes(32), boundTo }])).rejects.toBeInstanceOf(KeyVaultProblem);
  });
});

describe('a call of Vault', () => {
  it('is one for a thousand keys, under the documented addresses, with the token in its header alone', async () => {
    fake.asked.length = 0;
    await onFake().wrap(
      8,
      1,
      Array.from({ length: 1_001 }, () => ({ key: randomBytes(32), boundTo })),
    );
    expect(fake.asked).toEqual(Array(2).fill(`POST /v1/transit/encrypt/${prefix}-8`));
    await onFake().rotate(8);
    await onFake().destroyBelow(8, 2);
    expect(fake.asked.slice(2)).toEqual([
      `POST /v1/transit/keys/${prefix}-8/rotate`,
      `GET /v1/transit/keys/${prefix}-8`,
      `GET /v1/transit/keys/${prefix}-8`,
      `POST /v1/transit/keys/${prefix}-8/config`,
      `POST /v1/transit/keys/${prefix}-8/trim`,
    ]);
    expect(fake.asked.join()).not.toContain(fake.token);
  });

  it('does not send a key that could be read: what goes out is closed again by Vault, and nothing is stored here', async () => {
    const key = randomBytes(32);
    const [wrapped] = await onFake().wrap(9, 1, [{ key, boundTo }]);
    expect(wrapped!.toString('latin1')).not.toContain(key.toString('base64'));
  });

  it('that is refused says what is missing, and never the token', async () => {
    const refused = onFake('hvs.wrong').wrap(8, 2, [{ key: randomBytes(32), boundTo }]);
    await expect(refused).rejects.toThrow(/Vault refuses POST transit\/encrypt.*permission denied/);
    await refused.catch((error: Error) => expect(error.message).not.toContain('hvs.'));
  });

  it.each([500, 503, 429])('that is answered with %i may be made again later', async (status) => {
    fake.refusal = { status, errors: ['Vault is sealed'] };
    await expect(onFake().versions()).rejects.toBeInstanceOf(KeyVaultUnavailable);
    await expect(onFake().versions()).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('that is not answered ends after five seconds', async () => {
    fake.silent = true;
    const since = performance.now();
    await expect(onFake().versions()).rejects.toBeInstanceOf(KeyVaultUnavailable);
    expect(performance.now() - since).toBeGreaterThan(4_000);
  }, 30_000);

  it('to nobody is told apart from a key that is missing', async () => {
    const nowhere = new TransitKeyVault({ address: 'http://127.0.0.1:9', token: () => 'x' });
    await expect(nowhere.wrap(1, 1, [{ key: randomBytes(32), boundTo }])).rejects.toBeInstanceOf(KeyVaultUnavailable);
  });
});
