import { FollowUpHeld, SessionPerformed } from '#libs/treatment/src/history.contract.js';
import { allOf, date, language, languageOf, listOf, number, numberOf, oneOf, wallTime, zone } from './line-checks.js';

describe('what can be understood in a column', () => {
  it.each(['2024-02-29', '1950-01-01', '9999-12-31'])('the date %s', (value) => {
    expect(date(value)).toBeUndefined();
  });

  it.each([
    '2025-02-29',
    '2026-02-30',
    '2025-13-01',
    '2025-00-10',
    '2025-1-1',
    '01.02.2025',
    '2025-01-01T10:00',
    '0205-01-01',
    'soon',
  ])('not the date %s', (value) => {
    expect(date(value)).toBe('Write a date that exists, as YYYY-MM-DD.');
  });

  it.each(['2025-03-01T00:00', '2024-02-29T23:59'])('the time %s', (value) => {
    expect(wallTime(value)).toBeUndefined();
  });

  it.each([
    '2025-02-29T10:00',
    '2025-03-01T24:00',
    '2025-03-01T10:60',
    '2025-03-01',
    '2025-03-01 10:00',
    '2025-03-01T10:00Z',
    '2025-03-01T10:00:00',
  ])('not the time %s', (value) => {
    expect(wallTime(value)).toMatch(/^Write a time that exists/);
  });

  it('a time zone that exists', () => {
    expect(zone('Europe/Istanbul')).toBeUndefined();
    expect(zone('Europe/Atlantis')).toMatch(/IANA/);
  });

  it('one value of a list, as it is written there', () => {
    const role = oneOf(['physician', 'nurse']);
    expect(role('nurse')).toBeUndefined();
    expect(role('Nurse')).toBe('Write one of physician, nurse.');
  });

  it('several values of a list', () => {
    const reactions = allOf(['redness', 'swelling']);
    expect(reactions('redness; swelling;')).toBeUndefined();
    expect(reactions('redness;sadness')).toBe('sadness is not known here; the list is redness, swelling.');
    expect(listOf(' redness;swelling ; redness;')).toEqual(['redness', 'swelling']);
    expect(listOf('')).toEqual([]);
  });

  it('a language code; none is English', () => {
    expect(['en', 'pt-BR', 'zh_Hant'].map(language)).toEqual([undefined, undefined, undefined]);
    expect(language('en us')).toMatch(/language code/);
    expect(['', 'pt_BR'].map(languageOf)).toEqual(['en', 'pt-BR']);
  });

  it('numbers that the event can hold', () => {
    const depth = number(SessionPerformed.schema.shape.depthMm, 'a depth');
    expect(['0.5', '6', '25'].map(depth)).toEqual([undefined, undefined, undefined]);
    expect(['-1', '2,5', 'deep', '1e3', 'NaN', 'Infinity'].map(depth)).toEqual(Array(6).fill('Write a depth.'));
    const pain = number(SessionPerformed.schema.shape.painScore, 'a score');
    expect(['0', '10', '11', '2.5'].map((value) => pain(value) === undefined)).toEqual([true, true, false, false]);
    const outcome = number(FollowUpHeld.schema.shape.outcomeScore, 'a score');
    expect(['0', '1', '5', '6'].map((value) => outcome(value) === undefined)).toEqual([false, true, true, false]);
    expect(numberOf('')).toBeUndefined();
    expect(numberOf('2.50')).toBe(2.5);
  });
});
