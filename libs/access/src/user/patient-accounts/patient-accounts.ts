import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Database, Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { type UserEvent, userStream } from '../user.events.js';
import { userFold } from '../user.state.js';
import { decideAccount, patientsOf } from './account-erasure.decider.js';
import { PATIENT_ACCOUNTS_SCHEMA } from './patient-accounts.projection.js';

const ACTOR = 'system:erasure';

export interface PatientAccountsDependencies {
  readonly db: Database;
  readonly runner: CommandRunner;
  /** Waits until the read model has what is recorded now. @throws Unavailable */
  readonly atHead: (chain: Chain) => Promise<void>;
}

/** The accounts of patients, and of those who sign in for them, where a patient is erased. */
export class PatientAccounts {
  constructor(private readonly deps: PatientAccountsDependencies) {}

  /** Users who hold or held the role of one of these patients, as of now. @throws Unavailable */
  async of(chain: Chain, patientIds: readonly Id[]): Promise<readonly Id[]> {
    await this.deps.atHead(chain);
    const { rows } = await this.deps.db.query<{ user_id: Id }>(
      `select distinct user_id from "${PATIENT_ACCOUNTS_SCHEMA}".patient_account
       where chain = $1 and patient_id = any($2::uuid[]) order by user_id`,
      [chain.no, patientIds],
    );
    return rows.map((row) => row.user_id);
  }

  /**
   * Revokes a user's roles of erased patients; disables the account where it was never for anything else, so that its
   * sessions have ended. May be repeated.
   * @param erasedOf those registrations of the given ones that are erased
   * @returns whether the account was never for anything else
   */
  async close(
    chain: Chain,
    userId: Id,
    erasedOf: (patientIds: readonly Id[]) => Promise<ReadonlySet<Id>>,
  ): Promise<boolean> {
    const stream = userStream(userId);
    let isOnlyTheirs = false;
    // An id of its own each time: the same registrations may be granted again after they were erased.
    await this.deps.runner.run({ chain, commandId: newId(), actor: ACTOR }, async (reads) => {
      const { state } = await reads.load(stream, userFold);
      const history = await reads.events<UserEvent>(stream);
      const { goes, events } = decideAccount(history, state, await erasedOf(patientsOf(history)), reads.now);
      isOnlyTheirs = goes;
      return [{ stream, events }];
    });
    return isOnlyTheirs;
  }
}

/** By which users sign in, whose accounts are erased: sessions, invitations, passkeys, identities of the provider. */
export async function forgetSignIns(tx: Queryable, chain: Chain, userIds: readonly Id[]): Promise<void> {
  for (const table of ['access_session', 'access_invitation', 'access_passkey', 'access_identity']) {
    await tx.query(`delete from ${table} where chain = $1 and user_id = any($2::uuid[])`, [chain.no, userIds]);
  }
}
