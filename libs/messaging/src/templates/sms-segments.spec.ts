import { smsSegments } from './sms-segments.js';

describe('segments of an SMS', () => {
  it.each([
    ['nothing', '', 1],
    ['the most that one holds', 'a'.repeat(160), 1],
    ['one sign more', 'a'.repeat(161), 2],
    ['the most that two hold', 'a'.repeat(306), 2],
    ['a euro takes two places', '€'.repeat(80), 1],
    ['one euro more', '€'.repeat(81), 2],
    ['a sign outside the alphabet: the most that one holds', 'ş'.repeat(70), 1],
    ['one more of them', 'ş'.repeat(71), 2],
    ['one of them among others', `ş${'a'.repeat(70)}`, 2],
    ['the most that two hold of them', 'ş'.repeat(134), 2],
    ['what takes two places by itself', '😀'.repeat(36), 2],
  ])('%s', (_, text, segments) => {
    expect(smsSegments(text)).toBe(segments);
  });
});
