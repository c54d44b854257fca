import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { keyOf } from '../api/common.js';
import { sitesQuery } from '../api/sites.js';
import { tasksQuery } from '../api/tasks.js';
import { LoadMore, Select } from '../ui/controls.js';
import { rememberSite } from '../ui/current-site.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader, PrintButton } from '../ui/page-header.js';
import { TasksTable } from './tasks-table.js';

const route = getRouteApi('/tasks');

/** What is shown while nobody chooses: what waits for somebody. */
const WAITING = 'open,taken';
const STATES = [
  { value: 'open', label: 'Open' },
  { value: 'taken', label: 'Taken' },
  { value: 'done', label: 'Done' },
  { value: 'withdrawn', label: 'Withdrawn' },
];

/** What the record asks of a person at a site. */
export function TasksPage() {
  const { site, state } = route.useSearch();
  const navigate = route.useNavigate();
  const sites = useQuery(sitesQuery).data ?? [];
  const tasks = useInfiniteQuery({
    ...tasksQuery({ site, state: state ?? WAITING }),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <PageHeader title="Tasks" actions={<PrintButton />}>
        What somebody has to see to, in the order in which it is due. What takes care of itself leaves the list by
        itself.
      </PageHeader>
      <div className="mb-6 flex flex-wrap items-end gap-x-6 gap-y-3 print:hidden">
        <Select
          label="Site"
          value={site}
          all="All sites"
          options={sites.map((one) => ({ value: keyOf(one), label: one.name }))}
          onChange={(key) => {
            rememberSite(key);
            void navigate({ search: (search) => ({ ...search, site: key }), replace: true });
          }}
        />
        <Select
          label="State"
          value={state}
          all="Waiting for somebody"
          options={STATES}
          onChange={(chosen) => void navigate({ search: (search) => ({ ...search, state: chosen }), replace: true })}
        />
      </div>
      <Loaded query={tasks} lines={5}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items);
          if (items.length === 0) return <p className="text-soft">There is no such task.</p>;
          return (
            <>
              <TasksTable tasks={items} />
              <LoadMore query={tasks} what="tasks" />
            </>
          );
        }}
      </Loaded>
    </>
  );
}
