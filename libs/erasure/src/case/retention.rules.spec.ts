import { addMonths } from '#libs/kernel/src/local-date.js';
import fc from 'fast-check';
import { type KeptFrom, keptUntil } from './retention.rules.js';

const seen = (on: string, years = 10, yearsFromMajority = 5, ageOfMajorityYears = 18): KeptFrom => ({
  on,
  rules: { years, yearsFromMajority },
  ageOfMajorityYears,
});

describe('for how long a record is kept', () => {
  it('[erasure.retention] is the longest that any site asks for at which the person was seen', () => {
    expect(keptUntil([seen('2020-05-01', 10), seen('2015-01-31', 20)], ['1980-01-01'])).toBe('2035-01-31');
    expect(keptUntil([seen('2020-05-01', 10), seen('2015-01-31', 3)], ['1980-01-01'])).toBe('2030-05-01');
  });

  it('[erasure.retention] is no time at all for whoever was never seen', () => {
    expect(keptUntil([], ['1980-01-01'])).toBeNull();
  });

  it('[erasure.retention] counts years by the calendar', () => {
    expect(keptUntil([seen('2024-02-29', 1)], [])).toBe('2025-02-28');
    expect(keptUntil([seen('2024-02-29', 0)], [])).toBe('2024-02-29');
  });

  it('[erasure.minors] goes on after coming of age for whoever was under age', () => {
    expect(keptUntil([seen('2020-05-01', 3)], ['2010-06-15'])).toBe('2033-06-15');
    // Of age on that very day.
    expect(keptUntil([seen('2028-06-15', 3)], ['2010-06-15'])).toBe('2031-06-15');
    expect(keptUntil([seen('2020-05-01', 30)], ['2010-06-15'])).toBe('2050-05-01');
  });

  it('[erasure.minors] goes by the latest birth date where registrations differ', () => {
    expect(keptUntil([seen('2020-05-01', 3)], ['1980-01-01', '2010-06-15'])).toBe('2033-06-15');
  });

  it('is never shorter than any of its parts, and the order of them does not matter', () => {
    const day = fc.integer({ min: 0, max: 600 }).map((months) => addMonths('1990-01-31', months));
    const part = fc.record({ on: day, years: fc.nat(30), more: fc.nat(15), age: fc.integer({ min: 16, max: 21 }) });
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), fc.array(day, { maxLength: 3 }), (parts, born) => {
        const all = parts.map(({ on, years, more, age }) => seen(on, years, more, age));
        const until = keptUntil(all, born) as string;
        for (const each of all) {
          expect(until >= addMonths(each.on, 12 * each.rules.years)).toBe(true);
          expect(until >= (keptUntil([each], born) as string)).toBe(true);
        }
        expect(keptUntil([...all].reverse(), [...born].reverse())).toBe(until);
      }),
    );
  });
});
