import { join } from 'node:path';
import type { FastifyRequest } from 'fastify';
import { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import { migrate } from '#libs/database/src/migrations.js';
import type { Engine } from '#libs/engine/src/engine.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Access as HttpAccess, AccessNeed } from '#libs/http/src/access.js';
import { HttpProblem } from '#libs/http/src/http-problem.js';
import { type Principal, ROLES } from '#libs/http/src/principal.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Log } from '#libs/kernel/src/log.js';
import type { Projection } from '#libs/projections/src/projection.js';
import { type AccessConfiguration, type SignIn, signInOf } from './access.configuration.js';
import { Admission } from './admission.js';
import { ApiKeys } from './api-key/api-keys.js';
import type { Scopes } from './scopes.port.js';
import { hashOf, isSecret, newSecret } from './secret.js';
import { type CookieRules, cookieOf } from './session/session-cookie.js';
import { Sessions } from './session/sessions.js';
import { Attempts } from './sign-in/attempts.js';
import { Challenges } from './sign-in/challenges.js';
import { OpenIdConnect } from './sign-in/openid-connect.js';
import { Passkeys } from './sign-in/passkeys.js';
import { Users } from './user/users.service.js';
import { patientAccountsProjection } from './user/patient-accounts/patient-accounts.projection.js';
import { usersProjection } from './user/users/users.projection.js';
import { UsersQuery } from './user/users/users.query.js';

export const migrateAccess = (db: Database) =>
  migrate(db, { name: 'access', folder: join(import.meta.dirname, 'migrations') });

/** What access stands on. */
export type AccessEngine = Pick<Engine, 'db' | 'runner' | 'chains' | 'codes' | 'boxes' | 'master'>;

export interface AccessOptions {
  readonly chain: Chain;
  readonly configuration: AccessConfiguration;
  readonly scopes: Scopes;
  /** The address under which people come in, where there is one. */
  readonly publicUrl: string | undefined;
  readonly log: Log;
}

/** Who may do what, in any process. */
export interface Access extends HttpAccess {
  readonly signIn: SignIn;
  /** What the command line of this machine sends: whoever may open the data may do what an operator does. */
  readonly operatorToken: string;
  readonly works: readonly Projection[];
  readonly users: Users;
  readonly queries: UsersQuery;
  readonly apiKeys: ApiKeys;
  readonly sessions: Sessions;
  readonly attempts: Attempts;
  readonly passkeys: Passkeys;
  readonly openIdConnect: OpenIdConnect | undefined;
  /** The address of our own pages that a request came to, and how its cookies are to be. */
  originOf(request: FastifyRequest): { readonly origin: string; readonly cookies: CookieRules };
}

/** The user of a sandbox on this machine, to whom nothing is closed. */
const DEMO: Omit<Principal, 'authenticatedAt'> = {
  id: 'user:demo',
  kind: 'user',
  name: 'Demo',
  grants: ROLES.filter((role) => role !== 'patient' && role !== 'integration').map((role) => ({ role, site: null })),
  sessionId: null,
};

/** Who holds the data and its key on this machine. They decide nothing about patients: no physician is signed in. */
const OPERATOR: Omit<Principal, 'authenticatedAt'> = {
  id: 'user:operator',
  kind: 'user',
  name: 'Command line',
  grants: (['administrator', 'site-manager', 'auditor'] as const).map((role) => ({ role, site: null })),
  sessionId: null,
};

/**
 * Brings the tables up to date and puts the parts together.
 * @throws Refused `sign-in.demo-is-live`
 */
export async function openAccess(engine: AccessEngine, options: AccessOptions): Promise<Access> {
  const { db, boxes, chains, master } = engine;
  const { chain, configuration, scopes, publicUrl, log } = options;
  await migrateAccess(db);
  const signIn = signInOf(configuration, chain);
  const references = new References(engine.codes);
  const sessions = new Sessions(db);
  const users = new Users({ ...engine, references, sessions, scopes });
  const apiKeys = new ApiKeys({ ...engine, references });
  const challenges = new Challenges(db, master.derive('sign-in challenges'));
  const attempts = new Attempts(db, (text) => master.blindIndex('sign-in attempts', text));
  const admission = new Admission(scopes);
  const operatorToken = `op_${newSecret()}`;
  const operatorHash = hashOf(operatorToken);

  const originOf = ({ headers }: FastifyRequest) => {
    const host = headers.host ?? '';
    const isPublic = publicUrl !== undefined && new URL(publicUrl).host.toLowerCase() === host.toLowerCase();
    const origin = isPublic ? new URL(publicUrl).origin : `http://${host}`;
    return { origin, cookies: { secure: origin.startsWith('https:') } };
  };

  const byToken = async (header: string): Promise<Principal> => {
    const token = /^Bearer ([\w-]{1,200})$/.exec(header)?.[1];
    if (token?.startsWith('op_') && isSecret(token, operatorHash)) {
      return { ...OPERATOR, authenticatedAt: new Date().toISOString() };
    }
    const principal = token === undefined ? undefined : await apiKeys.principalOf(chain, token);
    if (principal) return principal;
    throw new HttpProblem(401, 'access.key', 'This key is not valid: it was never made, has expired or was revoked.');
  };

  const bySession = async (request: FastifyRequest, isSign: boolean): Promise<Principal | undefined> => {
    const secret = cookieOf(request, 'session', originOf(request).cookies);
    const session = secret === undefined ? undefined : await sessions.find(chain, secret, isSign);
    return session && users.principalOf(chain, session.userId, session);
  };

  const principalOf = async (request: FastifyRequest, isSign = true): Promise<Principal | undefined> => {
    const { authorization } = request.headers;
    if (authorization !== undefined) return byToken(authorization);
    if (signIn.by === 'demo') return { ...DEMO, authenticatedAt: new Date().toISOString() };
    return bySession(request, isSign);
  };

  return {
    ...{ signIn, operatorToken, users, apiKeys, sessions, attempts, originOf },
    works: [usersProjection, patientAccountsProjection],
    queries: new UsersQuery(db, boxes, chains, scopes),
    passkeys: new Passkeys({ db, challenges, users }),
    openIdConnect:
      signIn.by === 'openid-connect'
        ? new OpenIdConnect({ provider: signIn.provider, db, master, challenges, users, log })
        : undefined,
    principalOf: (request) => principalOf(request),
    admitAgain: async (request, need) => {
      const principal = await principalOf(request, false);
      if (principal?.id !== request.pistor.principal?.id || !principal) {
        throw new HttpProblem(401, 'access.sign-in', 'You are not signed in any more.');
      }
      await admission.admit(request, principal, need, false);
      return principal;
    },
    admit: (request: FastifyRequest, principal: Principal, need: AccessNeed, changes: boolean) =>
      admission.admit(request, principal, need, changes),
    readingOf: (principal: Principal, need: AccessNeed) => admission.readingOf(principal, need),
    holds: (request: FastifyRequest, principal: Principal, need: AccessNeed) =>
      admission.admit(request, principal, need, false).then(
        () => true,
        (error: unknown) => {
          if (error instanceof HttpProblem || error instanceof NotFound) return false;
          throw error;
        },
      ),
  };
}
