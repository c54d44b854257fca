import { openingText } from './dispatch-text.js';

describe('what opening dispatch does', () => {
  it('is to let go what waited', () => {
    const text = openingText({ doubtSince: null }).join(' ');
    expect(text).toContain('What fell due meanwhile goes at once');
    expect(text).not.toContain('unknown');
  });

  it('is after a restored backup to leave in doubt what fell due since it was taken', () => {
    const text = openingText({ doubtSince: '2026-03-02T19:00:00.000Z' }).join(' ');
    expect(text).toContain('restored from a backup of 2 Mar 2026, 19:00 UTC');
    expect(text).toContain('unknown');
    expect(text).not.toContain('What fell due meanwhile goes at once');
  });
});
