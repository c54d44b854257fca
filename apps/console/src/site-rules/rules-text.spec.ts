import { datesOf, spansOf, spansText } from './rules-text.js';

describe('opening hours as people write them', () => {
  it('are spans of a day, or none', () => {
    expect(spansOf('9-13, 14:00–18:30')).toEqual([
      { from: '09:00', to: '13:00' },
      { from: '14:00', to: '18:30' },
    ]);
    expect(spansOf(' ')).toEqual([]);
  });

  it('are nothing where a part cannot be read', () => {
    expect(spansOf('9 to 5')).toBeNull();
    expect(spansOf('9-13, ')).toBeNull();
  });

  it('read back what was written into the form', () => {
    const spans = [
      { from: '08:30', to: '12:00' },
      { from: '13:00', to: '19:45' },
    ];
    expect(spansOf(spansText(spans))).toEqual(spans);
  });
});

describe('days on which a site is closed', () => {
  it('are listed once each and in their order', () => {
    expect(datesOf('2026-12-25\n2026-12-24, 2026-12-25')).toEqual(['2026-12-24', '2026-12-25']);
    expect(datesOf('')).toEqual([]);
  });
});
