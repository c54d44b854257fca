import type { DayItem, SiteDay } from '../api/sites.js';
import { SessionStatusChip } from '../ui/chips.js';
import { formatTime } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { CourseLink, PatientLink, PersonName } from '../ui/names.js';
import { followRow } from '../ui/row-navigation.js';
import { type DayAxis, dayAxisOf, hourTicks, placeInDay } from './day-axis.js';

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;

/** The day's sessions by time, each drawn on the day's hours. */
export function DayTable({ day }: { day: SiteDay }) {
  const axis = dayAxisOf(day.items);
  return (
    <table className="ledger" data-sticky>
      <caption className="sr-only">Sessions of the day by time, in the site's time</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Patient</th>
          <th scope="col" className="max-md:hidden">
            Session
          </th>
          <th scope="col" className="max-lg:hidden">
            Practitioner
          </th>
          <th scope="col">State</th>
          <th scope="col" className="axis-cell h-9 w-[34%] max-md:hidden">
            <span className="sr-only">Hours of the day</span>
            <div className="axis" aria-hidden="true">
              {hourTicks(axis).map((tick) => (
                <span key={tick.label} className="axis-label text-faint" data-keep style={{ left: percent(tick.at) }}>
                  {tick.label}
                </span>
              ))}
            </div>
          </th>
        </tr>
      </thead>
      <tbody>
        {day.items.map((item) => (
          <Row key={item.sessionId} item={item} axis={axis} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ item, axis }: { item: DayItem; axis: DayAxis }) {
  const place = placeInDay(axis, item);
  return (
    <tr data-row onClick={followRow}>
      <th scope="row" className="whitespace-nowrap">
        <span className="text-base font-semibold">{formatTime(item.at)}</span>
        {item.durationMinutes !== null && <span className="block text-xs text-faint">{item.durationMinutes} min</span>}
      </th>
      <td>
        <span className="block font-semibold">
          <PatientLink patient={item.patient} />
        </span>
        <span className="text-xs text-faint">{item.patient.code}</span>
        <span className="block text-xs text-soft md:hidden">
          <CourseLink course={item.course} /> {sessionName(item)}
        </span>
      </td>
      <td className="max-md:hidden">
        <span className="block">{sessionName(item)}</span>
        <span className="text-xs text-faint">
          <CourseLink course={item.course} row /> {words(item.course.protocol)}
        </span>
      </td>
      <td className="max-lg:hidden">
        <PersonName person={item.practitioner} />
      </td>
      <td>
        <SessionStatusChip status={item.status} />
      </td>
      <td className="axis-cell max-md:hidden">
        <div className="axis" aria-hidden="true">
          {hourTicks(axis).map((tick) => (
            <i key={tick.label} className="axis-tick" style={{ left: percent(tick.at) }} />
          ))}
          <i
            className="axis-session"
            data-status={item.status}
            style={{ left: percent(place.left), width: percent(place.width) }}
          />
        </div>
      </td>
    </tr>
  );
}

const sessionName = (item: DayItem): string =>
  `${item.kind === 'maintenance' ? 'Maintenance' : 'Session'} ${item.number}`;
