import type { SealedBox } from '#libs/event-store/src/boxes.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Projection, schemaOf, type SealedEvent } from '#libs/projections/src/projection.js';
import { API_KEY_EVENTS, type ApiKeyEvent } from '../../api-key/api-key.events.js';
import { USER_EVENTS, type UserEvent } from '../user.events.js';

export const USERS = { name: 'users', version: 2 } as const;
export const USERS_SCHEMA = schemaOf(USERS);

export interface UserRow {
  readonly id: Id;
  /** A sealed box; null where the key had been destroyed. */
  readonly name: SealedBox | null;
  readonly disabled: boolean;
  readonly signs_in_by: readonly string[];
  readonly revision: number;
}

/** Users, their roles, what was opened by breaking the glass, and the keys of machines. */
export const usersProjection: Projection = {
  ...USERS,
  types: new Set([...USER_EVENTS, ...API_KEY_EVENTS].map(({ type }) => type)),
  ddl: `
    create table app_user (
      chain integer not null, id uuid not null,
      -- A sealed box; null where the key had been destroyed.
      name jsonb, disabled boolean not null default false,
      signs_in_by text[] not null default '{}', revision integer not null,
      primary key (chain, id)
    );
    create table role_grant (
      chain integer not null, id uuid not null, user_id uuid not null, role text not null,
      site_id uuid, patient_id uuid, valid_from date, valid_to date,
      primary key (chain, id)
    );
    create index role_grant_user on role_grant (chain, user_id);
    create table opening (
      chain integer not null, id uuid not null, user_id uuid not null, patient_id uuid not null,
      -- Of the patient, when it was opened.
      site_ids uuid[] not null,
      -- A sealed box with the reason.
      reason jsonb,
      opened_at timestamptz not null, until timestamptz not null, mended_at timestamptz,
      outcome text, reviewed_by text, reviewed_at timestamptz,
      primary key (chain, id)
    );
    create index opening_waiting on opening (chain, opened_at, id) where outcome is null;
    create table api_key (
      chain integer not null, id uuid not null, name text not null, scopes text[] not null, site_ids uuid[],
      created_at timestamptz not null, created_by text not null, expires_at timestamptz not null,
      revoked_at timestamptz, revision integer not null,
      primary key (chain, id)
    );
  `,
  // By these it is decided who may see what.
  rowsOf: { app_user: 'withheld', role_grant: 'withheld', opening: 'withheld', api_key: 'withheld' },
  apply: async ({ tx, chain }, events) => {
    // Each is one small statement: users change some times a day.
    for (const event of events as readonly SealedEvent<UserEvent | ApiKeyEvent>[]) {
      for (const [text, values] of statementsOf(event)) await tx.query(text, [chain.no, ...values]);
    }
  },
};

const isOfKey = (event: SealedEvent<UserEvent | ApiKeyEvent>): event is SealedEvent<ApiKeyEvent> =>
  event.type === 'ApiKeyCreated' || event.type === 'ApiKeyRevoked';

type Statement = readonly [text: string, values: readonly unknown[]];

function statementsOf(event: SealedEvent<UserEvent | ApiKeyEvent>): Statement[] {
  if (isOfKey(event)) return ofKey(event);
  const ofPerson = event as SealedEvent<UserEvent>;
  const { userId } = ofPerson.data;
  const seen: Statement = [
    'update app_user set revision = $3 where chain = $1 and id = $2',
    [userId, ofPerson.revision],
  ];
  return [...ofUser(ofPerson), seen];
}

function ofUser(event: SealedEvent<UserEvent>): Statement[] {
  const { userId } = event.data;
  switch (event.type) {
    case 'UserInvited':
      return [
        [
          'insert into app_user (chain, id, name, revision) values ($1, $2, $3::jsonb, $4) on conflict do nothing',
          [userId, event.sealed.contact ? JSON.stringify(event.sealed.contact) : null, event.revision],
        ],
      ];
    case 'RoleGranted': {
      const { grantId, role, siteId, patientId, validFrom, validTo } = event.data;
      return [
        [
          `insert into role_grant (chain, id, user_id, role, site_id, patient_id, valid_from, valid_to)
           values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
          [grantId, userId, role, siteId, patientId, validFrom, validTo],
        ],
      ];
    }
    case 'RoleRevoked':
      return [['delete from role_grant where chain = $1 and id = $2', [event.data.grantId]]];
    case 'UserDisabled':
    case 'UserEnabled':
      return [
        ['update app_user set disabled = $3 where chain = $1 and id = $2', [userId, event.type === 'UserDisabled']],
      ];
    case 'UserInvitationIssued':
      return [];
    case 'UserSignInAdded':
      return [
        [
          `update app_user set signs_in_by = array(select distinct unnest(signs_in_by || $3::text))
           where chain = $1 and id = $2`,
          [userId, event.data.by],
        ],
      ];
    case 'GlassBroken': {
      const { openingId, patientId, until } = event.data;
      const siteIds = event.data.siteIds ?? [event.header.site].flatMap((site) => site ?? []);
      const reason = event.sealed.clinical ? JSON.stringify(event.sealed.clinical) : null;
      return [
        [
          `insert into opening (chain, id, user_id, patient_id, site_ids, reason, opened_at, until)
           values ($1, $2, $3, $4, $5::uuid[], $6::jsonb, $7::timestamptz, $8::timestamptz) on conflict do nothing`,
          [openingId, userId, patientId, siteIds, reason, event.recordedAt, until],
        ],
      ];
    }
    case 'GlassMended':
      return [
        [
          'update opening set mended_at = $3::timestamptz where chain = $1 and id = $2',
          [event.data.openingId, event.recordedAt],
        ],
      ];
    case 'GlassReviewed':
      return [
        [
          `update opening set outcome = $3, reviewed_by = $4, reviewed_at = $5::timestamptz
           where chain = $1 and id = $2`,
          [event.data.openingId, event.data.outcome, event.header.actor, event.recordedAt],
        ],
      ];
  }
}

function ofKey(event: SealedEvent<ApiKeyEvent>): Statement[] {
  if (event.type === 'ApiKeyRevoked') {
    return [
      [
        'update api_key set revoked_at = $3::timestamptz, revision = $4 where chain = $1 and id = $2',
        [event.data.keyId, event.recordedAt, event.revision],
      ],
    ];
  }
  const { keyId, name, scopes, siteIds, expiresAt } = event.data;
  return [
    [
      `insert into api_key (chain, id, name, scopes, site_ids, created_at, created_by, expires_at, revision)
       values ($1, $2, $3, $4::text[], $5::uuid[], $6::timestamptz, $7, $8::timestamptz, $9) on conflict do nothing`,
      [keyId, name, scopes, siteIds, event.recordedAt, event.header.actor, expiresAt, event.revision],
    ],
  ];
}
