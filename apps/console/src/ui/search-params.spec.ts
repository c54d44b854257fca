import { parseSearch, stringifySearch, stringParams } from './search-params.js';

describe('search parameters', () => {
  it('keeps words as they are, numbers included', () => {
    expect(parseSearch('?code=000123&site=IST1')).toEqual({ code: '000123', site: 'IST1' });
  });

  it('leaves out what is empty and writes lists with a plain comma', () => {
    expect(stringifySearch({ state: 'overdue,due', site: undefined, booked: '' })).toBe('?state=overdue,due');
    expect(stringifySearch({})).toBe('');
  });

  it('comes back the same from an address', () => {
    const search = { search: 'Şahin & Söhne', site: 'IST1' };
    expect(parseSearch(stringifySearch(search))).toEqual(search);
  });

  it('takes only the parameters a page knows', () => {
    expect(stringParams('site', 'date')({ site: 'IST1', other: 'x', date: '' })).toEqual({ site: 'IST1' });
  });
});
