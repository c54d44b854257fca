import { outcomesOf } from './balance.js';

describe('the balance of messages', () => {
  it('adds up every outcome and leaves the planned ones out', () => {
    const balance = { planned: 21, sent: 1, suppressed: 2, expired: 3, failed: 4, unknown: 5, pending: 6 };
    expect(outcomesOf(balance)).toBe(balance.planned);
    expect(outcomesOf({ ...balance, planned: 22 })).not.toBe(22);
  });
});
