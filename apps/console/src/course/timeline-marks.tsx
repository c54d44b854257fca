import type { CourseDetail, Session } from '../api/courses.js';
import { formatWall } from '../ui/dates.js';
import { deviationName } from '../ui/labels.js';
import { daysText, intervalOf } from './interval-windows.js';
import { MARK_RADIUS } from './timeline.layout.js';

interface SessionMarkProps {
  session: Session;
  x: number;
  y: number;
  laneY: number;
}

/** A session by shape: performed is full, booked hollow, missed crossed out; a deviation has an iodine ring and a mark. */
export function SessionMark({ session, x, y }: SessionMarkProps) {
  const deviates = session.deviations.length > 0;
  const tone = TONE[session.status];
  const text = session.status === 'performed' ? 'fill-surface' : 'fill-ink';
  return (
    <g>
      <title>{titleOf(session)}</title>
      {deviates && (
        <circle
          cx={x}
          cy={y}
          r={MARK_RADIUS + 3}
          className="fill-none stroke-iodine"
          strokeWidth="2"
          strokeDasharray="4 2"
        />
      )}
      {session.kind === 'maintenance' ? (
        <rect
          x={x - MARK_RADIUS + 1}
          y={y - MARK_RADIUS + 1}
          width={MARK_RADIUS * 2 - 2}
          height={MARK_RADIUS * 2 - 2}
          rx="1.5"
          transform={`rotate(45 ${x} ${y})`}
          className={tone}
          strokeWidth="1.5"
        />
      ) : (
        <circle cx={x} cy={y} r={MARK_RADIUS} className={tone} strokeWidth="1.5" />
      )}
      {session.status === 'missed' || session.status === 'cancelled' ? (
        <path
          d={`M${x - 4} ${y - 4} ${x + 4} ${y + 4}M${x + 4} ${y - 4} ${x - 4} ${y + 4}`}
          className="stroke-iodine"
          strokeWidth="1.8"
        />
      ) : (
        <text x={x} y={y + 4} textAnchor="middle" className={`${text} text-[11px] font-semibold`}>
          {session.number}
        </text>
      )}
      {deviates && (
        <g>
          <circle cx={x + MARK_RADIUS + 1} cy={y - MARK_RADIUS - 1} r="5.5" className="fill-iodine stroke-surface" />
          <text
            x={x + MARK_RADIUS + 1}
            y={y - MARK_RADIUS + 2.4}
            textAnchor="middle"
            className="fill-surface text-[9px] font-bold"
          >
            !
          </text>
        </g>
      )}
    </g>
  );
}

const TONE: Record<Session['status'], string> = {
  performed: 'fill-ink stroke-ink',
  booked: 'fill-surface stroke-sage [stroke-dasharray:none]',
  missed: 'fill-surface stroke-iodine',
  cancelled: 'fill-surface stroke-strong',
};

function titleOf(session: Session): string {
  const parts = [
    `${session.kind === 'maintenance' ? 'Maintenance' : 'Session'} ${session.number}, ${session.status}`,
    session.at && formatWall(session.at),
    session.deviations.length > 0 && session.deviations.map(deviationName).join(', '),
  ];
  return parts.filter(Boolean).join(' · ');
}

/** What the shapes mean. Only those that the drawing has room to show anyway. */
export function TimelineLegend({ course }: { course: CourseDetail }) {
  const interval = intervalOf(course);
  return (
    <figcaption className="mt-2 flex flex-wrap gap-x-5 gap-y-1 text-xs text-soft">
      <Key drawing={<circle cx="8" cy="8" r="6" className="fill-ink" />}>performed</Key>
      <Key drawing={<circle cx="8" cy="8" r="5.5" className="fill-surface stroke-sage" strokeWidth="1.5" />}>
        booked
      </Key>
      <Key drawing={<path d="m4 4 8 8m0-8-8 8" className="stroke-iodine" strokeWidth="1.8" />}>missed or cancelled</Key>
      <Key
        drawing={
          <circle cx="8" cy="8" r="6" className="fill-none stroke-iodine" strokeWidth="2" strokeDasharray="4 2" />
        }
      >
        deviates from the protocol
      </Key>
      {interval && (
        <Key drawing={<rect x="1" y="2" width="14" height="12" rx="2" className="fill-sunken stroke-line" />}>
          {`${daysText(interval)} after the session before`}
        </Key>
      )}
      {course.maintenance && (
        <Key
          drawing={<rect x="1" y="2" width="14" height="12" rx="2" className="fill-gentian-wash stroke-gentian-mid" />}
        >
          maintenance window
        </Key>
      )}
      {course.followUps.length > 0 && (
        <Key drawing={<path d="M8 2 14.5 13h-13z" className="fill-surface stroke-ink" strokeWidth="1.5" />}>
          follow-up, filled with an adverse event
        </Key>
      )}
    </figcaption>
  );
}

function Key({ drawing, children }: { drawing: React.ReactNode; children: string }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      <svg aria-hidden="true" width="16" height="16" viewBox="0 0 16 16">
        {drawing}
      </svg>
      {children}
    </span>
  );
}
