import type { CourseDetail } from '../api/courses.js';
import { formatDate, formatWall } from '../ui/dates.js';
import { deviationName, plural, words } from '../ui/labels.js';
import { SessionMark, TimelineLegend } from './timeline-marks.js';
import { layoutTimeline, type TimelineLayout } from './timeline.layout.js';

interface CourseTimelineProps {
  course: CourseDetail;
  /** The day that the drawing takes for the present. */
  today: string;
  /** It is a day of the past that was asked for. */
  then: boolean;
}

/** The course as a drawing: sessions on the days they took place, over the days the protocol allowed. */
export function CourseTimeline({ course, today, then }: CourseTimelineProps) {
  const layout = layoutTimeline(course, today);
  if (!layout) return <p className="text-soft">Nothing has a day yet: book the first session to see it here.</p>;
  return (
    <figure className="mb-8">
      {/* Focusable, since on a narrow screen it scrolls sideways. */}
      <div
        role="region"
        aria-label="Drawing of the course"
        tabIndex={0}
        className="overflow-x-auto border-y border-line bg-surface"
      >
        <svg
          role="img"
          aria-label={summaryOf(course, today, then)}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          className="block h-auto w-full min-w-[46rem] font-sans [print-color-adjust:exact]"
        >
          <Grid layout={layout} />
          {layout.bands.map((band) => (
            <rect
              key={`${band.kind} ${band.x}`}
              x={band.x}
              y={band.y}
              width={Math.max(3, band.width)}
              height={band.height}
              rx="3"
              className={BAND_TONE[band.kind]}
            >
              <title>{BAND_TITLE[band.kind]}</title>
            </rect>
          ))}
          <Threads layout={layout} />
          <Today layout={layout} today={today} name={then ? 'then' : 'today'} />
          {layout.followUps.map(({ followUp, x, y }) => (
            <g key={followUp.id}>
              <path
                d={`M${x} ${y - 7} ${x + 6.5} ${y + 5} ${x - 6.5} ${y + 5}Z`}
                className={followUp.adverseEvent ? 'fill-iodine' : 'fill-surface stroke-ink'}
                strokeWidth="1.5"
              />
              {followUp.adverseEvent && <Exclamation x={x} y={y - 11} />}
              <title>
                {`${words(followUp.kind)} follow-up, ${formatWall(followUp.at)}`}
                {followUp.adverseEvent && `, ${words(followUp.adverseEvent.kind)}`}
              </title>
            </g>
          ))}
          {layout.sessions.map((mark) => (
            <SessionMark key={mark.session.id} {...mark} />
          ))}
        </svg>
      </div>
      <TimelineLegend course={course} />
    </figure>
  );
}

const BAND_TONE = {
  interval: 'fill-sunken',
  next: 'fill-gentian-wash stroke-gentian [stroke-dasharray:3_3]',
  maintenance: 'fill-gentian-wash stroke-gentian-mid',
} as const;

const BAND_TITLE = {
  interval: 'Days the protocol allowed, counted from the session before',
  next: 'Days on which the next session is within the protocol',
  maintenance: 'Maintenance window',
} as const;

function Grid({ layout }: { layout: TimelineLayout }) {
  return (
    <>
      {layout.ticks.map((tick) => (
        <g key={tick.x}>
          <line x1={tick.x} x2={tick.x} y1="40" y2={layout.height} className="stroke-line" />
          <text x={tick.x + 3} y="36" className="fill-faint text-[11px] font-medium">
            {tick.label}
            {tick.year && <tspan className="fill-ink font-semibold"> {tick.year}</tspan>}
          </text>
        </g>
      ))}
      {layout.lanes.map((lane, n) => (
        <g key={lane.name}>
          {n > 0 && <line x1="0" x2={layout.width} y1={lane.y} y2={lane.y} className="stroke-line" />}
          <text x="12" y={lane.y + lane.height / 2 + 4} className="fill-soft text-[12px] font-medium">
            {lane.name}
          </text>
        </g>
      ))}
    </>
  );
}

/** From the first to the last session of a lane, so that the eye reads them as one series. */
function Threads({ layout }: { layout: TimelineLayout }) {
  const lanes = new Map<number, number[]>();
  for (const { laneY, x } of layout.sessions) lanes.set(laneY, [...(lanes.get(laneY) ?? []), x]);
  return [...lanes].map(([y, xs]) => (
    <line key={y} x1={Math.min(...xs)} x2={Math.max(...xs)} y1={y} y2={y} className="stroke-strong" strokeWidth="1.5" />
  ));
}

function Today({ layout, today, name }: { layout: TimelineLayout; today: string; name: string }) {
  if (layout.todayX === null) {
    return (
      <text x={layout.width - 8} y="16" textAnchor="end" className="fill-soft text-[11px] font-semibold">
        {name}, {formatDate(today)} →
      </text>
    );
  }
  const x = layout.todayX;
  // Near the right edge the label would be cut off.
  const anchor = x > layout.width - 40 ? 'end' : 'middle';
  return (
    <g>
      <line x1={x} x2={x} y1="20" y2={layout.height} className="stroke-ink" strokeWidth="2" />
      <text x={anchor === 'end' ? x + 1 : x} y="15" textAnchor={anchor} className="fill-ink text-[11px] font-semibold">
        {name}
      </text>
    </g>
  );
}

export function Exclamation({ x, y }: { x: number; y: number }) {
  return (
    <text x={x} y={y} textAnchor="middle" className="fill-iodine text-[13px] font-bold">
      !
    </text>
  );
}

/** The drawing in a sentence or two; the tables below it have everything. */
function summaryOf(course: CourseDetail, today: string, then: boolean): string {
  const deviations = Object.entries(course.deviations).map(([kind, n]) => `${deviationName(kind)} ${n}`);
  return [
    `${course.performed} of ${plural(course.planned, 'session')} performed`,
    course.first && `from ${formatDate(course.first)}`,
    course.last && `to ${formatDate(course.last)}`,
    course.maintenance &&
      `; maintenance ${course.maintenance.state}, window ${formatDate(course.maintenance.opens)} to ${formatDate(course.maintenance.closes)}`,
    deviations.length > 0 && `; deviations: ${deviations.join(', ')}`,
    `. ${then ? 'It is as of' : 'Today is'} ${formatDate(today)}. The tables below hold the same.`,
  ]
    .filter(Boolean)
    .join(' ');
}
