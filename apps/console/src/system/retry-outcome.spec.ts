import { retryOutcome } from './retry-outcome.js';

const key = (name: string, applied: number, left: number) => ({
  ...{ key: name, applied, left },
  error: left > 0 ? 'no' : null,
});

it.each([
  [[key('site-1', 3, 0)], '3 events applied, nothing is left.'],
  [[key('site-1', 1, 0), key('site-2', 0, 4)], '1 event applied. Still set aside: site-2, 4 events.'],
  [[key('site-1', 0, 1), key('site-2', 2, 1)], '2 events applied. 2 keys could not be applied again.'],
  [[], '0 events applied, nothing is left.'],
])('says what a retry came to', (items, sentence) => {
  expect(retryOutcome(items)).toBe(sentence);
});
