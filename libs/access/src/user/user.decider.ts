import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import {
  GrantMalformed,
  GrantUnknown,
  NotOneself,
  OpeningIsReviewed,
  OpeningUnknown,
  UserIsDisabled,
  UserUnknown,
} from './user.errors.js';
import {
  GlassBroken,
  GlassMended,
  GlassReviewed,
  RoleGranted,
  RoleRevoked,
  UserDisabled,
  UserEnabled,
  type UserEvent,
  UserInvitationIssued,
  UserInvited,
  UserSignInAdded,
} from './user.events.js';
import type { HeldGrant, KnownUser, UserState } from './user.state.js';

export type UserCommand =
  | { readonly kind: 'invite'; readonly userId: Id; readonly name: string; readonly grants: readonly HeldGrant[] }
  | { readonly kind: 'grant'; readonly grant: HeldGrant }
  | { readonly kind: 'revoke'; readonly grantId: Id }
  | { readonly kind: 'disable' | 'enable'; readonly reason: string }
  | { readonly kind: 'issue-invitation'; readonly expiresAt: Instant }
  | { readonly kind: 'add-sign-in'; readonly by: 'passkey' | 'openid-connect' }
  | {
      readonly kind: 'break-glass';
      readonly openingId: Id;
      readonly patientId: Id;
      /** Of the patient. */
      readonly siteIds: readonly Id[];
      readonly minutes: number;
      readonly reason: string;
    }
  | { readonly kind: 'mend-glass'; readonly openingId: Id }
  | {
      readonly kind: 'review-glass';
      readonly openingId: Id;
      readonly outcome: 'justified' | 'not-justified';
      readonly note: string;
    };

/**
 * What a command means to a user. What is so already adds nothing.
 * @param actor who gives it
 * @throws UserUnknown, GrantUnknown, GrantMalformed, NotOneself, UserIsDisabled, OpeningUnknown, OpeningIsReviewed
 */
export function decideUser(command: UserCommand, state: UserState, now: Instant, actor: string): UserEvent[] {
  const at = occurredNow(now);
  if (command.kind === 'invite') {
    if (state.status !== 'none') return [];
    const { userId, name } = command;
    const grants = command.grants.map((grant) => RoleGranted(at, { userId, ...wellFormed(grant) }));
    return [UserInvited(at, { userId, name }), ...grants];
  }
  if (state.status === 'none') throw new UserUnknown();
  const { userId } = state;
  const isOneself = actor === `user:${userId}`;
  switch (command.kind) {
    case 'grant': {
      if (isOneself) throw new NotOneself('give a role to');
      return holds(state, command.grant) ? [] : [RoleGranted(at, { userId, ...wellFormed(command.grant) })];
    }
    case 'revoke': {
      if (isOneself) throw new NotOneself('take a role from');
      if (!state.grants.some(({ grantId }) => grantId === command.grantId)) throw new GrantUnknown();
      return [RoleRevoked(at, { userId, grantId: command.grantId })];
    }
    case 'disable': {
      if (isOneself) throw new NotOneself('disable');
      return state.status === 'disabled' ? [] : [UserDisabled(at, { userId, reason: command.reason })];
    }
    case 'enable':
      if (isOneself) throw new NotOneself('enable');
      return state.status === 'enabled' ? [] : [UserEnabled(at, { userId, reason: command.reason })];
    case 'issue-invitation':
      if (state.status === 'disabled') throw new UserIsDisabled();
      return [UserInvitationIssued(at, { userId, expiresAt: command.expiresAt })];
    case 'add-sign-in':
      if (state.status === 'disabled') throw new UserIsDisabled();
      return [UserSignInAdded(at, { userId, by: command.by })];
    case 'break-glass': {
      if (state.status === 'disabled') throw new UserIsDisabled();
      const { openingId, patientId, siteIds, minutes, reason } = command;
      const until = new Date(Date.parse(now) + minutes * 60_000).toISOString();
      return [GlassBroken(at, { userId, openingId, patientId, siteIds: [...siteIds], until, reason })];
    }
    case 'mend-glass': {
      const opening = openingOf(state, command.openingId);
      const isOver = opening.mendedAt !== null || opening.until <= now;
      return isOver ? [] : [GlassMended(at, { userId, openingId: opening.openingId })];
    }
    case 'review-glass': {
      if (isOneself) throw new NotOneself('review');
      const { openingId, patientId, reviewed, mendedAt, until } = openingOf(state, command.openingId);
      if (reviewed) throw new OpeningIsReviewed();
      const { outcome, note } = command;
      // What was read after somebody had looked would never be looked at: whoever needs more opens it anew.
      const isOpen = mendedAt === null && now < until;
      const ends = isOpen ? [GlassMended(at, { userId, openingId })] : [];
      return [...ends, GlassReviewed(at, { userId, openingId, patientId, outcome, note })];
    }
    default:
      return assertNever(command, 'command of a user');
  }
}

function openingOf({ openings }: KnownUser, id: Id): KnownUser['openings'][number] {
  const opening = openings.find(({ openingId }) => openingId === id);
  if (!opening) throw new OpeningUnknown();
  return opening;
}

/** A patient's role is about one record and no site; every other is about sites and no record. */
function wellFormed(grant: HeldGrant): HeldGrant {
  const { role, siteId, patientId } = grant;
  if (role === 'patient' && patientId === null) {
    throw new GrantMalformed('patient', 'The role of a patient needs the patient whose record it is.');
  }
  if (role === 'patient' && siteId !== null) {
    throw new GrantMalformed('site', 'A patient has their record wherever it is: name no site.');
  }
  if (role !== 'patient' && patientId !== null) {
    throw new GrantMalformed('patient', 'Only the role of a patient is about one patient.');
  }
  if (role === 'administrator' && siteId !== null) {
    throw new GrantMalformed('site', 'An administrator is one of the whole chain: name no site.');
  }
  return grant;
}

const holds = ({ grants }: KnownUser, wanted: HeldGrant): boolean =>
  grants.some((held) =>
    (['role', 'siteId', 'patientId', 'validFrom', 'validTo'] as const).every((name) => held[name] === wanted[name]),
  );
