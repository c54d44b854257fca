import { given, patientId, registered } from '#test/support/patient-given.js';
import { guardianMissing } from './consent.rules.js';
import type { Consent } from './consultation.state.js';

const person = (birthDate: string) => ({ patients: [given(registered(patientId, { birthDate }))] });
const signedBy = (who?: 'patient' | 'guardian'): Consent => ({
  procedure: 'facial',
  signedOn: '2026-03-02',
  validUntil: null,
  signedBy: who,
});

describe('the consent of a minor', () => {
  it('[consent.guardian] does not do where the patient signed it', () => {
    const child = person('2010-05-01');
    expect(guardianMissing(child, signedBy('patient'), '2026-03-10')).toBe(true);
    expect(guardianMissing(child, signedBy('guardian'), '2026-03-10')).toBe(false);
    expect(guardianMissing(child, signedBy('patient'), '2028-05-01')).toBe(false);
    expect(guardianMissing(person('1990-05-01'), signedBy('patient'), '2026-03-10')).toBe(false);
  });
  it('[consent.guardian] is taken as it is where an old history does not say who signed', () => {
    expect(guardianMissing(person('2010-05-01'), signedBy(), '2026-03-10')).toBe(false);
  });
});
