import type { TimelineItem } from '../api/timeline.js';
import { byMonth, detailText, occurredText, recordedText, timeText } from './timeline.grouping.js';

const item = (change: Partial<TimelineItem>): TimelineItem => ({
  eventId: 'e1',
  position: 1,
  type: 'SessionPerformed',
  occurredAt: '2026-03-31T22:30:00.000Z',
  precision: 'instant',
  wall: '2026-04-01T01:30',
  zone: 'Europe/Istanbul',
  recordedAt: '2026-03-31T22:31:00.000Z',
  origin: 'live',
  actor: 'front desk',
  patientId: 'p1',
  site: null,
  course: null,
  practitioner: null,
  title: 'Session 1 was performed',
  details: {},
  corrections: [],
  entered: null,
  retracted: null,
  ...change,
});

describe("a patient's timeline", () => {
  it('files a thing under the date at the site, not in UTC', () => {
    const months = byMonth([item({}), item({ wall: '2026-04-01T00:00' }), item({ wall: null })]);
    expect(months.map(({ month, items }) => [month, items.length])).toEqual([
      ['2026-04', 2],
      ['2026-03', 1],
    ]);
  });

  it('says a time no more exactly than it is known', () => {
    expect(occurredText(item({}))).toBe('1 Apr 2026, 01:30');
    expect(occurredText(item({ precision: 'day' }))).toBe('1 Apr 2026');
    expect(occurredText(item({ precision: 'unknown' }))).toBe('time unknown');
    expect(timeText(item({ precision: 'derived' }))).toBe('');
    expect(timeText(item({ wall: null }))).toBe('22:30 UTC');
  });

  it('tells when a thing was recorded only where that differs', () => {
    expect(recordedText(item({}))).toBeNull();
    expect(recordedText(item({ recordedAt: '2027-01-05T08:00:00.000Z' }))).toBe('recorded 5 Jan 2027, 08:00 UTC');
    expect(recordedText(item({ precision: 'unknown' }))).toBe('recorded 31 Mar 2026, 22:31 UTC');
  });

  it('writes details as a person would', () => {
    expect(detailText('bookedFor', '2026-08-28T17:00')).toBe('28 Aug 2026, 17:00');
    expect(detailText('signedOn', '2026-08-24')).toBe('24 Aug 2026');
    expect(detailText('areas', ['face', 'double-chin'])).toBe('face, double chin');
    expect(detailText('language', 'tr')).toBe('Turkish');
    expect(detailText('products', ['Rejuva NCTF, lot RE25103A'])).toBe('Rejuva NCTF, lot RE25103A');
    expect(detailText('depthMm', 2.5)).toBe('2.5');
  });
});
