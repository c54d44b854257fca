import { factText, holdsHours, holdsText, range } from './wording.js';

describe('protocols in words', () => {
  it('writes ranges', () => {
    expect(range(4, 5)).toBe('4–5');
    expect(range(14, 14)).toBe('14');
    expect(range(4, null)).toBe('4 or more');
  });

  it('says how long aftercare holds, and counts the longer side', () => {
    expect(holdsText('PT24H')).toBe('24 hours');
    expect(holdsText({ min: 'PT10H', max: 'PT15H' })).toBe('10 hours to 15 hours');
    expect(holdsHours({ min: 'PT10H', max: 'PT15H' })).toBe(15);
    expect(holdsText(null)).toBe('no end stated');
    expect(holdsHours(null)).toBeNull();
  });

  it('writes a published statement as a line', () => {
    expect(
      factText({ id: 'S0-A1', kind: 'aftercare', value: 'do not shower', for: 'PT24H', appliesTo: ['facial'] }),
    ).toBe('do not shower; for: 24 hours; applies to: facial');
    expect(factText({ id: 'S1-M2', kind: 'maintenance', firstDue: 'P3M', every: { min: 'P2M', max: 'P6M' } })).toBe(
      'first due: 3 months; every: 2 months to 6 months',
    );
    expect(factText({ id: 'S0-N1', kind: 'series', sessions: { min: 4 } })).toBe('sessions: 4 or more');
  });
});
