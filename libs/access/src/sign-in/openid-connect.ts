import type { Configuration } from 'openid-client';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { describeError, type Log } from '#libs/kernel/src/log.js';
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
}

/**
 * Sign-in by a provider: the code flow of OpenID Connect with PKCE, state and nonce. An id token says who somebody is,
 * once, here; it is never taken for a key. It has to be signed with the provider's own key by the one algorithm that is
 * expected; keys that a token itself names are not looked at.
 */
export class OpenIdConnect {
  private discovered: Promise<Configuration> | undefined;

  constructor(private readonly deps: OpenIdConnectDependencies) {}

  /**
   * @param invitation code of somebody who comes for the first time
   * @returns where the browser goes, and the secret for its cookie
   * @throws Unavailable `sign-in.provider` when the provider does not answer
   */
  async begin(chain: Chain, origin: string, invitation: string | undefined): Promise<{ url: string; secret: string }> {
    const oidc = await client();
    const configuration = await this.configuration();
    const verifier = oidc.randomPKCECodeVerifier();
    const kept: Kept = {
      ...{ state: oidc.randomState(), nonce: oidc.randomNonce(), verifier },
      ...{ redirectUri: `${origin}${CALLBACK_PATH}`, invitation: invitation ?? null },
    };
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: kept.redirectUri,
      scope: 'openid',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...{ state: kept.state, nonce: kept.nonce },
    });
    return { url: url.href, secret: await this.deps.challenges.keep(chain, 'openid-connect', kept) };
  }

  /**
   * Takes what the provider sent the browser back with.
   * @param query of the address that the browser came back to, without its `?`
   * @returns who they are
   * @throws HttpProblem 403 `sign-in.refused`
   */
  async finish(meta: CommandMeta, secret: string | undefined, query: string): Promise<Id> {
    const { chain } = meta;
    const { challenges, log } = this.deps;
    const kept = await challenges.take<Kept>(chain, 'openid-connect', secret);
    if (!kept) throw refused();
    const oidc = await client();
    const configuration = await this.configuration();
    const subject = await oidc
      .authorizationCodeGrant(configuration, new URL(`${kept.redirectUri}?${query}`), {
        pkceCodeVerifier: kept.verifier,
        expectedState: kept.state,
        expectedNonce: kept.nonce,
        idTokenExpected: true,
      })
      .then((tokens) => tokens.claims()?.sub)
      .catch((error: unknown) => {
        // The words of the library say which check failed, and may quote claims: its code says enough.
        const { code, name } = describeError(error);
        log.warn({ code, name, correlationId: meta.correlationId }, 'sign-in by the provider refused');
        return undefined;
      });
    if (subject === undefined) throw refused();
    return this.userOf(meta, subject, kept.invitation);
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
    const execute = [oidc.enableNonRepudiationChecks];
    if (issuer.startsWith('http:')) execute.push(oidc.allowInsecureRequests);
    return oidc.discovery(
      new URL(issuer),
      clientId,
      { client_secret: clientSecret, id_token_signed_response_alg: 'RS256' },
      clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret),
      { execute, timeout: PROVIDER_S_MAX },
    );
  }
}
