import { retryAfterMs } from './retry-after.js';

const NOW = Date.parse('2026-03-01T09:00:00Z');

it.each([
  ['0', 0],
  ['120', 120_000],
  [' 5 ', 5_000],
  ['Sun, 01 Mar 2026 09:01:00 GMT', 60_000],
  ['Sun, 01 Mar 2026 08:00:00 GMT', 0],
  ['999999999', 86_400_000],
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
])('reads %j as %j ms', (header, ms) => expect(retryAfterMs(header, NOW)).toBe(ms));
