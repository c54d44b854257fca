import { nearNames } from './near-names.js';

const KNOWN = ['SessionBooked', 'SessionPerformed', 'SessionMissed', 'CoursePlanned', 'LotReceived'];

it.each([
  ['SessionPerfomed', ['SessionPerformed', 'SessionBooked']],
  ['sessionmissed', ['SessionMissed', 'SessionBooked']],
  ['Session', ['SessionBooked', 'SessionMissed', 'SessionPerformed']],
  ['LotRecieved', ['LotReceived']],
  ['Xyzzyxyzzyxyzzy', []],
  ['', []],
  ['x'.repeat(100_000), []],
])('finds what may be meant, the nearest first', (meant, near) => {
  expect(nearNames(meant, KNOWN)).toEqual(near);
});
