import type { MaintenanceState } from '../api/maintenance.js';
import { barOf, type CalendarAxis, monthTicks, placeOf } from './calendar-axis.js';
import { dayNumber } from './dates.js';

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;

/** The head of a column that shares one axis: months, years and today. */
export function CalendarHead({ axis }: { axis: CalendarAxis }) {
  return (
    <div className="axis" aria-hidden="true">
      {monthTicks(axis).map((tick) => (
        <span
          key={tick.at}
          className="axis-label text-faint"
          data-year={tick.year ?? undefined}
          style={{ left: percent(tick.at) }}
        >
          {tick.year && <span className="absolute bottom-full left-1 font-semibold text-ink">{tick.year}</span>}
          {tick.label}
        </span>
      ))}
      <span
        className="absolute bottom-full translate-y-full -translate-x-1/2 rounded-sm bg-ink px-1 text-[0.6875rem] leading-4 font-semibold text-ground"
        style={{ left: percent(placeOf(axis, axis.today)) }}
      >
        today
      </span>
    </div>
  );
}

interface WindowProps {
  axis: CalendarAxis;
  opens: string;
  closes: string;
  state: MaintenanceState;
  bookedAt: string | null;
}

/** A window of days against today. Says nothing to a screen reader: the row has the same in words. */
export function CalendarWindow({ axis, opens, closes, state, bookedAt }: WindowProps) {
  const bar = barOf(axis, opens, closes);
  const today = placeOf(axis, axis.today);
  const closed = Math.max(0, placeOf(axis, dayNumber(closes) + 1));
  return (
    <div className="axis" aria-hidden="true">
      {monthTicks(axis).map((tick) => (
        <i key={tick.at} className="axis-tick" style={{ left: percent(tick.at) }} />
      ))}
      {state === 'overdue' && (
        <i className="axis-late" style={{ left: percent(closed), width: percent(today - closed) }} />
      )}
      {!bar && closed === 0 && <i className="axis-before" />}
      {bar && (
        <i
          className="axis-bar"
          data-state={state}
          data-clipped-start={bar.clippedStart || undefined}
          data-clipped-end={bar.clippedEnd || undefined}
          style={{ left: percent(bar.left), width: percent(bar.width) }}
        />
      )}
      {bar && state === 'due' && (
        <i className="axis-spent" style={{ left: percent(bar.left), width: percent(today - bar.left) }} />
      )}
      <i className="axis-today" style={{ left: percent(today) }} />
      {bookedAt && <i className="axis-booked" style={{ left: percent(placeOf(axis, dayNumber(bookedAt) + 0.5)) }} />}
    </div>
  );
}
