import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { keyOf } from '../api/common.js';
import { MAINTENANCE_STATES, type MaintenanceListState } from '../api/maintenance.js';
import { type Site, sitesQuery } from '../api/sites.js';
import { ImportPanel } from '../system/import-panel.js';
import { Toggle } from '../ui/controls.js';
import { rememberSite } from '../ui/current-site.js';
import { formatDay } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { useToday } from '../ui/use-today.js';
import { DueTable } from './due-table.js';
import { ReleaseNotice } from './release-notice.js';
import { SiteSwitcher } from './site-switcher.js';
import { countsOf, statesOf, toggleState } from './states.js';

const route = getRouteApi('/');

/** What front desks live by: whose maintenance is late, open or coming, site by site. */
export function DueListPage() {
  const sites = useQuery(sitesQuery);
  // The first import fills the list, and its report must still be read.
  const [isImporting, setImporting] = useState(false);
  return (
    <Loaded query={sites} lines={10}>
      {(all) =>
        all.length === 0 || isImporting ? (
          <FirstImport onStart={() => setImporting(true)} onDone={() => setImporting(false)} />
        ) : (
          <DueList sites={all} />
        )
      }
    </Loaded>
  );
}

function DueList({ sites }: { sites: Site[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const today = useToday();
  const site = sites.find((one) => one.code === search.site || one.id === search.site);
  const counts = countsOf(site ? [site] : sites);
  const states = statesOf(search.state);
  const unbookedOnly = search.booked === 'no';
  const place = site?.name ?? 'All sites';

  const choose = (key: string | undefined) => {
    rememberSite(key);
    void navigate({ search: (before) => ({ ...before, site: key }) });
  };
  const toggle = (state: MaintenanceListState) =>
    void navigate({ search: (before) => ({ ...before, state: toggleState(states, state) }), replace: true });

  return (
    <div className="lg:grid lg:grid-cols-[12.5rem_minmax(0,1fr)] lg:gap-8 print:block">
      <SiteSwitcher sites={sites} chosen={site && keyOf(site)} onChoose={choose} />
      <div className="min-w-0">
        <PageHeader title="Maintenance due" tabTitle={`Maintenance due, ${place}`} actions={<PrintButton />}>
          {place}
          {today && <>, {formatDay(today)}</>}
        </PageHeader>
        <div role="group" aria-label="Show" className="mb-4 flex flex-wrap gap-2 print:hidden">
          {MAINTENANCE_STATES.map((state) => (
            <Toggle key={state} pressed={states.includes(state)} onToggle={() => toggle(state)}>
              {words(state)} <span className="font-semibold">{counts[state]}</span>
            </Toggle>
          ))}
          <span className="mx-1 w-px bg-line" />
          <Toggle
            pressed={unbookedOnly}
            onToggle={() =>
              void navigate({
                search: (before) => ({ ...before, booked: unbookedOnly ? undefined : 'no' }),
                replace: true,
              })
            }
          >
            Not booked only
          </Toggle>
        </div>
        {site && <ReleaseNotice site={site} />}
        {today && <DueTable today={today} site={site} states={states} counts={counts} unbookedOnly={unbookedOnly} />}
      </div>
    </div>
  );
}

function FirstImport(callbacks: { onStart: () => void; onDone: () => void }) {
  return (
    <div className="mx-auto max-w-2xl py-6">
      <PageHeader title="Nothing is on record yet" tabTitle="Welcome">
        The due list shows itself once there are sites, patients and courses. Bring in a history: a folder with
        sites.csv, patients.csv, courses.csv and the other files.
      </PageHeader>
      <h2 className="sr-only">Import a history</h2>
      <ImportPanel {...callbacks} />
      <p className="mt-6 text-soft">
        The same from a terminal:{' '}
        <code className="code rounded bg-sunken px-1.5 py-0.5">npm run -s pistor -- import FOLDER</code>
      </p>
    </div>
  );
}
