import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAccessConfiguration, signInOf } from './access.configuration.js';

const PROVIDER = { PISTOR_OIDC_ISSUER: 'https://login.example.com', PISTOR_OIDC_CLIENT_ID: 'pistor' };
const [LIVE, SANDBOX] = [{ sandbox: false }, { sandbox: true }];

describe('how people sign in', () => {
  it('is the demo in a sandbox, and never in a live chain', () => {
    expect(signInOf(readAccessConfiguration({}), SANDBOX)).toEqual({ by: 'demo' });
    expect(signInOf(readAccessConfiguration({}), LIVE)).toEqual({ by: 'passkeys' });
    expect(() => signInOf(readAccessConfiguration({ PISTOR_SIGN_IN: 'demo' }), LIVE)).toThrow(
      expect.objectContaining({ code: 'sign-in.demo-is-live' }),
    );
  });

  it('is by passkeys in a sandbox that asks for it, and by the provider wherever one is named', () => {
    expect(signInOf(readAccessConfiguration({ PISTOR_SIGN_IN: 'passkeys' }), SANDBOX)).toEqual({ by: 'passkeys' });
    for (const chain of [LIVE, SANDBOX]) {
      expect(signInOf(readAccessConfiguration(PROVIDER), chain)).toMatchObject({ by: 'openid-connect' });
    }
  });

  it.each<[string, Record<string, string>]>([
    ['another way', { PISTOR_SIGN_IN: 'password' }],
    ['an issuer without a client', { PISTOR_OIDC_ISSUER: 'https://login.example.com' }],
    ['a client without an issuer', { PISTOR_OIDC_CLIENT_ID: 'pistor' }],
    ['an issuer without TLS', { ...PROVIDER, PISTOR_OIDC_ISSUER: 'http://login.example.com' }],
    ['a provider and the demo', { ...PROVIDER, PISTOR_SIGN_IN: 'demo' }],
    ['a secret that is not there', { ...PROVIDER, PISTOR_OIDC_CLIENT_SECRET_FILE: '/nowhere/secret' }],
  ])('is not %s', (_, environment) => {
    expect(() => readAccessConfiguration(environment)).toThrow(
      expect.objectContaining({ code: 'configuration.invalid' }),
    );
  });

  it('takes the secret from a file that nobody else can read, and never says it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pistor-secret-'));
    const file = join(folder, 'secret');
    const environment = { ...PROVIDER, PISTOR_OIDC_CLIENT_SECRET_FILE: file };
    try {
      writeFileSync(file, 'a very secret secret\n', { mode: 0o600 });
      expect(readAccessConfiguration(environment).provider?.clientSecret).toBe('a very secret secret');
      chmodSync(file, 0o644);
      expect(() => readAccessConfiguration(environment)).toThrow(/chmod 600/);
      expect(() => readAccessConfiguration(environment)).not.toThrow(/very secret/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
