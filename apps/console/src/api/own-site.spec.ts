import { isListBySite, ownSite, sitesOf } from './own-site.js';

const at = (...sites: (string | null)[]) => ({ grants: sites.map((site) => ({ role: 'receptionist', site })) });

describe('the sites that somebody works at', () => {
  it('are those of their roles, or all of them', () => {
    expect(sitesOf(at('a', 'b', 'a'))).toEqual(new Set(['a', 'b']));
    expect(sitesOf(at('a', null))).toBeNull();
  });
});

describe('the site of a list that nobody chose', () => {
  it('is none for whoever works everywhere, or at one', () => {
    expect(ownSite(at('a', 'b', null), 'b')).toBeUndefined();
    expect(ownSite(at('a', 'a'), null)).toBeUndefined();
    expect(ownSite({ grants: [{ role: 'patient', site: null }] }, null)).toBeUndefined();
  });

  it('is the one chosen last, if they work there, else the first', () => {
    expect(ownSite(at('a', 'b'), 'b')).toBe('b');
    expect(ownSite(at('a', 'b'), 'c')).toBe('a');
  });

  it('is for lists alone', () => {
    expect(isListBySite('/v1/patients')).toBe(true);
    expect(isListBySite('/v1/patients/p1')).toBe(false);
  });
});
