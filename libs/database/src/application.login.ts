import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';
import { Refused } from '#libs/kernel/src/errors.js';
import type { Database } from './database.js';

/** What a server of PostgreSQL takes by default for a password that it stores. */
const SCRAM_ITERATIONS = 4096;

/**
 * Sees to it that the login that a URL names exists and may run as the application's role, which is all that it may. A
 * login that is there keeps its password and whatever else it has.
 *
 * @param owner opened with a login that may make roles
 * @returns the name of the login when it was made
 * @throws Refused `database.login` when that login may not make it
 */
export async function provideApplicationLogin(owner: Database, url: string): Promise<string | undefined> {
  const { user, password } = new pg.Client({ connectionString: url });
  if (!user || owner.applicationRole === undefined) return undefined;
  const [login, role] = [pg.escapeIdentifier(user), pg.escapeIdentifier(owner.applicationRole)];
  return owner.transaction(async (tx) => {
    await tx.query('SET LOCAL ROLE NONE');
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('pistor application login', 0))`);
    const { rows } = await tx.query<{ member: boolean | null }>(
      `SELECT pg_has_role(l.oid, $2, 'MEMBER') OR $1 = session_user AS member
         FROM unnest(ARRAY[$1]) AS named LEFT JOIN pg_roles l ON l.rolname = named`,
      [user, owner.applicationRole],
    );
    const member = rows[0]?.member;
    if (member === true) return undefined;
    const secret = password ? ` PASSWORD ${pg.escapeLiteral(scramVerifier(password))}` : '';
    const make = member === null ? `CREATE ROLE ${login} LOGIN${secret}; ` : '';
    await tx.query(`${make}GRANT ${role} TO ${login}`).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== '42501') throw error;
      const message =
        `The login of DATABASE_OWNER_URL may not make the login ${user}. As an administrator of the server run: ` +
        `CREATE ROLE ${login} LOGIN PASSWORD '…'; GRANT ${role} TO ${login};`;
      throw new Refused('database.login', message, { cause: error, data: { login: user } });
    });
    return member === null ? user : undefined;
  });
}

/** What the server keeps of a password (RFC 5803), so that the password itself stands in no statement and no log. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, SCRAM_ITERATIONS, 32, 'sha256');
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest();
  const stored = createHash('sha256').update(keyOf('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${stored}:${keyOf('Server Key').toString('base64')}`;
}
