import type { CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import type { Grant, Principal } from '#libs/http/src/principal.js';
import { derivedId, type Id, isId } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { hashOf, newSecret } from '../secret.js';
import type { Scopes } from '../scopes.port.js';
import type { Sessions } from '../session/sessions.js';
import type {
  BreakGlassData,
  DisableUserData,
  GrantRoleData,
  InviteUserData,
  ReviewGlassData,
} from './user.commands.js';
import { decideUser, type UserCommand } from './user.decider.js';
import { OpeningUnknown, UserUnknown } from './user.errors.js';
import { userStream } from './user.events.js';
import { grantsAt, type HeldGrant, openAt, userFold } from './user.state.js';

export interface UsersDependencies {
  readonly db: Database;
  readonly runner: CommandRunner;
  readonly chains: Pick<Chains, 'now'>;
  readonly references: References;
  readonly sessions: Sessions;
  readonly scopes: Pick<Scopes, 'of'>;
}

/** A code is handed over in person or over the telephone; after a week it has gone astray. */
const INVITATION_DAYS = 7;

/** People who sign in, and what they may do. */
export class Users {
  constructor(private readonly deps: UsersDependencies) {}

  /** @throws NotFound `site.unknown`, `patient.unknown`; GrantMalformed */
  async invite(meta: CommandMeta, { name, grants }: InviteUserData): Promise<CommandAnswer> {
    const userId = derivedId(meta.commandId, 'user');
    const held = await Promise.all(grants.map((grant, n) => this.resolve(meta, grant, n)));
    return this.decide(meta, userId, { kind: 'invite', userId, name, grants: held });
  }

  /** @throws UserUnknown, NotOneself, GrantMalformed, NotFound */
  async grant(meta: CommandMeta, userId: string, grant: GrantRoleData): Promise<CommandAnswer> {
    return this.decide(meta, userId, { kind: 'grant', grant: await this.resolve(meta, grant, 0) });
  }

  /** @throws UserUnknown, GrantUnknown, NotOneself */
  revoke(meta: CommandMeta, userId: string, grantId: Id): Promise<CommandAnswer> {
    return this.decide(meta, userId, { kind: 'revoke', grantId });
  }

  /** Ends all sessions with it. @throws UserUnknown, NotOneself */
  async disable(meta: CommandMeta, userId: string, { reason }: DisableUserData): Promise<CommandAnswer> {
    const answer = await this.decide(meta, userId, { kind: 'disable', reason });
    await this.deps.sessions.endAll(meta.chain, userId);
    await this.deps.db.query('delete from access_invitation where chain = $1 and user_id = $2', [
      meta.chain.no,
      userId,
    ]);
    return answer;
  }

  /** @throws UserUnknown, NotOneself */
  enable(meta: CommandMeta, userId: string, { reason }: DisableUserData): Promise<CommandAnswer> {
    return this.decide(meta, userId, { kind: 'enable', reason });
  }

  /**
   * Makes the code with which somebody makes themselves known; the one before ends.
   * @returns the code, which is shown once
   * @throws UserUnknown, UserIsDisabled
   */
  async issueInvitation(meta: CommandMeta, userId: string): Promise<{ code: string; expiresAt: Instant }> {
    const { db } = this.deps;
    const code = newSecret();
    const { rows } = await db.query<{ at: Date }>(`select clock_timestamp() + $1 * interval '1 day' as at`, [
      INVITATION_DAYS,
    ]);
    const expiresAt = (rows[0] as { at: Date }).at.toISOString();
    await this.decide(meta, userId, { kind: 'issue-invitation', expiresAt });
    await db.transaction(async (tx) => {
      await tx.query('delete from access_invitation where chain = $1 and user_id = $2', [meta.chain.no, userId]);
      await tx.query(
        'insert into access_invitation (chain, code_hash, user_id, expires_at) values ($1, $2, $3, $4::timestamptz)',
        [meta.chain.no, hashOf(code), userId, expiresAt],
      );
    });
    return { code, expiresAt };
  }

  /** Whose code this is, while it may be used. */
  async invited(chain: Chain, code: string): Promise<Id | undefined> {
    const { rows } = await this.deps.db.query<{ user_id: Id }>(
      `select user_id from access_invitation
       where chain = $1 and code_hash = $2 and used_at is null and expires_at > clock_timestamp()`,
      [chain.no, hashOf(code)],
    );
    return rows[0]?.user_id;
  }

  /** Uses a code up, once. @returns whose it was; undefined where it was used, has run out, or never was */
  async useInvitation(chain: Chain, code: string): Promise<Id | undefined> {
    const { rows } = await this.deps.db.query<{ user_id: Id }>(
      `update access_invitation set used_at = clock_timestamp()
       where chain = $1 and code_hash = $2 and used_at is null and expires_at > clock_timestamp() returning user_id`,
      [chain.no, hashOf(code)],
    );
    return rows[0]?.user_id;
  }

  /** They made themselves known. @throws UserIsDisabled */
  signInAdded(meta: CommandMeta, userId: Id, by: 'passkey' | 'openid-connect'): Promise<CommandAnswer> {
    return this.decide(meta, userId, { kind: 'add-sign-in', by });
  }

  /**
   * Opens a patient's record beyond the sites of whoever asks.
   * @returns the id of the opening
   * @throws NotFound `patient.unknown`, UserUnknown for who is no user of the chain
   */
  async breakGlass(meta: CommandMeta, patient: string, data: BreakGlassData): Promise<CommandAnswer> {
    const patientId = await this.deps.references.resolve(meta.chain, 'patient', patient);
    const openingId = derivedId(meta.commandId, 'opening');
    const siteIds = (await this.deps.scopes.of(meta.chain, 'patient', patientId))?.sites ?? [];
    const command = { kind: 'break-glass', openingId, patientId, siteIds, ...data } as const;
    // The first of them is told: there it becomes a task.
    const answer = await this.decide(meta, userOf(meta.actor), command, siteIds[0]);
    return { ...answer, id: openingId };
  }

  /** @throws OpeningUnknown */
  async mendGlass(meta: CommandMeta, openingId: Id): Promise<CommandAnswer> {
    const answer = await this.decide(meta, userOf(meta.actor), { kind: 'mend-glass', openingId });
    return { ...answer, id: openingId };
  }

  /** @throws OpeningUnknown, OpeningIsReviewed, NotOneself */
  async reviewGlass(meta: CommandMeta, userId: Id, openingId: Id, data: ReviewGlassData): Promise<CommandAnswer> {
    const answer = await this.decide(meta, userId, { kind: 'review-glass', openingId, ...data });
    return { ...answer, id: openingId };
  }

  /** Who somebody is and what they may do now; undefined where they may not sign in. */
  async principalOf(
    chain: Chain,
    userId: Id,
    session: { readonly id: Id; readonly authenticatedAt: Instant },
  ): Promise<Principal | undefined> {
    const { runner, chains } = this.deps;
    const [{ state }, now] = await Promise.all([runner.read(chain, userStream(userId), userFold), chains.now(chain)]);
    if (state.status !== 'enabled') return undefined;
    const grants = grantsAt(state, now).map(
      ({ role, siteId, patientId }): Grant => ({
        role,
        site: siteId,
        ...(patientId !== null && { patient: patientId }),
      }),
    );
    // Who reads for two wards is neither of them: each is told who has read theirs.
    const isPatient = grants.every(({ role, patient: whose }) => role === 'patient' && whose === grants[0]?.patient);
    const patient = isPatient ? grants[0]?.patient : undefined;
    return {
      id: patient === undefined ? `user:${userId}` : `patient:${patient}`,
      kind: patient === undefined ? 'user' : 'patient',
      name: isErased(state.name) ? null : state.name,
      grants,
      authenticatedAt: session.authenticatedAt,
      sessionId: session.id,
      openedPatients: openAt(state, now).map(({ patientId }) => patientId),
    };
  }

  private async resolve(meta: CommandMeta, grant: GrantRoleData, n: number): Promise<HeldGrant> {
    const { references } = this.deps;
    const { role, site, patient, validFrom = null, validTo = null } = grant;
    const siteId = site === undefined ? null : await references.resolve(meta.chain, 'site', site);
    const patientId = patient === undefined ? null : await references.resolve(meta.chain, 'patient', patient);
    return { grantId: derivedId(meta.commandId, `grant ${n}`), role, siteId, patientId, validFrom, validTo };
  }

  private async decide(meta: CommandMeta, userId: string, command: UserCommand, site?: Id): Promise<CommandAnswer> {
    if (!isId(userId)) throw new UserUnknown();
    const stream = userStream(userId);
    const result = await this.deps.runner.run(
      meta,
      async (reads) => {
        const { state } = await reads.load(stream, userFold);
        return [{ stream, events: decideUser(command, state, reads.now, meta.actor) }];
      },
      { site },
    );
    return { id: userId, ...result };
  }
}

/** The user that an actor is. @throws OpeningUnknown for a machine, the demo or the command line: they open nothing */
function userOf(actor: string): Id {
  const id = /^user:(.+)$/.exec(actor)?.[1];
  if (id === undefined || !isId(id)) throw new OpeningUnknown();
  return id;
}
