import type { Database } from '#libs/database/src/database.js';
import { closeBox, openBox } from '#libs/event-store/src/box.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { hashOf, newSecret } from '../secret.js';

/** Time to find the telephone that the passkey is on. */
export const CHALLENGE_MINUTES = 10;

export type ChallengePurpose = 'openid-connect' | 'passkey-registration' | 'passkey' | 'signature';

/** Sign-ins that are under way. Each is taken once: what was answered, rightly or wrongly, cannot be answered again. */
export class Challenges {
  constructor(
    private readonly db: Database,
    private readonly key: Buffer,
  ) {}

  /** @returns the secret for the cookie of this browser */
  async keep(chain: Chain, purpose: ChallengePurpose, content: object): Promise<string> {
    const secret = newSecret();
    const id = hashOf(secret);
    await this.db.query(
      `insert into access_challenge (chain, id_hash, purpose, content, expires_at)
       values ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 minute')`,
      [
        chain.no,
        id,
        purpose,
        closeBox(this.key, JSON.stringify(content), `${chain.id}/${purpose}/${id}`),
        CHALLENGE_MINUTES,
      ],
    );
    return secret;
  }

  /** @returns undefined where it was taken, has run out, or is another browser's */
  async take<Content>(
    chain: Chain,
    purpose: ChallengePurpose,
    secret: string | undefined,
  ): Promise<Content | undefined> {
    if (secret === undefined) return undefined;
    const id = hashOf(secret);
    const { rows } = await this.db.query<{ content: string; valid: boolean }>(
      `delete from access_challenge where chain = $1 and id_hash = $2 and purpose = $3
       returning content, expires_at > clock_timestamp() as valid`,
      [chain.no, id, purpose],
    );
    if (!rows[0]?.valid) return undefined;
    return JSON.parse(openBox(this.key, rows[0].content, `${chain.id}/${purpose}/${id}`)) as Content;
  }
}
