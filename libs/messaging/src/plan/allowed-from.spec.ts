import fc from 'fast-check';
import { wallAt, wallToInstant } from '#libs/kernel/src/zoned-time.js';
import type { OpeningHours } from '#libs/treatment/src/streams.contract.js';
import { allowedFrom, type Hours } from './allowed-from.js';
import { openingAt } from './opening-hours.js';
import { quietUntil } from './quiet-hours.js';

const ZONE = 'Europe/Istanbul';
const nineToSix = [{ from: '09:00', to: '18:00' }];
const weekly = { monday: nineToSix, tuesday: nineToSix, wednesday: nineToSix, thursday: nineToSix };
const hours: OpeningHours = {
  weekly: { ...weekly, friday: [{ from: '09:00', to: '12:00' }], saturday: [], sunday: [] },
  closedOn: ['2026-05-19'],
};
const at = (wall: string, zone = ZONE) => wallToInstant(wall, zone).instant;
const of = (changes: Partial<Hours> = {}): Hours => ({
  ...{ quietHours: { from: '21:00', to: '08:00' }, patientZone: ZONE, openingHours: hours, siteZone: ZONE },
  ...{ cappedUntil: null, ...changes },
});

describe('an invitation', () => {
  it('[message.opening-hours] goes while somebody is there', () => {
    // 2026-05-12 is a Tuesday.
    expect(allowedFrom(at('2026-05-12T09:00'), of())).toEqual({ kind: 'now' });
    expect(allowedFrom(at('2026-05-12T18:00'), of())).toMatchObject({
      ...{ kind: 'later', reason: 'opening-hours', until: { wall: '2026-05-13T09:00' } },
    });
  });

  it('[message.opening-hours] waits over a weekend and over a day on which the site is closed', () => {
    expect(allowedFrom(at('2026-05-15T12:00'), of())).toMatchObject({ until: { wall: '2026-05-18T09:00' } });
    expect(allowedFrom(at('2026-05-18T19:00'), of())).toMatchObject({ until: { wall: '2026-05-20T09:00' } });
  });

  it('[message.opening-hours] never goes where the site never opens', () => {
    const never = { ...hours, weekly: Object.fromEntries(Object.keys(hours.weekly).map((day) => [day, []])) };
    expect(allowedFrom(at('2026-05-12T10:00'), of({ openingHours: never as never }))).toMatchObject({ kind: 'never' });
  });

  it('[message.quiet-hours] goes by the clock where the patient lives', () => {
    const far = of({ patientZone: 'America/Vancouver', openingHours: null });
    // It is eight in the morning there when it is six in the evening here.
    expect(allowedFrom(at('2026-05-12T10:00'), far)).toMatchObject({
      ...{ kind: 'later', reason: 'quiet-hours' },
      until: { wall: '2026-05-12T08:00', zone: 'America/Vancouver' },
    });
    // Where both have to fit, and never do: open from nine to six here, and that is night there.
    expect(allowedFrom(at('2026-05-12T10:00'), of({ patientZone: 'America/Vancouver' }))).toMatchObject({
      kind: 'never',
    });
  });

  it('[message.frequency-cap] waits until the patient may hear of us again, and then for the hour', () => {
    const capped = of({ cappedUntil: at('2026-05-14T22:00') });
    expect(allowedFrom(at('2026-05-12T10:00'), capped)).toMatchObject({
      ...{ kind: 'later', reason: 'frequency-cap', until: { wall: '2026-05-15T09:00' } },
    });
  });

  it('[message.quiet-hours] [message.opening-hours] waits for the first hour that nothing stands against', () => {
    const clock = fc
      .integer({ min: 0, max: 47 })
      .map((n) => `${String(n >> 1).padStart(2, '0')}:${n % 2 ? '30' : '00'}`);
    const span = fc
      .tuple(clock, clock)
      .filter(([from, to]) => from < to)
      .map(([from, to]) => ({ from, to }));
    const day = fc.array(span, { maxLength: 2 });
    const week = fc.record({
      ...{ monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: day, sunday: day },
    });
    const zone = fc.constantFrom('Europe/Istanbul', 'Europe/Paris', 'America/Vancouver', 'Asia/Kathmandu', 'UTC');
    const quiet = fc.tuple(clock, clock).filter(([from, to]) => from !== to);
    const start = Date.parse('2026-03-20T00:00:00Z');
    fc.assert(
      fc.property(week, zone, zone, quiet, fc.nat(20 * 1440), (weekly, siteZone, patientZone, [from, to], minutes) => {
        const now = new Date(start + minutes * 60_000).toISOString();
        const openingHours = { weekly, closedOn: [] };
        const quietHours = { from, to };
        const goes = (instant: string) =>
          quietUntil(instant, patientZone, quietHours) === null &&
          openingAt(instant, siteZone, openingHours).kind === 'open';
        const allowed = allowedFrom(now, { quietHours, patientZone, openingHours, siteZone, cappedUntil: null });
        if (allowed.kind === 'now') return expect(goes(now)).toBe(true);
        const until =
          allowed.kind === 'later' ? allowed.until.instant : new Date(start + 30 * 86_400_000).toISOString();
        if (allowed.kind === 'later') expect(goes(until)).toBe(true);
        // Looked at half hour by half hour: none before it would have done.
        for (
          let ms = Date.parse(now);
          ms < Math.min(Date.parse(until), Date.parse(now) + 8 * 86_400_000);
          ms += 900_000
        ) {
          const instant = new Date(ms).toISOString();
          if (instant < until) expect([wallAt(instant, siteZone), goes(instant)]).toEqual([expect.anything(), false]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
