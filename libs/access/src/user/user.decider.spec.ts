import { occurredNow } from '#libs/kernel/src/occurred.js';
import { newId } from '#libs/kernel/src/ids.js';
import { decideUser, type UserCommand } from './user.decider.js';
import type { UserEvent } from './user.events.js';
import { grantsAt, type HeldGrant, type KnownUser, openAt, userFold, type UserState } from './user.state.js';

const NOW = '2026-03-01T09:00:00.000Z';
const [userId, siteId, patientId] = [newId(), newId(), newId()];
const ADMIN = 'user:0199a0b1-c2d3-7e4f-8a5b-000000000999';

const grant = (more: Partial<HeldGrant> = {}): HeldGrant => ({
  ...{ grantId: newId(), role: 'receptionist', siteId, patientId: null, validFrom: null, validTo: null },
  ...more,
});

/** The state after commands, each given to what the ones before it made. */
function after(...commands: readonly [UserCommand, string?][]): UserState {
  let state = userFold.initial;
  for (const [command, actor = ADMIN] of commands) {
    for (const event of decideUser(command, state, NOW, actor)) {
      state = userFold.evolve(state, {
        ...event,
        ...{ chain: newId(), position: 1, stream: 'user-1', revision: 0, recordedAt: NOW },
        header: { actor } as never,
      } as never);
    }
  }
  return state;
}

const INVITE: UserCommand = { kind: 'invite', userId, name: 'Zoë', grants: [grant()] };
const typesOf = (events: readonly UserEvent[]): string[] => events.map(({ type }) => type);
const self = `user:${userId}`;
const breakGlass = (openingId: string): UserCommand => ({
  ...{ kind: 'break-glass', openingId, patientId, siteIds: [] },
  ...{ minutes: 60, reason: 'an emergency' },
});

describe('a user', () => {
  it('is invited with roles, once', () => {
    expect(typesOf(decideUser(INVITE, { status: 'none' }, NOW, ADMIN))).toEqual(['UserInvited', 'RoleGranted']);
    expect(decideUser(INVITE, after([INVITE]), NOW, ADMIN)).toEqual([]);
  });

  it('is unknown to every other command before that', () => {
    const command: UserCommand = { kind: 'disable', reason: 'left' };
    expect(() => decideUser(command, { status: 'none' }, NOW, ADMIN)).toThrow(
      expect.objectContaining({ code: 'user.unknown' }),
    );
  });

  it.each<[string, UserCommand]>([
    ['a role', { kind: 'grant', grant: grant({ role: 'physician' }) }],
    ['the end of a role', { kind: 'revoke', grantId: newId() }],
    ['the end of being disabled', { kind: 'enable', reason: 'I am back' }],
    ['a review', { kind: 'review-glass', openingId: newId(), outcome: 'justified', note: 'fine' }],
  ])('does not give themselves %s', (_, command) => {
    expect(() => decideUser(command, after([INVITE]), NOW, self)).toThrow(
      expect.objectContaining({ code: 'user.not-oneself' }),
    );
  });

  it.each<[string, Partial<HeldGrant>, string]>([
    ['of a patient without a patient', { role: 'patient', siteId: null }, 'patient'],
    ['of a patient at a site', { role: 'patient', patientId }, 'site'],
    ['of staff with a patient', { patientId }, 'patient'],
    ['of an administrator at one site', { role: 'administrator' }, 'site'],
  ])('holds no role %s', (_, more, field) => {
    const command: UserCommand = { kind: 'grant', grant: grant(more) };
    expect(() => decideUser(command, after([INVITE]), NOW, ADMIN)).toThrow(
      expect.objectContaining({ code: 'grant.malformed', fields: [expect.objectContaining({ field })] }),
    );
  });

  it('is not given a role again that they hold, and again once it was taken away', () => {
    const first = grant({ role: 'auditor', siteId: null });
    const again: UserCommand = { kind: 'grant', grant: { ...first, grantId: newId() } };
    const holding = after([INVITE], [{ kind: 'grant', grant: first }]);
    expect(decideUser(again, holding, NOW, ADMIN)).toEqual([]);
    const without = after([INVITE], [{ kind: 'grant', grant: first }], [{ kind: 'revoke', grantId: first.grantId }]);
    expect(typesOf(decideUser(again, without, NOW, ADMIN))).toEqual(['RoleGranted']);
  });

  it('holds a role from its first day to its last, both included', () => {
    const state = after([
      { ...INVITE, grants: [grant({ validFrom: '2026-03-01', validTo: '2026-03-02' })] },
    ]) as KnownUser;
    const on = (day: string) => grantsAt(state, `${day}T12:00:00.000Z`).length;
    expect(['2026-02-28', '2026-03-01', '2026-03-02', '2026-03-03'].map(on)).toEqual([0, 1, 1, 0]);
  });

  it('has a record open until its time is over or they close it, and it is looked at once', () => {
    const openingId = newId();
    const broken = breakGlass(openingId);
    const open = after([INVITE], [broken, self]) as KnownUser;
    expect(openAt(open, '2026-03-01T09:59:59.000Z').map((each) => each.patientId)).toEqual([patientId]);
    expect(openAt(open, '2026-03-01T10:00:00.000Z')).toEqual([]);
    const mended = after([INVITE], [broken, self], [{ kind: 'mend-glass', openingId }, self]) as KnownUser;
    expect(openAt(mended, NOW)).toEqual([]);
    expect(decideUser({ kind: 'mend-glass', openingId }, mended, NOW, self)).toEqual([]);
    const review: UserCommand = { kind: 'review-glass', openingId, outcome: 'not-justified', note: 'no emergency' };
    expect(typesOf(decideUser(review, mended, NOW, ADMIN))).toEqual(['GlassReviewed']);
    const reviewed = after([INVITE], [broken, self], [review]);
    expect(() => decideUser(review, reviewed, NOW, ADMIN)).toThrow(
      expect.objectContaining({ code: 'opening.reviewed' }),
    );
  });

  it.each(['justified', 'not-justified'] as const)(
    'a record that is reviewed as %s while it is open is open no more',
    (outcome) => {
      const openingId = newId();
      const broken = breakGlass(openingId);
      const open = after([INVITE], [broken, self]);
      const review: UserCommand = { kind: 'review-glass', openingId, outcome, note: 'looked at' };
      expect(typesOf(decideUser(review, open, NOW, ADMIN))).toEqual(['GlassMended', 'GlassReviewed']);
      const reviewed = after([INVITE], [broken, self], [review]) as KnownUser;
      expect(openAt(reviewed, NOW)).toEqual([]);
      const over = '2026-03-01T10:00:00.000Z';
      expect(typesOf(decideUser(review, open, over, ADMIN))).toEqual(['GlassReviewed']);
    },
  );

  it('who is disabled is given no code and opens nothing', () => {
    const disabled = after([INVITE], [{ kind: 'disable', reason: 'left' }]);
    const code: UserCommand = { kind: 'issue-invitation', expiresAt: occurredNow(NOW).instant };
    expect(() => decideUser(code, disabled, NOW, ADMIN)).toThrow(expect.objectContaining({ code: 'user.disabled' }));
    const glass: UserCommand = {
      kind: 'break-glass',
      siteIds: [],
      openingId: newId(),
      patientId,
      minutes: 5,
      reason: 'none at all',
    };
    expect(() => decideUser(glass, disabled, NOW, self)).toThrow(expect.objectContaining({ code: 'user.disabled' }));
  });
});
