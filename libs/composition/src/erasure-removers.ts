import { PATIENT_ACCOUNTS } from '#libs/access/src/user/patient-accounts/patient-accounts.projection.js';
import { forgetSignIns, PatientAccounts } from '#libs/access/src/user/patient-accounts/patient-accounts.js';
import type { Engine } from '#libs/engine/src/engine.js';
import type { Accounts, RemoveRows } from '#libs/erasure/src/effect/erasure-finisher.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { forgetLines } from '#libs/history-import/src/import-lines.js';
import { ReplyAddresses } from '#libs/messaging/src/inbound/reply-address.js';
import type { Projections } from '#libs/projections/src/projections.js';

/** As long as a guard waits before it refuses something: a read model that is not back by then has stopped. */
const AT_HEAD_MS_MAX = 5_000;

/** What libraries keep of persons beside the log, and have to forget with them. */
export const ERASURE_REMOVERS: readonly RemoveRows[] = [
  (tx, chain, ids) => ReplyAddresses.forget(tx, chain, ids),
  (tx, chain, ids) => forgetLines(tx, chain, ids),
  (tx, chain, ids) => forgetSignIns(tx, chain, ids),
];

/** Who signs in as patients, as of what is recorded now. */
export function accountsOfPatients(
  { db, store, runner }: Pick<Engine, 'db' | 'store' | 'runner'>,
  projections: () => Projections,
): Accounts {
  const atHead = async (chain: Chain) =>
    projections().waitFor(PATIENT_ACCOUNTS.name, chain, await store.head(chain.id), AT_HEAD_MS_MAX);
  return new PatientAccounts({ db, runner, atHead });
}
