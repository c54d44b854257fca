import type { Configuration, ServerMetadata } from 'openid-client';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { describeError, type Log } from '#libs/kernel/src/log.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { ProviderSettings } from '../access.configuration.js';
import type { Users } from '../user/users.service.js';
import type { Challenges } from './challenges.js';
import { refused } from './passkeys.js';

/** Loaded when somebody signs in: most starts never need it. */
const client = () => import('openid-client');

export const CALLBACK_PATH = '/v1/sign-in/openid-connect/callback';
/** Longer than a provider takes, shorter than people wait. */
const PROVIDER_S_MAX = 10;

export interface OpenIdConnectDependencies {
  readonly provider: ProviderSettings;
  readonly db: Database;
  readonly master: MasterKey;
  readonly challenges: Challenges;
  readonly users: Users;
  readonly log: Log;
}

interface Kept {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly redirectUri: string;
  readonly invitation: string | null;
  /** Page of the console to come back to. */
  readonly returnTo: string | null;
  /** Whether they were to prove anew who they are. */
  readonly anew: boolean;
}

/** What somebody comes to the provider for. */
export interface ProviderErrand {
  /** Code of somebody who comes for the first time. */
  readonly invitation?: string | undefined;
  /** Whoever is known to the provider already has to prove it anew: for what is signed. */
  readonly anew?: boolean | undefined;
  readonly returnTo?: string | undefined;
}

/** Who came back from the provider. */
export interface ProviderVisitor {
  readonly userId: Id;
  /** When they proved who they are, as the provider says; where it does not, nobody knows: they may have been let in by a cookie. */
  readonly authenticatedAt: Instant | 'untold';
  readonly returnTo: string | null;
}

/**
 * Sign-in by a provider: the code flow of OpenID Connect with PKCE, state and nonce. An id token says who somebody is,
 * once, here; it is never taken for a key. It has to be signed with the provider's own key by an algorithm of key pairs that the
 * provider announces; keys that a token itself names are not looked at.
 */
export class OpenIdConnect {
  private discovered: Promise<Configuration> | undefined;

  constructor(private readonly deps: OpenIdConnectDependencies) {}

  /**
   * @returns where the browser goes, and the secret for its cookie
   * @throws Unavailable `sign-in.provider` when the provider does not answer
   */
  async begin(
    chain: Chain,
    origin: string,
    { invitation, anew = false, returnTo }: ProviderErrand,
  ): Promise<{ url: string; secret: string }> {
    const oidc = await client();
    const configuration = await this.configuration();
    const verifier = oidc.randomPKCECodeVerifier();
    const kept: Kept = {
      ...{ state: oidc.randomState(), nonce: oidc.randomNonce(), verifier },
      ...{ redirectUri: `${origin}${CALLBACK_PATH}`, invitation: invitation ?? null, returnTo: returnTo ?? null },
      anew,
    };
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: kept.redirectUri,
      scope: 'openid',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...{ state: kept.state, nonce: kept.nonce },
      // Either is enough by the standard; providers differ in which of them they heed.
      ...(anew && { prompt: 'login', max_age: '0' }),
    });
    return { url: url.href, secret: await this.deps.challenges.keep(chain, 'openid-connect', kept) };
  }

  /**
   * Takes what the provider sent the browser back with.
   * @param query of the address that the browser came back to, without its `?`
   * @throws HttpProblem 403 `sign-in.refused`
   */
  async finish(meta: CommandMeta, secret: string | undefined, query: string): Promise<ProviderVisitor> {
    const { chain } = meta;
    const { challenges, log } = this.deps;
    const kept = await challenges.take<Kept>(chain, 'openid-connect', secret);
    if (!kept) throw refused();
    const oidc = await client();
    const configuration = await this.configuration();
    const claims = await oidc
      .authorizationCodeGrant(configuration, new URL(`${kept.redirectUri}?${query}`), {
        pkceCodeVerifier: kept.verifier,
        expectedState: kept.state,
        expectedNonce: kept.nonce,
        idTokenExpected: true,
      })
      .then((tokens) => tokens.claims())
      .catch((error: unknown) => {
        // The words of the library say which check failed, and may quote claims: its code says enough.
        const { code, name } = describeError(error);
        log.warn({ code, name, correlationId: meta.correlationId }, 'sign-in by the provider refused');
        return undefined;
      });
    if (claims === undefined) throw refused();
    const provedAt = timeOf(claims['auth_time']);
    // Who is asked with max_age has to say when somebody proved who they are (OpenID Connect Core, 3.1.3.7).
    if (kept.anew && provedAt === null) {
      log.warn({ code: 'auth_time', correlationId: meta.correlationId }, 'sign-in by the provider refused');
      throw refused();
    }
    const userId = await this.userOf(meta, claims.sub, kept.invitation);
    return { userId, authenticatedAt: provedAt ?? 'untold', returnTo: kept.returnTo };
  }

  /** Who comes for the first time needs a code: a provider may know thousands who have nothing to do with the chain. */
  private async userOf(meta: CommandMeta, subject: string, invitation: string | null): Promise<Id> {
    const { db, master, provider, users } = this.deps;
    const { chain } = meta;
    const index = master.blindIndex(`${chain.id} sign-in`, JSON.stringify([provider.issuer, subject]));
    const { rows } = await db.query<{ user_id: Id }>(
      'select user_id from access_identity where chain = $1 and subject_index = $2',
      [chain.no, index],
    );
    if (rows[0]) return rows[0].user_id;
    const userId = invitation === null ? undefined : await users.useInvitation(chain, invitation);
    if (userId === undefined) throw refused();
    const { rowCount } = await db.query(
      `insert into access_identity (chain, subject_index, user_id, linked_at) values ($1, $2, $3, clock_timestamp())
       on conflict do nothing`,
      [chain.no, index, userId],
    );
    if (rowCount !== 1) throw refused();
    await users.signInAdded(meta, userId, 'openid-connect');
    return userId;
  }

  private configuration(): Promise<Configuration> {
    this.discovered ??= this.discover().catch((cause: unknown) => {
      // Asked again by whoever signs in next.
      this.discovered = undefined;
      throw new Unavailable('sign-in.provider', 'The provider that signs people in does not answer.', { cause });
    });
    return this.discovered;
  }

  private async discover(): Promise<Configuration> {
    const oidc = await client();
    const { issuer, clientId, clientSecret } = this.deps.provider;
    const isLocal = issuer.startsWith('http:');
    const metadata = { client_secret: clientSecret };
    const authentication = clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret);
    const discovered = await oidc.discovery(new URL(issuer), clientId, metadata, authentication, {
      execute: isLocal ? [oidc.allowInsecureRequests] : [],
      timeout: PROVIDER_S_MAX,
    });
    const configuration = new oidc.Configuration(
      withTrustedAlgorithms(discovered.serverMetadata()),
      clientId,
      metadata,
      authentication,
    );
    configuration.timeout = PROVIDER_S_MAX;
    // TLS to the provider would do by the standard; the signature is looked at all the same.
    oidc.enableNonRepudiationChecks(configuration);
    if (isLocal) oidc.allowInsecureRequests(configuration);
    return configuration;
  }
}

/**
 * Signatures with a key pair, which only the provider can make. What a token claims beside these is not looked into:
 * `none`, and HMAC, for which a public key or the client's secret could be taken.
 */
const TRUSTED_ALGORITHMS: readonly string[] = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

/** By what the provider says that it signs with, and never by more than what is trusted. */
function withTrustedAlgorithms(server: Readonly<ServerMetadata>): ServerMetadata {
  // A provider has to say it; one that does not signs as the standard takes for granted.
  const { id_token_signing_alg_values_supported: announced = ['RS256'] } = server;
  const trusted = announced.filter((algorithm) => TRUSTED_ALGORITHMS.includes(algorithm));
  if (trusted.length === 0) throw new Error('the provider signs id tokens in no way that is trusted');
  return { ...server, id_token_signing_alg_values_supported: trusted };
}

/** Seconds since 1970, as a token tells a time; null where it tells none. */
const timeOf = (seconds: unknown): Instant | null =>
  typeof seconds === 'number' && seconds > 0 && seconds < 2 ** 40 ? new Date(seconds * 1_000).toISOString() : null;
