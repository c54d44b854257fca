import { countText } from './count-text.js';

describe('how many wait', () => {
  it('are all that are loaded, and more where there is another page', () => {
    const pages = [{ items: [1, 2] }, { items: [3] }];
    expect(countText({ data: { pages }, hasNextPage: false })).toBe('3');
    expect(countText({ data: { pages }, hasNextPage: true })).toBe('3+');
    expect(countText({ data: { pages: [{ items: [] }] }, hasNextPage: false })).toBe('0');
  });

  it('is not said before anything is loaded', () => {
    expect(countText({ data: undefined, hasNextPage: false })).toBe('');
  });
});
