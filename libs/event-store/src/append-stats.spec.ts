import { AppendCounter } from './append-stats.js';

it('tells what was appended, and how long the last appends took', () => {
  const counter = new AppendCounter();
  counter.batch();
  for (let ms = 1; ms <= 100; ms += 1) counter.append(ms, ms % 10 === 0);
  expect(counter.stats(3)).toEqual({
    appends: 100,
    conflicts: 10,
    batches: 1,
    waiting: 3,
    latencyMsP50: 51,
    latencyMsP99: 100,
  });
});

it('forgets latencies of long ago', () => {
  const counter = new AppendCounter();
  counter.append(10_000, false);
  for (let n = 0; n < 3_000; n += 1) counter.append(1, false);
  expect(counter.stats(0)).toMatchObject({ appends: 3_001, latencyMsP99: 1 });
});

it('tells nothing before the first append', () => {
  expect(new AppendCounter().stats(0)).toMatchObject({ appends: 0, latencyMsP50: 0, latencyMsP99: 0 });
});
