import { isRuleId, type RuleEntry, ruleBook } from './rule-book.js';

const expired: RuleEntry = { says: 'An expired lot is not used.', demand: 'Lots', facts: [], override: 'none' };

describe('a rule book', () => {
  it.each(['lot', 'Lot.expired', 'lot.Expired', 'lot.expired.now', 'lot expired', 'lot.', '-lot.a'])(
    'does not load with the id %p',
    (id) => {
      expect(isRuleId(id)).toBe(false);
      expect(() => ruleBook({ [id]: expired })).toThrow(id);
    },
  );

  it('does not load with half a sentence', () => {
    expect(() => ruleBook({ 'lot.expired': { ...expired, says: 'Not used' } })).toThrow('full stop');
  });

  it('is what it was given', () => {
    expect(ruleBook({ 'lot.scan-contradicted': expired })).toEqual({ 'lot.scan-contradicted': expired });
  });
});
