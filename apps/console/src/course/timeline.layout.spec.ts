import type { Session } from '../api/courses.js';
import { intervalWindows } from './interval-windows.js';
import { type DrawnCourse, layoutTimeline } from './timeline.layout.js';

const somebody = { id: 'p', code: 'P11', name: 'A B' };
const somewhere = { id: 's', code: 'IST1', name: 'Nişantaşı' };

const session = (number: number, date: string | null, change: Partial<Session> = {}): Session => ({
  id: `s${number}`,
  kind: 'course',
  number,
  status: 'performed',
  at: date && `${date}T10:00`,
  zone: 'Europe/Istanbul',
  instant: date && `${date}T07:00:00.000Z`,
  localDate: date,
  site: somewhere,
  practitioner: somebody,
  durationMinutes: 45,
  areas: ['face'],
  device: 'needle',
  depthMm: 2,
  products: [],
  painScore: null,
  reactions: [],
  deviations: [],
  endedAt: null,
  orderedBy: null,
  steps: null,
  plannedProducts: [],
  hold: null,
  needsReview: false,
  checkUndecided: false,
  reviewedAt: null,
  ...change,
});

const course = (change: Partial<DrawnCourse>): DrawnCourse => ({
  sessions: [],
  followUps: [],
  maintenance: null,
  intervalDays: { min: 7, max: 10 },
  plan: { areas: null, products: null, device: null, intervalDays: null },
  status: 'active',
  planned: 4,
  performed: 0,
  nextEarliest: null,
  ...change,
});

describe('interval windows', () => {
  const sessions = [session(2, '2026-02-26'), session(1, '2026-02-20'), session(3, null, { status: 'booked' })];

  it('counts from the session before, in the order of time, over the end of a month', () => {
    const windows = intervalWindows(course({ sessions, performed: 2 }));
    expect(windows.performed).toEqual([{ sessionId: 's2', earliest: '2026-02-27', latest: '2026-03-02' }]);
    expect(windows.next).toEqual({ earliest: '2026-03-05', latest: '2026-03-08' });
  });

  it('expects no next session of a course that has ended or is full', () => {
    expect(intervalWindows(course({ sessions, performed: 2, status: 'stopped' })).next).toBeNull();
    expect(intervalWindows(course({ sessions, performed: 4 })).next).toBeNull();
  });

  it('counts the days that the physician chose, where there are any, instead of those of the protocol', () => {
    const plan = { areas: null, products: null, device: null, intervalDays: { min: 14, max: 21 } };
    expect(intervalWindows(course({ sessions, performed: 2, plan })).next).toEqual({
      earliest: '2026-03-12',
      latest: '2026-03-19',
    });
  });

  it('allows no days while the protocol is not known', () => {
    expect(intervalWindows(course({ sessions, performed: 2, intervalDays: null }))).toEqual({
      performed: [],
      next: null,
    });
  });

  it('leaves maintenance sessions apart', () => {
    const maintained = [session(1, '2026-02-20'), session(1, '2026-06-20', { id: 'm1', kind: 'maintenance' })];
    expect(intervalWindows(course({ sessions: maintained, performed: 1, status: 'completed' })).performed).toEqual([]);
  });
});

describe('the drawing of a course', () => {
  it('draws nothing where nothing has a day', () => {
    expect(layoutTimeline(course({ sessions: [session(1, null, { status: 'booked' })] }), '2026-01-08')).toBeNull();
  });

  it('stands sessions in the order of their days, inside the plot', () => {
    const layout = layoutTimeline(
      course({ sessions: [session(2, '2026-02-01'), session(1, '2026-01-20')], performed: 2 }),
      '2026-02-03',
    );
    const numbers = layout?.sessions.map((mark) => mark.session.number);
    expect(numbers).toEqual([1, 2]);
    for (const mark of layout?.sessions ?? []) {
      expect(mark.x).toBeGreaterThan(layout?.plotLeft ?? 0);
      expect(mark.x).toBeLessThan(layout?.width ?? 0);
    }
    expect(layout?.bands.map((band) => band.kind)).toEqual(['interval', 'next']);
  });

  it('parts marks that would cover each other', () => {
    const layout = layoutTimeline(
      course({
        sessions: [session(1, '2026-01-10'), session(2, '2026-01-11'), session(3, '2026-01-12')],
        maintenance: { opens: '2026-04-10', closes: '2026-07-10', state: 'upcoming' },
        status: 'completed',
        performed: 3,
      }),
      '2026-01-12',
    );
    const heights = layout?.sessions.map((mark) => mark.y);
    expect(new Set(heights).size).toBe(3);
    expect(layout?.lanes.map((lane) => lane.name)).toEqual(['Sessions', 'Maintenance']);
  });

  it('does not squeeze a course of long ago to make room for today', () => {
    const old = course({ sessions: [session(1, '2023-01-10'), session(2, '2023-01-20')], status: 'stopped' });
    expect(layoutTimeline(old, '2026-01-08')).toMatchObject({ todayX: null, todayBeyond: true });
    expect(layoutTimeline(old, '2023-03-01')).toMatchObject({ todayBeyond: false });
  });

  it('names Mondays in a short course, and the year where it begins', () => {
    const layout = layoutTimeline(
      course({ sessions: [session(1, '2024-12-22'), session(2, '2025-01-08')], status: 'stopped' }),
      '2026-11-21',
    );
    expect(layout?.ticks.map(({ label, year }) => `${label} ${year ?? ''}`.trim())).toEqual([
      '23 Dec 2024',
      '30 Dec',
      '6 Jan 2025',
      '13 Jan',
    ]);
  });

  it('thins out the months of a long course', () => {
    const short = layoutTimeline(
      course({ sessions: [session(1, '2026-01-10'), session(2, '2026-06-20')] }),
      '2026-06-20',
    );
    const long = layoutTimeline(
      course({ sessions: [session(1, '2020-01-10'), session(2, '2026-04-10')] }),
      '2026-04-10',
    );
    expect(short?.ticks.map((tick) => tick.label)).toEqual(['Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul']);
    expect(long?.ticks.length).toBeLessThan(25);
  });
});
