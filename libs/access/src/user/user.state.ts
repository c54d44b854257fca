import type { Erased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { RoleGranted, UserEvent } from './user.events.js';
import type { z } from 'zod';

export type HeldGrant = Omit<z.infer<(typeof RoleGranted)['schema']>, 'userId'>;

export interface Opening {
  readonly openingId: Id;
  readonly patientId: Id;
  readonly from: Instant;
  readonly until: Instant;
  /** When they closed it themselves, or somebody reviewed it while it was open. */
  readonly mendedAt: Instant | null;
  readonly reviewed: { readonly outcome: 'justified' | 'not-justified'; readonly by: string } | null;
}

export interface KnownUser {
  readonly status: 'enabled' | 'disabled';
  readonly userId: Id;
  readonly name: string | Erased;
  readonly grants: readonly HeldGrant[];
  readonly signsInBy: readonly ('passkey' | 'openid-connect')[];
  readonly openings: readonly Opening[];
}

export type UserState = { readonly status: 'none' } | KnownUser;

export const userFold = { initial: { status: 'none' } as UserState, evolve };

function evolve(state: UserState, event: RecordedEvent<UserEvent>): UserState {
  if (event.type === 'UserInvited') {
    const { userId, name } = event.data;
    return { status: 'enabled', userId, name, grants: [], signsInBy: [], openings: [] };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'RoleGranted': {
      const { userId: _, ...grant } = event.data;
      return { ...state, grants: [...state.grants, grant] };
    }
    case 'RoleRevoked':
      return { ...state, grants: state.grants.filter(({ grantId }) => grantId !== event.data.grantId) };
    case 'UserDisabled':
      return { ...state, status: 'disabled' };
    case 'UserEnabled':
      return { ...state, status: 'enabled' };
    case 'UserInvitationIssued':
      return state;
    case 'UserSignInAdded':
      return { ...state, signsInBy: [...new Set([...state.signsInBy, event.data.by])] };
    case 'GlassBroken': {
      const { openingId, patientId, until } = event.data;
      const opening = { openingId, patientId, until, from: event.recordedAt, mendedAt: null, reviewed: null };
      return { ...state, openings: [...state.openings, opening] };
    }
    case 'GlassMended':
      return changeOpening(state, event.data.openingId, { mendedAt: event.recordedAt });
    case 'GlassReviewed': {
      const { openingId, outcome } = event.data;
      return changeOpening(state, openingId, { reviewed: { outcome, by: event.header.actor } });
    }
    default:
      return assertNever(event, 'event of a user');
  }
}

const changeOpening = (state: KnownUser, id: Id, change: Partial<Opening>): KnownUser => ({
  ...state,
  openings: state.openings.map((opening) => (opening.openingId === id ? { ...opening, ...change } : opening)),
});

/** The grants that hold at an instant. Days are days in UTC. */
export function grantsAt({ grants }: KnownUser, now: Instant): readonly HeldGrant[] {
  const today = now.slice(0, 10);
  return grants.filter(
    ({ validFrom, validTo }) => (validFrom === null || validFrom <= today) && (validTo === null || today <= validTo),
  );
}

/** What is open to them at an instant beyond their sites. */
export const openAt = ({ openings }: KnownUser, now: Instant): readonly Opening[] =>
  openings.filter(({ mendedAt, until }) => mendedAt === null && now < until);
