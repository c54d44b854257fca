import fc from 'fast-check';
import { effectiveHistory } from '#libs/event-store/src/correction.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { eventIdOf, NOW, recorded, refusal } from '#test/support/consultation-given.js';
import {
  decidePractitioner,
  type PractitionerCommand,
  type PractitionerHistory,
  practitionerHistoryFold,
} from './practitioner.decider.js';
import type { PractitionerEvent } from './practitioner.events.js';
import { isCredentialed } from './practitioner.state.js';

const practitionerId = newId();
const register: PractitionerCommand = {
  type: 'Register',
  practitionerId,
  role: 'nurse',
  name: 'Zoë García',
  credentials: [],
};
const grant = (procedures: string[], validFrom = '2025-01-01', validTo: string | null = null): PractitionerCommand => ({
  type: 'Grant',
  credential: { procedures, validFrom, validTo },
});
const revoke = (procedures: string[], from = '2025-06-01'): PractitionerCommand => ({
  type: 'Revoke',
  procedures,
  from,
  reason: 'certificate not renewed',
});
const correctGrant = (event: string, procedures: string[], validFrom: string, validTo: string | null = null) =>
  ({
    type: 'CorrectEntry',
    event,
    says: { type: 'CredentialGranted', credential: { procedures, validFrom, validTo } },
    reason: 'the certificate says otherwise',
  }) as const;
const retract = (event: string): PractitionerCommand => ({
  type: 'RetractEntry',
  event,
  reason: 'another practitioner',
});

const historyOf = (events: readonly NewEvent[]): PractitionerHistory =>
  (effectiveHistory(recorded(events)) as unknown as RecordedEvent<PractitionerEvent>[]).reduce(
    practitionerHistoryFold.evolve,
    practitionerHistoryFold.initial,
  );
function happened(commands: readonly PractitionerCommand[]): NewEvent[] {
  const events: NewEvent[] = [];
  for (const command of commands) events.push(...decidePractitioner(command, historyOf(events), NOW));
  return events;
}
const when = (command: PractitionerCommand, given: readonly PractitionerCommand[]) =>
  decidePractitioner(command, historyOf(happened(given)), NOW);
const credentialsAfter = (commands: readonly PractitionerCommand[]) => credentialsIn(happened(commands));
function credentialsIn(events: readonly NewEvent[]) {
  const { state } = historyOf(events);
  return state.status === 'none' ? [] : state.credentials;
}
const allowed = (commands: readonly PractitionerCommand[], procedure: string, days: readonly string[]) =>
  days.map((on) => isCredentialed(credentialsAfter(commands), procedure, on));

describe('a practitioner', () => {
  it('[practitioner.once] is registered once, with the credentials that are known', () => {
    const credentials = [{ procedures: ['facial'], validFrom: '2025-01-01', validTo: null }];
    expect(when({ ...register, credentials } as PractitionerCommand, [])).toMatchObject([
      { type: 'PractitionerRegistered', data: { practitionerId, role: 'nurse' } },
      { type: 'CredentialGranted', data: { procedures: ['facial'] } },
    ]);
    expect(refusal(() => when(register, [register]))).toMatchObject({
      code: 'practitioner.exists',
      rules: ['practitioner.once code'],
    });
  });
  it('is registered before anything is granted', () => {
    expect(refusal(() => when(grant(['facial']), [])).code).toBe('practitioner.unknown');
  });
});

describe('a credential', () => {
  it('[credential.valid-on] holds for its procedures from its first to its last day (S2-Q1)', () => {
    const given = [register, grant(['facial'], '2025-01-01', '2025-12-31')];
    const days = ['2024-12-31', '2025-01-01', '2025-12-31', '2026-01-01'];
    expect(allowed(given, 'facial', days)).toEqual([false, true, true, false]);
    expect(allowed(given, 'hair', days)).toEqual([false, false, false, false]);
  });
  it('[credential.period] does not end before it begins', () => {
    const { fields } = refusal(() => when(grant(['facial'], '2025-01-02', '2025-01-01'), [register]));
    expect(fields).toMatchObject([
      {
        rule: 'credential.period',
        field: 'validTo',
        facts: ['S2-Q1'],
        seen: '2025-01-01',
        accepted: '2025-01-02 or later',
      },
    ]);
  });
  it('[credential.repeated] adds nothing where it is granted already', () => {
    expect(when(grant(['facial']), [register, grant(['facial'])])).toEqual([]);
  });
});

describe('a revocation', () => {
  it('[credential.revoked] ends the procedures that it names with the day before', () => {
    const given = [register, grant(['facial', 'hair']), revoke(['facial'])];
    expect(allowed(given, 'facial', ['2025-05-31', '2025-06-01', '2026-01-01'])).toEqual([true, false, false]);
    expect(allowed(given, 'hair', ['2025-06-01', '2026-01-01'])).toEqual([true, true]);
    expect(credentialsAfter(given)).toEqual([
      { procedures: ['hair'], validFrom: '2025-01-01', validTo: null },
      { procedures: ['facial'], validFrom: '2025-01-01', validTo: '2025-05-31' },
    ]);
  });
  it('[credential.revoked] takes away what would only have begun', () => {
    expect(credentialsAfter([register, grant(['facial'], '2025-06-01'), revoke(['facial'])])).toEqual([]);
  });
  it('[credential.revoked] does not touch what had ended, nor what is granted afterwards', () => {
    const given = [register, grant(['facial'], '2024-01-01', '2024-12-31'), grant(['facial']), revoke(['facial'])];
    expect(allowed(given, 'facial', ['2024-12-31', '2025-06-01'])).toEqual([true, false]);
    const again = [...given, grant(['facial'], '2025-09-01')];
    expect(allowed(again, 'facial', ['2025-08-31', '2025-09-01'])).toEqual([false, true]);
  });
  it('[credential.revoked] stands although an old certificate is entered after it', () => {
    const given = [register, grant(['facial', 'hair'], '2024-06-01'), revoke(['facial'])];
    const old = (procedures: string[], from: string, to: string | null = null) => grant(procedures, from, to);
    expect(refusal(() => when(old(['facial'], '2024-01-01'), given)).rules).toEqual(['credential.revoked validTo']);
    expect(refusal(() => when(old(['facial'], '2024-01-01', '2025-06-01'), given)).rules).toHaveLength(1);
    // What had ended by then, what begins with its day, and another procedure are no matter of it.
    expect(when(old(['facial'], '2024-01-01', '2025-05-31'), given)).toHaveLength(1);
    expect(when(old(['facial'], '2025-06-01'), given)).toHaveLength(1);
    expect(when(old(['hair'], '2024-01-01'), given)).toHaveLength(1);
    // Nor is it brought back by saying a later grant anew; taken back itself, it is no revocation.
    const renewed = [...given, grant(['facial'], '2025-09-01')];
    const [GRANTED, REVOKED, RENEWED] = [1, 2, 3].map(eventIdOf) as [string, string, string];
    const anew = (event: string) => when(correctGrant(event, ['facial'], '2024-01-01'), renewed);
    expect(refusal(() => anew(RENEWED)).rules).toEqual(['credential.revoked data.validTo']);
    expect(anew(GRANTED)).toHaveLength(1);
    expect(when(old(['facial'], '2024-01-01'), [...given, retract(REVOKED)])).toHaveLength(1);
  });
  it('[credential.not-held] is about a procedure that the practitioner has a credential for', () => {
    const { fields } = refusal(() => when(revoke(['hair', 'facial']), [register, grant(['facial'])]));
    expect(fields).toMatchObject([{ rule: 'credential.not-held', seen: 'hair', accepted: 'facial' }]);
  });
  it('[credential.repeated] adds nothing where nothing is left to revoke', () => {
    expect(when(revoke(['facial']), [register, grant(['facial']), revoke(['facial'])])).toEqual([]);
    expect(when(revoke(['facial'], '2025-07-01'), [register, grant(['facial']), revoke(['facial'])])).toEqual([]);
    expect(when(revoke(['facial'], '2025-05-01'), [register, grant(['facial']), revoke(['facial'])])).toHaveLength(1);
  });
});

describe('correcting credentials', () => {
  const given = [register, grant(['facial']), revoke(['facial'])];
  const GRANTED = eventIdOf(1);
  const REVOKED = eventIdOf(2);

  it('[credential.corrected] judges every day by what should have been said, later revocations included', () => {
    const corrected = [...given, correctGrant(GRANTED, ['facial'], '2025-03-01')];
    expect(allowed(given, 'facial', ['2025-02-28', '2025-05-31', '2025-06-01'])).toEqual([true, true, false]);
    expect(allowed(corrected, 'facial', ['2025-02-28', '2025-05-31', '2025-06-01'])).toEqual([false, true, false]);
  });
  it('[credential.corrected] stands beside what it corrects, with its reason', () => {
    expect(when(correctGrant(GRANTED, ['facial'], '2025-03-01'), given)).toMatchObject([
      {
        type: 'CredentialGrantedCorrected',
        data: { practitionerId, validFrom: '2025-03-01', corrects: GRANTED, correctionReason: expect.any(String) },
      },
    ]);
  });
  it('[credential.corrected] moves the day of a revocation, and takes it back', () => {
    const later: PractitionerCommand = {
      type: 'CorrectEntry',
      event: REVOKED,
      says: {
        type: 'CredentialRevoked',
        procedures: ['facial'],
        from: '2025-08-01',
        reason: 'certificate not renewed',
      },
      reason: 'the letter names another day',
    };
    expect(allowed([...given, later], 'facial', ['2025-07-31', '2025-08-01'])).toEqual([true, false]);
    expect(allowed([...given, retract(REVOKED)], 'facial', ['2025-06-01', '2026-01-01'])).toEqual([true, true]);
    expect(allowed([...given, retract(GRANTED)], 'facial', ['2025-03-01'])).toEqual([false]);
  });
  it('[credential.entry] refuses what is unknown, was taken back, is a registration or of another kind', () => {
    const unknown = { code: 'credential-entry.unknown', rules: ['credential.entry event'] };
    expect(refusal(() => when(retract(newId()), given))).toMatchObject(unknown);
    expect(refusal(() => when(retract(REVOKED), [...given, retract(REVOKED)]))).toMatchObject(unknown);
    expect(refusal(() => when(retract(eventIdOf(0)), given)).rules).toEqual(['credential.entry event']);
    const wrong = refusal(() => when(correctGrant(REVOKED, ['facial'], '2025-01-01'), given));
    expect(wrong.fields).toMatchObject([
      { rule: 'credential.entry', seen: 'CredentialGranted', accepted: 'CredentialRevoked' },
    ]);
  });
  it('[credential.period] refuses a correction that ends before it begins', () => {
    const backwards = correctGrant(GRANTED, ['facial'], '2025-03-01', '2025-02-01');
    expect(refusal(() => when(backwards, given)).rules).toEqual(['credential.period data.validTo']);
  });
  it('[credential.repeated] adds nothing where it reads so already', () => {
    const corrected = correctGrant(GRANTED, ['facial'], '2025-03-01');
    expect(when(corrected, [...given, corrected])).toEqual([]);
    expect(when(correctGrant(GRANTED, ['facial'], '2025-01-01'), given)).toEqual([]);
  });
});

describe('credentials, whatever is granted and revoked', () => {
  const days = fc.integer({ min: 0, max: 60 }).map((n) => addDays('2025-01-01', n));
  const procedures = fc.subarray(['facial', 'hair'], { minLength: 1 });
  const commands = fc.array(
    fc.oneof(
      fc.tuple(procedures, days, fc.option(days)).map(([of, from, to]) => grant(of, from, to)),
      fc.tuple(procedures, days).map(([of, from]) => revoke(of, from)),
    ),
    { maxLength: 12 },
  );
  const attempt = (command: PractitionerCommand, events: readonly NewEvent[]): NewEvent[] => {
    try {
      return decidePractitioner(command, historyOf(events), NOW);
    } catch (error) {
      if (error instanceof PistorError) return [];
      throw error;
    }
  };

  it('[credential.repeated] makes nothing of a command that it has just followed', () => {
    fc.assert(
      fc.property(commands, (given) => {
        const events = happened([register]);
        for (const command of given) {
          events.push(...attempt(command, events));
          expect(attempt(command, events)).toEqual([]);
        }
      }),
    );
  });
  it('[credential.revoked] allows on a day exactly what was granted for it and not revoked since', () => {
    fc.assert(
      fc.property(commands, days, fc.constantFrom('facial', 'hair'), (given, on, procedure) => {
        const events = happened([register]);
        let isAllowed = false;
        for (const command of given) {
          const made = attempt(command, events);
          events.push(...made);
          if (made.length === 0) continue;
          if (command.type === 'Grant' && command.credential.procedures.includes(procedure)) {
            const { validFrom, validTo } = command.credential;
            isAllowed ||= validFrom <= on && (validTo === null || on <= validTo);
          }
          if (command.type === 'Revoke' && command.procedures.includes(procedure) && command.from <= on) {
            isAllowed = false;
          }
        }
        expect(isCredentialed(credentialsIn(events), procedure, on)).toBe(isAllowed);
      }),
    );
  });
});
