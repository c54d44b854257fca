import fc from 'fast-check';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { RoleGranted, RoleRevoked, UserDisabled, type UserEvent, UserInvited, type UserRole } from '../user.events.js';
import { userFold } from '../user.state.js';
import { decideAccount, patientsOf } from './account-erasure.decider.js';

const NOW = '2026-05-04T10:00:00.000Z';
const AT = occurredNow(NOW);
const userId = newId();
const [erasedOne, another] = [newId(), newId()];
const ERASED = new Set([erasedOne]);

const invited = UserInvited(AT, { userId, name: 'Xeni' });
const granted = (role: UserRole, patientId: string | null, grantId = newId()) =>
  RoleGranted(AT, { userId, grantId, role, siteId: null, patientId, validFrom: null, validTo: null });

function decided(given: readonly UserEvent[], erased: ReadonlySet<string> = ERASED) {
  const history = given as unknown as readonly RecordedEvent<UserEvent>[];
  return decideAccount(history, history.reduce(userFold.evolve, userFold.initial), erased, NOW);
}
const typesOf = (given: readonly UserEvent[]) => decided(given).events.map(({ type }) => type);

describe('the erasure of a patient', () => {
  it('closes an account that was for nothing else', () => {
    const given = [invited, granted('patient', erasedOne)];
    expect(decided(given).goes).toBe(true);
    expect(typesOf(given)).toEqual(['RoleRevoked', 'UserDisabled']);
  });

  it.each<[string, UserEvent]>([
    ['somebody who is patient of another registration, too', granted('patient', another)],
    ['somebody of the staff', granted('receptionist', null)],
  ])('leaves the account of %s, and takes the role of the erased one', (_, other) => {
    const given = [invited, granted('patient', erasedOne), other];
    expect([decided(given).goes, typesOf(given)]).toEqual([false, ['RoleRevoked']]);
  });

  it('leaves the account of somebody who was of the staff once', () => {
    const grantId = newId();
    const past = [granted('receptionist', null, grantId), RoleRevoked(AT, { userId, grantId })];
    expect(decided([invited, ...past, granted('patient', erasedOne)]).goes).toBe(false);
  });

  it('closes an account whose only role was taken away, and one that was disabled', () => {
    const grantId = newId();
    const past = [invited, granted('patient', erasedOne, grantId), RoleRevoked(AT, { userId, grantId })];
    expect([decided(past).goes, typesOf(past)]).toEqual([true, ['UserDisabled']]);
    const disabled = [...past, UserDisabled(AT, { userId, reason: 'has moved' })];
    expect([decided(disabled).goes, typesOf(disabled)]).toEqual([true, []]);
  });

  it('is nothing to somebody without roles, and to nobody', () => {
    expect(decided([invited])).toEqual({ goes: false, events: [] });
    expect(decided([])).toEqual({ goes: false, events: [] });
  });
});

it('closes an account once, and never one that was for anything else', () => {
  const ids = [erasedOne, another, newId()];
  const role = fc.oneof(
    fc.constantFrom(...ids).map((id) => granted('patient', id)),
    fc.constant(null).map(() => granted('auditor', null)),
  );
  fc.assert(
    fc.property(fc.array(role, { maxLength: 5 }), fc.subarray(ids), (roles, gone) => {
      const given = [invited, ...roles];
      const erased = new Set(gone);
      const first = decided(given, erased);
      const patients = roles.map(({ data }) => (data as { patientId: string | null }).patientId);
      expect(first.goes).toBe(patients.length > 0 && patients.every((id) => id !== null && erased.has(id)));
      expect(decided([...given, ...first.events], erased)).toEqual({ goes: first.goes, events: [] });
      expect(new Set(patientsOf(given as never))).toEqual(new Set(patients.filter((id) => id !== null)));
    }),
  );
});
