import type { CourseDetail, FollowUp, Session } from '../api/courses.js';
import { barOf, type CalendarAxis, monthStart, placeOf } from '../ui/calendar-axis.js';
import { addDays, dateOfDay, dayNumber, monthShort } from '../ui/dates.js';
import { intervalWindows } from './interval-windows.js';

/** Where everything of a course's drawing stands, in the units of its view box. No drawing here, so that it can be tested. */
export interface TimelineLayout {
  width: number;
  height: number;
  /** Where the lanes begin, right of their names. */
  plotLeft: number;
  ticks: { x: number; label: string; year: string | null }[];
  lanes: { name: string; y: number; height: number }[];
  /** Days on which a session was, or is, possible by the protocol; the maintenance window. */
  bands: { kind: 'interval' | 'next' | 'maintenance'; x: number; width: number; y: number; height: number }[];
  sessions: { session: Session; x: number; y: number; laneY: number }[];
  followUps: { followUp: FollowUp; x: number; y: number }[];
  /** Null where today lies beyond the drawing: then `todayBeyond` is true. */
  todayX: number | null;
  todayBeyond: boolean;
}

export const MARK_RADIUS = 9;
const WIDTH = 1080;
const LANE_NAME_WIDTH = 104;
const PAD = 20;
const TOP = 46;
const LANE_HEIGHT = 54;
const TICK_GAP_MIN = 46;
const WEEKS_FROM_MONTH_WIDTH = 270;
/** Marks nearer than this are moved up and down so that each stays readable. */
const MARK_GAP = MARK_RADIUS * 2 + 1;
const STAGGER = [0, -15, 15] as const;
/** A course that ended long ago is not squeezed to make room for today. */
const TODAY_WITHIN_DAYS = 150;

export type DrawnCourse = Pick<
  CourseDetail,
  | 'sessions'
  | 'followUps'
  | 'maintenance'
  | 'intervalDays'
  | 'plan'
  | 'status'
  | 'planned'
  | 'performed'
  | 'nextEarliest'
>;

export function layoutTimeline(course: DrawnCourse, today: string): TimelineLayout | null {
  const axis = axisOf(course, today);
  if (!axis) return null;
  const place = (day: number) => LANE_NAME_WIDTH + PAD + placeOf(axis, day) * (WIDTH - LANE_NAME_WIDTH - PAD * 2);
  const noon = (date: string) => place(dayNumber(date) + 0.5);

  const hasMaintenance = course.maintenance !== null || course.sessions.some(({ kind }) => kind === 'maintenance');
  const names = [
    'Sessions',
    ...(hasMaintenance ? ['Maintenance'] : []),
    ...(course.followUps.length ? ['Follow-ups'] : []),
  ];
  const lanes = names.map((name, n) => ({ name, y: TOP + n * LANE_HEIGHT, height: LANE_HEIGHT }));
  const middle = (name: string) => {
    const lane = lanes.find((one) => one.name === name) ?? lanes[0];
    return (lane?.y ?? TOP) + LANE_HEIGHT / 2;
  };

  const band = (kind: TimelineLayout['bands'][number]['kind'], from: string, to: string, lane: string) => {
    const bar = barOf(axis, from, to);
    if (!bar) return [];
    const x = place(axis.start + bar.left * (axis.end - axis.start));
    const width = place(axis.start + (bar.left + bar.width) * (axis.end - axis.start)) - x;
    return [{ kind, x, width, y: middle(lane) - LANE_HEIGHT / 2 + 5, height: LANE_HEIGHT - 10 }];
  };
  const windows = intervalWindows(course);
  const bands = [
    ...windows.performed.flatMap(({ earliest, latest }) => band('interval', earliest, latest, 'Sessions')),
    ...(windows.next ? band('next', windows.next.earliest, windows.next.latest, 'Sessions') : []),
    ...(course.maintenance
      ? band('maintenance', course.maintenance.opens, course.maintenance.closes, 'Maintenance')
      : []),
  ];

  const lastX = new Map<string, number>();
  const sessions = dated(course.sessions).map(({ session, date }) => {
    const laneY = middle(session.kind === 'maintenance' ? 'Maintenance' : 'Sessions');
    const x = noon(date);
    const level = STAGGER.find((offset) => x - (lastX.get(`${laneY} ${offset}`) ?? -MARK_GAP) >= MARK_GAP) ?? 0;
    lastX.set(`${laneY} ${level}`, x);
    return { session, x, y: laneY + level, laneY };
  });

  const todayBeyond = axis.today >= axis.end;
  return {
    width: WIDTH,
    height: TOP + lanes.length * LANE_HEIGHT + 8,
    plotLeft: LANE_NAME_WIDTH,
    ticks: ticksOf(axis, place),
    lanes,
    bands,
    sessions,
    followUps: course.followUps.map((followUp) => ({ followUp, x: noon(followUp.at), y: middle('Follow-ups') })),
    todayX: todayBeyond ? null : place(axis.today + 0.5),
    todayBeyond,
  };
}

/** Sessions with a day, in its order. */
function dated(sessions: readonly Session[]): { session: Session; date: string }[] {
  return sessions
    .flatMap((session) => {
      const date = session.localDate ?? session.at?.slice(0, 10);
      return date ? [{ session, date }] : [];
    })
    .sort((a, b) => dayNumber(a.date) - dayNumber(b.date) || a.session.number - b.session.number);
}

function axisOf(course: DrawnCourse, today: string): CalendarAxis | null {
  const { next } = intervalWindows(course);
  const days = [
    ...dated(course.sessions).map(({ date }) => date),
    ...course.followUps.map(({ at }) => at),
    ...(course.maintenance ? [course.maintenance.opens, course.maintenance.closes] : []),
    ...(next ? [next.earliest, next.latest] : []),
  ].map(dayNumber);
  if (days.length === 0) return null;
  const now = dayNumber(today);
  const last = Math.max(...days);
  const end = now > last && now - last <= TODAY_WITHIN_DAYS ? now : last;
  return { start: dayNumber(addDays(dateOfDay(Math.min(...days, now)), -3)), end: end + 6, today: now };
}

/** Mondays where there is room for them, else months, as dense as they can be read. */
function ticksOf(axis: CalendarAxis, place: (day: number) => number): TimelineLayout['ticks'] {
  const perMonth = place(axis.start + 30) - place(axis.start);
  if (perMonth >= WEEKS_FROM_MONTH_WIDTH) return weekTicks(axis, place);
  const step = [1, 2, 3, 6, 12].find((months) => months * perMonth >= TICK_GAP_MIN) ?? 24;
  const ticks: TimelineLayout['ticks'] = [];
  const first = dateOfDay(axis.start);
  for (let n = 1; ; n++) {
    const date = monthStart(first, n);
    const day = dayNumber(date);
    if (day >= axis.end) return ticks;
    const month = Number(date.slice(5, 7));
    if ((month - 1) % step !== 0) continue;
    const year = month === 1 || ticks.length === 0 ? date.slice(0, 4) : null;
    ticks.push({ x: place(day), label: monthShort(month), year });
  }
}

function weekTicks(axis: CalendarAxis, place: (day: number) => number): TimelineLayout['ticks'] {
  // Day 4 after 1970-01-01, a Thursday, is the first Monday.
  const firstMonday = axis.start + ((((4 - axis.start) % 7) + 7) % 7);
  const ticks: TimelineLayout['ticks'] = [];
  for (let day = firstMonday; day < axis.end; day += 7) {
    const date = dateOfDay(day);
    const year = ticks.at(-1) && date.slice(5) > '01-07' ? null : date.slice(0, 4);
    ticks.push({ x: place(day), label: `${Number(date.slice(8))} ${monthShort(Number(date.slice(5, 7)))}`, year });
  }
  return ticks;
}
