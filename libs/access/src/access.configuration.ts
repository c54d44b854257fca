import { readFileSync, statSync } from 'node:fs';
import { Invalid, Refused } from '#libs/kernel/src/errors.js';

/** A provider that says who people are, by OpenID Connect. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a client without one, which PKCE alone has to do for. */
  readonly clientSecret: string | undefined;
}

/** How people sign in. */
export type SignIn =
  /** Everybody who reaches the loopback address of this machine is the same user, who may do everything. */
  | { readonly by: 'demo' }
  | { readonly by: 'passkeys' }
  | { readonly by: 'openid-connect'; readonly provider: ProviderSettings };

export interface AccessConfiguration {
  /** What was asked for; left open, it follows from the chain. */
  readonly wanted: 'demo' | 'passkeys' | undefined;
  readonly provider: ProviderSettings | undefined;
}

export const NOTHING_ASKED: AccessConfiguration = { wanted: undefined, provider: undefined };

/**
 * Reads how people sign in from the environment, and the secret from the file that it names.
 * @throws Invalid `configuration.invalid`, naming each variable that must be mended
 */
export function readAccessConfiguration(environment: NodeJS.ProcessEnv): AccessConfiguration {
  const wanted = environment['PISTOR_SIGN_IN'] || undefined;
  const issuer = environment['PISTOR_OIDC_ISSUER'] || undefined;
  const clientId = environment['PISTOR_OIDC_CLIENT_ID'] || undefined;
  const secretFile = environment['PISTOR_OIDC_CLIENT_SECRET_FILE'] || undefined;
  const fields: { field: string; message: string }[] = [];
  if (wanted !== undefined && wanted !== 'demo' && wanted !== 'passkeys') {
    fields.push({ field: 'PISTOR_SIGN_IN', message: 'expected: demo or passkeys' });
  }
  if (issuer !== undefined && !isIssuer(issuer)) {
    fields.push({ field: 'PISTOR_OIDC_ISSUER', message: 'expected: the https address of the provider' });
  }
  if ((issuer === undefined) !== (clientId === undefined)) {
    const field = issuer === undefined ? 'PISTOR_OIDC_ISSUER' : 'PISTOR_OIDC_CLIENT_ID';
    fields.push({ field, message: 'issuer and client id go together' });
  }
  if (issuer !== undefined && wanted !== undefined) {
    fields.push({ field: 'PISTOR_SIGN_IN', message: 'leave it out where a provider is named' });
  }
  let clientSecret: string | undefined;
  try {
    clientSecret = secretFile === undefined ? undefined : readSecret(secretFile);
  } catch (error) {
    fields.push({ field: 'PISTOR_OIDC_CLIENT_SECRET_FILE', message: (error as Error).message });
  }
  if (fields.length > 0) {
    const named = fields.map(({ field, message }) => `${field}: ${message}`).join('; ');
    throw new Invalid('configuration.invalid', `Mend the environment: ${named}`, { fields });
  }
  return {
    wanted: wanted as AccessConfiguration['wanted'],
    provider:
      issuer !== undefined && clientId !== undefined
        ? { issuer: new URL(issuer).href, clientId, clientSecret }
        : undefined,
  };
}

/**
 * How people sign in to a chain. A live chain is never anybody's who happens to reach it.
 * @throws Refused `sign-in.demo-is-live`
 */
export function signInOf({ wanted, provider }: AccessConfiguration, chain: { readonly sandbox: boolean }): SignIn {
  if (provider) return { by: 'openid-connect', provider };
  if (wanted === 'demo' && !chain.sandbox) {
    throw new Refused('sign-in.demo-is-live', 'The data is that of a live chain: people have to sign in to it.', {
      data: { allowed: ['passkeys', 'PISTOR_OIDC_ISSUER'] },
    });
  }
  return { by: wanted ?? (chain.sandbox ? 'demo' : 'passkeys') };
}

/** TLS proves who the provider is; on this machine there is nobody between. */
function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash, username } = new URL(text);
  const isLocal = hostname === 'localhost' || hostname === '127.0.0.1';
  return (
    (protocol === 'https:' || (protocol === 'http:' && isLocal)) && search === '' && hash === '' && username === ''
  );
}

/** @throws Error saying what to mend, without anything of the secret */
function readSecret(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new Error('there is no such file');
  const mode = stat.mode & 0o777;
  if ((mode & 0o077) !== 0) throw new Error(`others can read the file (mode ${mode.toString(8)}): chmod 600`);
  const secret = readFileSync(file, 'utf8').trim();
  if (secret.length < 8) throw new Error('the file holds no secret of 8 characters or more');
  return secret;
}
