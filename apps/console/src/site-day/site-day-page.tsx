import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import { type SiteDay, siteDayQuery, sitesQuery } from '../api/sites.js';
import { Select } from '../ui/controls.js';
import { rememberSite } from '../ui/current-site.js';
import { addDays, formatDay } from '../ui/dates.js';
import { ArrowLeft, ArrowRight } from '../ui/icons.js';
import { plural } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { DayTable } from './day-table.js';

const route = getRouteApi('/sites/$site/day');

/** Who comes to a site on one day. */
export function SiteDayPage() {
  const { site } = route.useParams();
  const { date } = route.useSearch();
  const query = useQuery({ ...siteDayQuery(site, date), placeholderData: keepPreviousData });
  return (
    <Loaded query={query} lines={8}>
      {(day) => <Day day={day} isToday={date === undefined} />}
    </Loaded>
  );
}

function Day({ day, isToday }: { day: SiteDay; isToday: boolean }) {
  return (
    <>
      <PageHeader
        title={formatDay(day.date)}
        tabTitle={`${day.site.name}, ${formatDay(day.date)}`}
        actions={<DayControls day={day} isToday={isToday} />}
      >
        {day.site.name}, {plural(day.items.length, 'session')}
      </PageHeader>
      {day.items.length > 0 ? (
        <DayTable day={day} />
      ) : (
        <p className="border-y border-line py-8 text-soft">
          Nobody is booked at {day.site.name} on this day. Who could be asked to come stands on the due list.
        </p>
      )}
    </>
  );
}

function DayControls({ day, isToday }: { day: SiteDay; isToday: boolean }) {
  const navigate = route.useNavigate();
  const sites = useQuery(sitesQuery).data ?? [];
  const go = (date: string | undefined) => void navigate({ search: { date } });
  return (
    <div className="flex flex-wrap items-end gap-2">
      <Select
        label="Site"
        value={keyOf(day.site)}
        all="Choose a site"
        options={sites.map((site) => ({ value: keyOf(site), label: site.name }))}
        onChange={(site) => {
          rememberSite(site);
          if (site) void navigate({ params: { site }, search: (before) => before });
        }}
      />
      <button type="button" className="button" aria-label="The day before" onClick={() => go(addDays(day.date, -1))}>
        <ArrowLeft />
      </button>
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">Day</span>
        <input
          type="date"
          className="field"
          value={day.date}
          onChange={(event) => event.target.value !== '' && go(event.target.value)}
        />
      </label>
      <button type="button" className="button" aria-label="The day after" onClick={() => go(addDays(day.date, 1))}>
        <ArrowRight />
      </button>
      <button type="button" className="button" disabled={isToday} onClick={() => go(undefined)}>
        Today
      </button>
      <PrintButton />
    </div>
  );
}
