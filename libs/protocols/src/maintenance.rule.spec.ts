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
  it('opens three months after the first session and closes six months after it', () => {
    expect(maintenanceWindow(course({}))).toEqual({ opens: '2026-04-10', closes: '2026-07-10' });
  });

  it('counts calendar months, clamped to the end of the month', () => {
    const november = course({ firstCourseSession: '2026-11-30', lastCourseSession: '2027-01-11' });
    expect(maintenanceWindow(november)).toEqual({ opens: '2027-02-28', closes: '2027-05-30' });
    const beforeLeapYear = course({ firstCourseSession: '2027-11-30', lastCourseSession: '2028-01-11' });
    expect(maintenanceWindow(beforeLeapYear)).toEqual({ opens: '2028-02-29', closes: '2028-05-30' });
    const august = course({ firstCourseSession: '2026-08-31', lastCourseSession: '2026-10-12' });
    expect(maintenanceWindow(august)).toEqual({ opens: '2026-11-30', closes: '2027-02-28' });
  });

  it('does not open before the shortest interval after the last session has passed', () => {
    const slow = course({ firstCourseSession: '2025-01-16', lastCourseSession: '2025-04-24' });
    expect(maintenanceWindow(slow)).toEqual({ opens: '2025-05-08', closes: '2025-07-16' });
  });

  it('is overdue from the opening day on where the course was so long that it closes before it opens', () => {
    const window = maintenanceWindow(course({ lastCourseSession: '2026-08-01' }));
    expect(window).toEqual({ opens: '2026-08-15', closes: '2026-07-10' });
    expect(maintenanceState(window as MaintenanceWindow, '2026-08-14')).toBe('upcoming');
    expect(maintenanceState(window as MaintenanceWindow, '2026-08-15')).toBe('overdue');
  });

  it('moves when the first session’s date is corrected', () => {
    expect(maintenanceWindow(course({ firstCourseSession: '2026-01-12' }))).toEqual({
      opens: '2026-04-12',
      closes: '2026-07-12',
    });
  });
});

describe('the window after a maintenance session (S1-M2)', () => {
  it('opens two months after it and closes six months after it', () => {
    expect(maintenanceWindow(course({ maintenanceSessions: ['2026-04-30'] }))).toEqual({
      opens: '2026-06-30',
      closes: '2026-10-30',
    });
  });

  it('is counted from the latest one, in whatever order they are told', () => {
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
  ])('on %s is %s', (today, expected) => {
    expect(maintenanceState(window, today)).toBe(expected);
  });

  it('ends with the first performed session of a later course of the same patient and protocol', () => {
    expect(rhythmHasEnded(null, '2026-05-01')).toBe(false);
    expect(rhythmHasEnded('2026-05-02', '2026-05-01')).toBe(false);
    expect(rhythmHasEnded('2026-05-02', '2026-05-02')).toBe(true);
  });
});

describe('a protocol without a rhythm', () => {
  it('has no window: the physician sets the date', () => {
    expect(maintenanceWindow(course({ protocol: general }))).toBeNull();
    expect(repeatCourseWindow(general, '2026-02-21')).toBeNull();
  });

  it('may name the latest day (S4-E1)', () => {
    expect(physicianLatest(clinicFaq, '2028-02-29')).toBe('2029-02-28');
    expect(physicianLatest(general, '2028-02-29')).toBeNull();
    expect(physicianLatest(facial, '2028-02-29')).toBeNull();
  });
});

it('suggests a whole new facial course from three to six months after the last course session (S1-M1)', () => {
  expect(repeatCourseWindow(facial, '2026-02-21')).toEqual({ opens: '2026-05-21', closes: '2026-08-21' });
});
