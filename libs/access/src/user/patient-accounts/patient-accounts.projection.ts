import { type Projection, schemaOf, type SealedEvent } from '#libs/projections/src/projection.js';
import { RoleGranted, type UserEvent } from '../user.events.js';

export const PATIENT_ACCOUNTS = { name: 'patient_accounts', version: 1 } as const;
export const PATIENT_ACCOUNTS_SCHEMA = schemaOf(PATIENT_ACCOUNTS);

/** Who ever held the role of a patient: a role that was taken away leaves the account, and the name in it. */
export const patientAccountsProjection: Projection = {
  ...PATIENT_ACCOUNTS,
  types: new Set([RoleGranted.type]),
  ddl: `
    create table patient_account (
      chain integer not null, patient_id uuid not null, user_id uuid not null,
      primary key (chain, patient_id, user_id)
    );
  `,
  // Erasures ask, and nobody else.
  rowsOf: { patient_account: 'withheld' },
  apply: async ({ tx, chain }, events) => {
    const granted = (events as readonly SealedEvent<UserEvent>[]).flatMap(({ type, data }) =>
      type === RoleGranted.type && 'grantId' in data && 'role' in data && data.patientId !== null ? [data] : [],
    );
    if (granted.length === 0) return;
    await tx.query(
      `insert into patient_account (chain, patient_id, user_id)
       select $1, g.patient_id, g.user_id from unnest($2::uuid[], $3::uuid[]) as g(patient_id, user_id)
       on conflict do nothing`,
      [chain.no, granted.map(({ patientId }) => patientId), granted.map(({ userId }) => userId)],
    );
  },
};
