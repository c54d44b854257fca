import { periodText } from './health-period.js';

describe('how long something of the health of a patient holds', () => {
  const on = '2026-03-02';

  it('has no end where nobody said one', () => {
    expect(periodText({ since: '2026-01-10', until: null }, on)).toBe('since 10 Jan 2026');
    expect(periodText({ since: null, until: null }, on)).toBe('since nobody knows when');
  });

  it('holds on its last day, and is over on the day after it', () => {
    const since = '2026-01-10';
    expect(periodText({ since, until: on }, on)).toBe('since 10 Jan 2026, until 2 Mar 2026');
    expect(periodText({ since, until: '2026-03-01' }, on)).toBe('since 10 Jan 2026, was over after 1 Mar 2026');
  });
});
