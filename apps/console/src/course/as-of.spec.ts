import { dayOf, historyText, isThen, knownAtOf, momentBefore, typedOf } from './as-of.js';

const now = '2026-03-02T18:04:30.500Z';

describe('the time that a page of the past is asked for', () => {
  it('is all of the minute that was typed, with what was recorded in it', () => {
    expect(knownAtOf('2026-03-01T09:15', now)).toBe('2026-03-01T09:15:59.999Z');
    expect(knownAtOf('2026-03-01T09:15:20', now)).toBe('2026-03-01T09:15:59.999Z');
    expect(typedOf('2026-03-01T09:15:59.999Z')).toBe('2026-03-01T09:15');
  });

  it('ends now in the present minute, and leaves a later one to the server', () => {
    expect(knownAtOf('2026-03-02T18:04', now)).toBe(now);
    expect(knownAtOf('2026-03-02T18:05', now)).toBe('2026-03-02T18:05:59.999Z');
  });

  it('is none where nothing was typed', () => {
    expect(knownAtOf('', now)).toBeUndefined();
    expect(isThen({})).toBe(false);
    expect(isThen({ asOf: '2026-03-01' })).toBe(true);
  });

  it('ends before a correction for whoever asks what was known before it', () => {
    expect(momentBefore('2026-03-01T00:00:00.000Z')).toBe('2026-02-28T23:59:59.999Z');
  });

  it('takes the day that was asked for as the present, the valid time before the recorded one', () => {
    expect(dayOf({}, '2026-03-02')).toBe('2026-03-02');
    expect(dayOf({ knownAt: '2026-02-01T09:00:00.000Z' }, '2026-03-02')).toBe('2026-02-01');
    expect(dayOf({ asOf: '2026-01-15', knownAt: '2026-02-01T09:00:00.000Z' }, '2026-03-02')).toBe('2026-01-15');
  });

  it('is said in words', () => {
    expect(historyText({ knownAt: '2026-02-01T09:00:07.999Z' })).toBe('as it was known on 1 Feb 2026, 09:00:07 UTC');
    expect(historyText({ asOf: '2026-01-15' })).toBe('as it stood on 15 Jan 2026');
    expect(historyText({ asOf: '2026-01-15T09:00:00Z', knownAt: '2026-02-01T09:00:00Z' })).toBe(
      'as it stood on 15 Jan 2026, 09:00:00 UTC, as far as was on record on 1 Feb 2026, 09:00:00 UTC',
    );
  });
});
