import { useQueries } from '@tanstack/react-query';
import { AdverseEventsTable } from '../adverse-event/adverse-events-table.js';
import { adverseEventsOfQuery } from '../api/adverse-events.js';
import type { Person } from '../api/common.js';
import { Loaded } from '../ui/loaded.js';

/** Those of every registration of the person: an open one holds the next session under each (S4-R2). */
export function PatientAdverseEvents({ registrations }: { registrations: readonly Person[] }) {
  const query = useQueries({
    queries: registrations.map(({ id }) => adverseEventsOfQuery(id)),
    combine: (results) => ({
      data: results.every(({ data }) => data !== undefined) ? results.flatMap(({ data }) => data ?? []) : undefined,
      error: results.find(({ error }) => error)?.error ?? null,
      refetch: () => Promise.all(results.map(({ refetch }) => refetch())),
    }),
  });
  if (query.data?.length === 0) return null;
  return (
    <section aria-labelledby="adverse-events" className="mb-8">
      <h2 id="adverse-events" className="mb-2 text-lg font-semibold">
        Adverse events
      </h2>
      <Loaded query={query} lines={2}>
        {(events) => <AdverseEventsTable events={events} ofPatient />}
      </Loaded>
    </section>
  );
}
