import { advanceShare } from './advance-share.js';

describe('how far an advance has come', () => {
  const from = '2026-01-01T00:00:00.000Z';
  const to = '2026-01-11T00:00:00.000Z';

  it('is a share of the time between', () => {
    expect(advanceShare({ from, to, now: from })).toBe(0);
    expect(advanceShare({ from, to, now: '2026-01-04T12:00:00.000Z' })).toBe(35);
    expect(advanceShare({ from, to, now: to })).toBe(100);
  });

  it('stays inside its bounds', () => {
    expect(advanceShare({ from, to, now: '2026-02-01T00:00:00.000Z' })).toBe(100);
    expect(advanceShare({ from, to: from, now: from })).toBe(100);
  });
});
