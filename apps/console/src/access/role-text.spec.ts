import { roleText } from './role-text.js';

const SITES = [{ id: 's1', code: 'IST1', name: 'Nişantaşı' }];
const held = { id: 'g1', role: 'physician', site: null, patient: null, validFrom: null, validTo: null };

describe('a role in words', () => {
  it('says where it is held, and for how long', () => {
    expect(roleText(held, SITES)).toBe('Physician everywhere');
    expect(roleText({ ...held, site: 's1', validTo: '2026-12-31' }, SITES)).toBe(
      'Physician at Nişantaşı, until 2026-12-31',
    );
  });

  it('says of a patient whose record it is, and of a site that is not known that it is one', () => {
    expect(roleText({ ...held, role: 'patient', patient: 'p1' }, SITES)).toBe('Patient, own record');
    expect(roleText({ ...held, role: 'site-manager', site: 's2' }, SITES)).toBe('Site manager at a site');
  });
});
