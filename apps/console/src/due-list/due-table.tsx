import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { keyOf } from '../api/common.js';
import { type MaintenanceItem, type MaintenanceListState, maintenanceQuery } from '../api/maintenance.js';
import type { Site } from '../api/sites.js';
import { openSlotsQuery } from '../api/slots.js';
import { axisAround, type CalendarAxis } from '../ui/calendar-axis.js';
import { CalendarHead } from '../ui/calendar.js';
import { StateMark } from '../ui/chips.js';
import { LoadMore } from '../ui/controls.js';
import { words } from '../ui/labels.js';
import { ProblemPanel } from '../ui/problem-panel.js';
import { DueRow } from './due-row.js';
import type { StateCounts } from './states.js';

/** Windows of the built-in rhythm are three to four months long: half a year each way shows where they come from and go. */
const MONTHS_BEFORE = 7;
const MONTHS_AFTER = 6;

interface DueTableProps {
  today: string;
  site: Site | undefined;
  states: MaintenanceListState[];
  counts: StateCounts;
  unbookedOnly: boolean;
}

export function DueTable({ today, site, states, counts, unbookedOnly }: DueTableProps) {
  const axis = axisAround(today, MONTHS_BEFORE, MONTHS_AFTER);
  const groups = states.map((state) => ({ state, axis, today, site, total: counts[state], unbookedOnly }));
  return (
    <table className="ledger" data-sticky>
      <caption className="sr-only">
        Maintenance windows {site ? `at ${site.name}` : 'at all sites'}, by state and by the day on which they open
      </caption>
      <thead>
        <tr>
          <th scope="col">Patient</th>
          <th scope="col" className="max-md:hidden">
            Course
          </th>
          <th scope="col" className="max-md:hidden">
            Window
          </th>
          <th scope="col" className="axis-cell h-12 w-[48%] max-md:w-[42%]">
            <span className="sr-only">The window on a calendar</span>
            <CalendarHead axis={axis} />
          </th>
          <th scope="col" className="pl-3 max-md:hidden">
            Booked
          </th>
        </tr>
      </thead>
      {groups.map((group) => (
        <DueGroup key={group.state} {...group} />
      ))}
    </table>
  );
}

interface DueGroupProps {
  state: MaintenanceListState;
  axis: CalendarAxis;
  today: string;
  site: Site | undefined;
  total: number;
  unbookedOnly: boolean;
}

const EMPTY: Record<MaintenanceListState, string> = {
  overdue: 'Nobody is late.',
  due: 'No window is open today.',
  upcoming: 'No window opens later. Windows appear when a course under a protocol with a rhythm is completed.',
  unscheduled: 'No physician has a window to set.',
};

function DueGroup({ state, axis, today, site, total, unbookedOnly }: DueGroupProps) {
  const query = useInfiniteQuery({
    ...maintenanceQuery(state, site && keyOf(site)),
    placeholderData: keepPreviousData,
  });
  const slots = useQuery(openSlotsQuery(site && keyOf(site)));
  const loaded = query.data?.pages.flatMap((page) => page.items) ?? [];
  const items = unbookedOnly ? loaded.filter((item) => !item.booked) : loaded;
  return (
    <tbody aria-busy={query.isFetching}>
      <tr>
        <th scope="rowgroup" colSpan={5} className="pt-5!">
          <span className="flex items-center gap-2">
            <StateMark state={state} />
            <span className="text-faint">{unbookedOnly ? `${items.length} not booked of ${total}` : total}</span>
          </span>
        </th>
      </tr>
      {items.map((item) => (
        <DueRow
          key={rowKey(item)}
          item={item}
          slot={slots.data?.get(item.course.id)}
          axis={axis}
          today={today}
          showSite={!site}
        />
      ))}
      {query.isSuccess && items.length === 0 && (
        <tr>
          <td colSpan={5} className="py-3! text-soft">
            {unbookedOnly && loaded.length > 0 ? `Everybody ${words(state).toLowerCase()} is booked.` : EMPTY[state]}
          </td>
        </tr>
      )}
      {(query.isLoading || query.isError || query.hasNextPage) && (
        <tr>
          <td colSpan={5}>
            {query.isLoading && <span className="text-faint">Loading…</span>}
            {query.isError && <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />}
            <LoadMore query={query} what={`${words(state).toLowerCase()} maintenance`} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

const rowKey = (item: MaintenanceItem): string => `${item.course.id} ${item.ordinal}`;
