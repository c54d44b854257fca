import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { keyOf } from '../api/common.js';
import { maintenanceQuery } from '../api/maintenance.js';
import { releaseImportedMaintenance, type Site } from '../api/sites.js';
import { plural } from '../ui/labels.js';
import { ProblemPanel } from '../ui/problem-panel.js';
import { useToasts } from '../ui/toasts.js';

/**
 * Patients who were already late when the history came in are told nothing until staff says so: some of them have gone
 * elsewhere, and a burst of old reminders would be worse than none.
 */
export function ReleaseNotice({ site }: { site: Site }) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const overdue = useInfiniteQuery(maintenanceQuery('overdue', keyOf(site)));
  const release = useMutation({
    mutationFn: () => releaseImportedMaintenance(keyOf(site)),
    onSuccess: () => {
      toasts.show(`Reminders at ${site.name} may go now, outside its quiet hours.`);
      void queries.invalidateQueries();
    },
  });
  const waiting = overdue.data?.pages.flatMap((page) => page.items).filter((item) => item.imported).length ?? 0;
  if (waiting === 0 || release.isSuccess) return null;
  const shown = `${waiting}${overdue.hasNextPage ? '+' : ''}`;
  return (
    <section
      aria-label="Imported maintenance"
      className="mb-4 border-l-4 border-gentian bg-surface px-4 py-3 print:hidden"
    >
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="max-w-xl">
          {waiting === 1 && !overdue.hasNextPage ? '1 patient was' : `${shown} patients were`} already overdue when this
          history was imported. They have not been written to yet; look through the list before you let the reminders
          go.
        </p>
        <button type="button" className="button" disabled={release.isPending} onClick={() => release.mutate()}>
          {release.isPending
            ? 'Releasing…'
            : `Release ${overdue.hasNextPage ? 'reminders' : plural(waiting, 'reminder')}`}
        </button>
      </div>
      {release.isError && <ProblemPanel error={release.error} />}
    </section>
  );
}
