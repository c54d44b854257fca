import fc from 'fast-check';
import { addDays, addMonths, daysBetween } from '#libs/kernel/src/local-date.js';
import { clinicFaq } from './built-in/clinic-faq.protocol.js';
import { facial } from './built-in/facial.protocol.js';
import { general } from './built-in/general.protocol.js';
import {
  type MaintenanceWindow,
  maintenanceState,
  maintenanceWindow,
  physicianLatest,
  repeatCourseWindow,
  rhythmHasEnded,
  scheduleFindings,
  suggestionState,
  type CompletedCourse,
} from './maintenance.rule.js';

const course = (given: Partial<CompletedCourse>): CompletedCourse => ({
  protocol: facial,
  firstCourseSession: '2026-01-10',
  lastCourseSession: '2026-02-21',
  maintenanceSessions: [],
  ...given,
});

describe('the first maintenance window of a completed facial course (S1-M2)', () => {
  it('[maintenance.first-window] opens three months after the first session and closes six months after it', () => {
    expect(maintenanceWindow(course({}))).toEqual({ opens: '2026-04-10', closes: '2026-07-10' });
  });

  it('[maintenance.month-ends] counts calendar months, clamped to the end of the month', () => {
    const november = course({ firstCourseSession: '2026-11-30', lastCourseSession: '2027-01-11' });
    expect(maintenanceWindow(november)).toEqual({ opens: '2027-02-28', closes: '2027-05-30' });
    const beforeLeapYear = course({ firstCourseSession: '2027-11-30', lastCourseSession: '2028-01-11' });
    expect(maintenanceWindow(beforeLeapYear)).toEqual({ opens: '2028-02-29', closes: '2028-05-30' });
    const august = course({ firstCourseSession: '2026-08-31', lastCourseSession: '2026-10-12' });
    expect(maintenanceWindow(august)).toEqual({ opens: '2026-11-30', closes: '2027-02-28' });
  });

  it('[maintenance.after-interval] does not open before the shortest interval after the last session has passed', () => {
    const slow = course({ firstCourseSession: '2025-01-16', lastCourseSession: '2025-04-24' });
    expect(maintenanceWindow(slow)).toEqual({ opens: '2025-05-08', closes: '2025-07-16' });
  });

  it('[maintenance.due] is overdue from the opening day on where the course was so long that it closes before it opens', () => {
    const window = maintenanceWindow(course({ lastCourseSession: '2026-08-01' }));
    expect(window).toEqual({ opens: '2026-08-15', closes: '2026-07-10' });
    expect(maintenanceState(window as MaintenanceWindow, '2026-08-14')).toBe('upcoming');
    expect(maintenanceState(window as MaintenanceWindow, '2026-08-15')).toBe('overdue');
  });

  it('[maintenance.anchor-moves] moves when the first session’s date is corrected', () => {
    expect(maintenanceWindow(course({ firstCourseSession: '2026-01-12' }))).toEqual({
      opens: '2026-04-12',
      closes: '2026-07-12',
    });
  });
});

describe('the window after a maintenance session (S1-M2)', () => {
  it('[maintenance.next-window] opens two months after it and closes six months after it', () => {
    expect(maintenanceWindow(course({ maintenanceSessions: ['2026-04-30'] }))).toEqual({
      opens: '2026-06-30',
      closes: '2026-10-30',
    });
  });

  it('[maintenance.next-window] is counted from the latest one, in whatever order they are told', () => {
    expect(maintenanceWindow(course({ maintenanceSessions: ['2026-12-31', '2026-04-30', '2026-08-01'] }))).toEqual({
      opens: '2027-02-28',
      closes: '2027-06-30',
    });
  });
});

describe('the state of a window', () => {
  const window = { opens: '2026-04-10', closes: '2026-07-10' };
  it.each([
    ['2026-04-09', 'upcoming'],
    ['2026-04-10', 'due'],
    ['2026-07-10', 'due'],
    ['2026-07-11', 'overdue'],
  ])('[maintenance.due] on %s is %s', (today, expected) => {
    expect(maintenanceState(window, today)).toBe(expected);
  });

  it('[maintenance.later-course] ends with the first performed session of a later course of the same patient and protocol', () => {
    expect(rhythmHasEnded(null, '2026-05-01')).toBe(false);
    expect(rhythmHasEnded('2026-05-02', '2026-05-01')).toBe(false);
    expect(rhythmHasEnded('2026-05-02', '2026-05-02')).toBe(true);
  });
});

describe('a protocol without a rhythm', () => {
  it('[maintenance.by-physician] has no window: the physician sets the date', () => {
    expect(maintenanceWindow(course({ protocol: general }))).toBeNull();
    expect(repeatCourseWindow(general, '2026-02-21')).toBeNull();
  });

  it('[maintenance.by-physician] may name the latest day (S4-E1)', () => {
    expect(physicianLatest(clinicFaq, '2028-02-29')).toBe('2029-02-28');
    expect(physicianLatest(general, '2028-02-29')).toBeNull();
    expect(physicianLatest(facial, '2028-02-29')).toBeNull();
  });
});

it('[maintenance.new-course] suggests a whole new facial course from three to six months after the last course session (S1-M1)', () => {
  expect(repeatCourseWindow(facial, '2026-02-21')).toEqual({ opens: '2026-05-21', closes: '2026-08-21' });
});

it('[maintenance.new-course] is open from the first to the last day that it is suggested for', () => {
  const window = { opens: '2026-05-21', closes: '2026-08-21' };
  const days = ['2026-05-20', '2026-05-21', '2026-08-21', '2026-08-22'];
  expect(days.map((day) => suggestionState(window, day))).toEqual(['upcoming', 'open', 'open', 'over']);
});

describe('a window that a physician wants to set', () => {
  const last = '2028-02-29';
  const judge = (opens: string, closes: string, protocol = clinicFaq) =>
    scheduleFindings(protocol, last, { opens, closes }, '2028-03-10').map(({ kind }) => kind);

  it('[maintenance.by-physician] stands where it lies after the last session and within a year of it', () => {
    expect(judge('2028-09-01', '2029-02-28')).toEqual([]);
    expect(judge('2028-09-01', '2028-09-01')).toEqual([]);
  });

  it('[maintenance.by-physician] closes within a year of the last session, leap days clamped (S4-E1)', () => {
    expect(scheduleFindings(clinicFaq, last, { opens: '2028-09-01', closes: '2029-03-01' }, '2028-03-10')).toEqual([
      { kind: 'too-late', latest: '2029-02-28' },
    ]);
    expect(judge('2030-01-01', '2033-01-01', general)).toEqual([]);
  });

  it('[maintenance.by-physician] is told everything that speaks against it at once', () => {
    expect(judge('2028-02-29', '2028-02-20')).toEqual(['closes-before-it-opens', 'past', 'before-last-session']);
    expect(judge('2028-09-01', '2028-10-01', facial)).toEqual(['by-rhythm']);
  });
});

describe('calendar arithmetic, whatever the dates', () => {
  const date = fc.integer({ min: 0, max: 200_000 }).map((days) => addDays('1900-01-01', days));

  it('[maintenance.month-ends] keeps the day of the month, or takes the last day of a shorter one', () => {
    fc.assert(
      fc.property(date, (latest) => {
        const window = maintenanceWindow(course({ maintenanceSessions: [latest] })) as MaintenanceWindow;
        for (const [day, months] of [[window.opens, 2] as const, [window.closes, 6] as const]) {
          const isKept = day.slice(8) === latest.slice(8);
          const isLastOfMonth = addDays(day, 1).slice(8) === '01';
          expect(isKept || (isLastOfMonth && day.slice(8) < latest.slice(8))).toBe(true);
          const monthsLater =
            (Number(day.slice(0, 4)) - Number(latest.slice(0, 4))) * 12 +
            Number(day.slice(5, 7)) -
            Number(latest.slice(5, 7));
          expect(monthsLater).toBe(months);
        }
      }),
    );
  });

  it('[maintenance.next-window] opens after the session that it is counted from, and never closes before it opens', () => {
    fc.assert(
      fc.property(fc.array(date, { minLength: 1, maxLength: 6 }), (sessions) => {
        const window = maintenanceWindow(course({ maintenanceSessions: sessions })) as MaintenanceWindow;
        expect(sessions.every((session) => session < window.opens)).toBe(true);
        expect(window.opens < window.closes).toBe(true);
      }),
    );
  });

  it('[maintenance.anchor-moves] never opens earlier because the first session was later', () => {
    fc.assert(
      fc.property(date, fc.nat({ max: 60 }), (first, days) => {
        const last = addDays(first, 60);
        const opensFor = (anchor: string) =>
          (maintenanceWindow(course({ firstCourseSession: anchor, lastCourseSession: last })) as MaintenanceWindow)
            .opens;
        expect(opensFor(addDays(first, days)) >= opensFor(first)).toBe(true);
      }),
    );
  });

  it('[maintenance.due] is in exactly one state each day, and only ever goes from upcoming to due to overdue', () => {
    const order = ['upcoming', 'due', 'overdue'];
    fc.assert(
      fc.property(
        date,
        fc.integer({ min: -40, max: 400 }),
        fc.integer({ min: -10, max: 500 }),
        (opens, length, day) => {
          const window = { opens, closes: addDays(opens, length) };
          const today = order.indexOf(maintenanceState(window, addDays(opens, day)));
          const tomorrow = order.indexOf(maintenanceState(window, addDays(opens, day + 1)));
          expect(tomorrow).toBeGreaterThanOrEqual(today);
          expect(today === 1).toBe(day >= 0 && day <= length);
        },
      ),
    );
  });

  it('[maintenance.new-course] is suggested from three to six months after the last session, month ends clamped', () => {
    fc.assert(
      fc.property(date, (last) => {
        expect(repeatCourseWindow(facial, last)).toEqual({ opens: addMonths(last, 3), closes: addMonths(last, 6) });
        expect(daysBetween(last, addMonths(last, 3))).toBeGreaterThanOrEqual(89);
      }),
    );
  });
});
