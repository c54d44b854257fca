import type { CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Principal } from '#libs/http/src/principal.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { derivedId, isId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { hashOf, isSecret, newSecret } from '../secret.js';
import type { CreateApiKeyData } from './api-key.commands.js';
import { ApiKeyCreated, ApiKeyRevoked, apiKeyStream, isPermission } from './api-key.events.js';
import { apiKeyFold } from './api-key.state.js';

const DAY_MS = 24 * 60 * 60_000;
/** `pk_`, the id of the key without hyphens, and its secret: found again in a log or a repository by its beginning. */
const API_KEY = /^pk_([0-9a-f]{32})_([\w-]{43})$/;

export interface ApiKeysDependencies {
  readonly db: Database;
  readonly runner: CommandRunner;
  readonly chains: Pick<Chains, 'now'>;
  readonly references: References;
}

/** Keys of machines: what each may do is in the log, and what is kept of its secret is a hash. */
export class ApiKeys {
  constructor(private readonly deps: ApiKeysDependencies) {}

  /**
   * @returns the whole key, which is never shown again
   * @throws NotFound `site.unknown`
   */
  async create(
    meta: CommandMeta,
    { name, scopes, sites, days }: CreateApiKeyData,
  ): Promise<CommandAnswer & { readonly key: string; readonly expiresAt: Instant }> {
    const { chain } = meta;
    const { db, runner, references, chains } = this.deps;
    const keyId = derivedId(meta.commandId, 'api key');
    const siteIds =
      sites === undefined
        ? null
        : await Promise.all(sites.map((site) => references.resolve(chain, 'site', site, 'sites')));
    const secret = newSecret();
    const expiresAt = new Date(Date.parse(await chains.now(chain)) + days * DAY_MS).toISOString();
    const result = await runner.run(meta, async (reads) => {
      const { state } = await reads.load(apiKeyStream(keyId), apiKeyFold);
      const made = { keyId, name, scopes: [...new Set(scopes)], siteIds, expiresAt };
      const events = state.status === 'none' ? [ApiKeyCreated(occurredNow(reads.now), made)] : [];
      return [{ stream: apiKeyStream(keyId), events }];
    });
    // Without its row the key opens nothing: a crash before this leaves a key that nobody has.
    await db.query('insert into access_api_key (chain, id, secret_hash) values ($1, $2, $3)', [
      chain.no,
      keyId,
      hashOf(secret),
    ]);
    return { id: keyId, ...result, key: `pk_${keyId.replaceAll('-', '')}_${secret}`, expiresAt };
  }

  /** @throws NotFound `api-key.unknown` */
  async revoke(meta: CommandMeta, key: string): Promise<CommandAnswer> {
    const { db, runner } = this.deps;
    if (!isId(key)) throw apiKeyUnknown();
    const stream = apiKeyStream(key);
    const result = await runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, apiKeyFold);
      if (state.status === 'none') throw apiKeyUnknown();
      return [
        { stream, events: state.status === 'revoked' ? [] : [ApiKeyRevoked(occurredNow(reads.now), { keyId: key })] },
      ];
    });
    await db.query('delete from access_api_key where chain = $1 and id = $2', [meta.chain.no, key]);
    return { id: key, ...result };
  }

  /** Whose key this is; undefined for one that is none, expired or revoked: all look the same from outside. */
  async principalOf(chain: Chain, text: string): Promise<Principal | undefined> {
    const match = API_KEY.exec(text);
    if (!match) return undefined;
    const [, hex, secret] = match as unknown as [string, string, string];
    const keyId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    const { db, runner, chains } = this.deps;
    const { rows } = await db.query<{ secret_hash: string }>(
      'select secret_hash from access_api_key where chain = $1 and id = $2',
      [chain.no, keyId],
    );
    if (!rows[0] || !isSecret(secret, rows[0].secret_hash)) return undefined;
    const [{ state }, now] = await Promise.all([
      runner.read(chain, apiKeyStream(keyId), apiKeyFold),
      chains.now(chain),
    ]);
    if (state.status !== 'valid' || state.expiresAt <= now) return undefined;
    await this.noteUse(chain, keyId);
    return {
      id: `key:${keyId}`,
      kind: 'machine',
      name: state.name,
      grants: (state.siteIds ?? [null]).map((site) => ({ role: 'integration', site })),
      scopes: state.scopes.filter(isPermission),
      authenticatedAt: now,
      sessionId: null,
    };
  }

  /** Once an hour is enough to see that a key is in use. */
  private async noteUse(chain: Chain, keyId: string): Promise<void> {
    await this.deps.db.query(
      `update access_api_key set used_at = clock_timestamp()
       where chain = $1 and id = $2 and (used_at is null or used_at < clock_timestamp() - interval '1 hour')`,
      [chain.no, keyId],
    );
  }
}

const apiKeyUnknown = (): NotFound => new NotFound('api-key.unknown', 'There is no such key.');
