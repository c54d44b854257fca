import type { MaintenanceItem } from '../api/maintenance.js';
import type { OpenSlot } from '../api/slots.js';
import { CalendarWindow } from '../ui/calendar.js';
import type { CalendarAxis } from '../ui/calendar-axis.js';
import { formatDate, formatDateNear, formatSpan, formatTime, relativeDay } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { CourseLink, PatientLink, SiteName } from '../ui/names.js';
import { followRow } from '../ui/row-navigation.js';
import { KeptTime } from './kept-time.js';

interface DueRowProps {
  item: MaintenanceItem;
  /** The time that is kept for the patient; undefined where none is. */
  slot: OpenSlot | undefined;
  axis: CalendarAxis;
  today: string;
  showSite: boolean;
}

/** One maintenance window: who, which course, when, and whether it is booked; or one that a physician is still to set. */
export function DueRow({ item, slot, axis, today, showSite }: DueRowProps) {
  return (
    <tr data-row onClick={followRow}>
      <th scope="row">
        <span className="block font-semibold!">
          <PatientLink patient={item.patient} />
        </span>
        <span className="text-xs text-faint">
          {item.patient.code}
          {showSite && (
            <>
              {' '}
              · <SiteName site={item.site} />
            </>
          )}
        </span>
        <span className="mt-1 block text-xs text-soft md:hidden">
          <CourseLink course={item.course} /> {words(item.course.protocol)}
          <span className="block">{spanInWords(item)}</span>
          <span className="block">{windowInWords(item, today)}</span>
          <Booked item={item} slot={slot} today={today} />
        </span>
      </th>
      <td className="max-md:hidden">
        <span className="block">
          <CourseLink course={item.course} row />
        </span>
        <span className="text-xs text-faint">{words(item.course.protocol)}</span>
      </td>
      <td className="whitespace-nowrap max-md:hidden">
        <span className="block">{spanInWords(item)}</span>
        <span className={`text-xs ${item.state === 'overdue' ? 'text-iodine' : 'text-faint'}`}>
          {windowInWords(item, today)}
        </span>
      </td>
      <td className="axis-cell">
        {item.state !== 'unscheduled' && (
          <CalendarWindow
            axis={axis}
            opens={item.opens}
            closes={item.closes}
            state={item.state}
            bookedAt={item.booked?.at ?? null}
          />
        )}
      </td>
      <td className="pl-3! whitespace-nowrap max-md:hidden">
        <Booked item={item} slot={slot} today={today} />
      </td>
    </tr>
  );
}

function Booked({ item, slot, today }: Pick<DueRowProps, 'item' | 'slot' | 'today'>) {
  if (!item.booked && slot) return <KeptTime slot={slot} today={today} />;
  if (!item.booked) return <span className="text-faint">Not booked</span>;
  return (
    <span className="text-sage">
      <span className="md:hidden">Booked </span>
      <span className="font-semibold">{formatDateNear(item.booked.at, today)}</span> {formatTime(item.booked.at)}
    </span>
  );
}

const spanInWords = (item: MaintenanceItem): string =>
  item.state === 'unscheduled' ? `By ${formatDate(item.latest)}` : formatSpan(item.opens, item.closes);

function windowInWords(item: MaintenanceItem, today: string): string {
  if (item.state === 'unscheduled') return 'a physician sets the window';
  if (item.state === 'overdue') return `closed ${relativeDay(item.closes, today)}`;
  if (item.state === 'due') return `closes ${relativeDay(item.closes, today)}`;
  return `opens ${relativeDay(item.opens, today)}`;
}
