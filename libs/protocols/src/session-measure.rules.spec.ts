import { chinAndNeckFat } from './built-in/chin-and-neck-fat.protocol.js';
import { stepwise } from './built-in/stepwise.protocol.js';
import { depthDeviation, durationDeviation } from './session-measure.rules.js';

describe('injection depth', () => {
  it.each([
    [0.5, 'depth'],
    [1, null],
    [2.5, null],
    [4, null],
    [4.1, 'depth'],
  ])('[protocol.depth] of %f mm with a needle: %s', (depthMm, expected) => {
    expect(depthDeviation(stepwise, { depthMm, device: 'needle' })).toBe(expected);
  });

  it('[protocol.depth-needle-free] is not checked with the needle-free device', () => {
    expect(depthDeviation(stepwise, { depthMm: 6, device: 'needle-free' })).toBeNull();
  });

  it('[protocol.depth-physician] is not checked where it is the physician’s', () => {
    expect(depthDeviation(chinAndNeckFat, { depthMm: 6, device: 'needle' })).toBeNull();
  });

  it('[protocol.depth] is no deviation where none was recorded, and is checked where the device was not', () => {
    expect(depthDeviation(stepwise, { depthMm: null, device: 'needle' })).toBeNull();
    expect(depthDeviation(stepwise, { depthMm: 6, device: null })).toBe('depth');
  });
});

describe('the length of a session', () => {
  it.each([
    [29, 'duration'],
    [30, null],
    [60, null],
    [61, 'duration'],
    [null, null],
  ])('[protocol.duration] of %p minutes: %s', (minutes, expected) => {
    expect(durationDeviation(stepwise, minutes)).toBe(expected);
  });
});
