import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ProjectionStatus, projectionsQuery, rebuildProjection } from '../api/projections.js';
import { Badge } from '../ui/chips.js';
import { formatInstant } from '../ui/dates.js';
import { plural, words } from '../ui/labels.js';
import { Loaded } from '../ui/loaded.js';
import { ProblemPanel } from '../ui/problem-panel.js';
import { ProgressBar } from '../ui/progress-bar.js';
import { useToasts } from '../ui/toasts.js';
import { ErrorText } from './error-text.js';

/** The read models: how far behind each is, what it set aside, and a way to build it anew. */
export function ProjectionsTable() {
  const query = useQuery({ ...projectionsQuery, refetchInterval: 5_000 });
  return (
    <section aria-labelledby="projections">
      <h2 id="projections" className="mb-1 text-lg font-semibold">
        Projections
      </h2>
      <Loaded query={query} lines={5}>
        {(projections) => (
          <table className="ledger">
            <caption className="sr-only">Projections with position, lag, rate, parked events and rebuild</caption>
            <thead>
              <tr>
                <th scope="col">Projection</th>
                <th scope="col" className="num">
                  Position
                </th>
                <th scope="col" className="num">
                  Lag
                </th>
                <th scope="col" className="num max-md:hidden">
                  Per second
                </th>
                <th scope="col" className="num max-sm:hidden">
                  Set aside
                </th>
                <th scope="col" className="max-md:hidden">
                  Last moved
                </th>
                <th scope="col">
                  <span className="sr-only">Rebuild</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {projections.map((projection) => (
                <Row key={`${projection.projection} ${projection.version}`} projection={projection} />
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
    </section>
  );
}

const STATES = { building: 'being built, not read yet', superseded: 'superseded' } as const;

function Row({ projection }: { projection: ProjectionStatus }) {
  const isLate = projection.lag > 0;
  return (
    <tr>
      <th scope="row">
        <span className="font-semibold">{words(projection.projection)}</span>{' '}
        <span className="text-xs text-faint">
          {projection.kind}, version {projection.version}
        </span>
        {projection.state !== 'live' && <Badge>{STATES[projection.state]}</Badge>}
        {projection.lastError && (
          <ErrorText
            text={projection.lastError}
            after={projection.lastErrorAt ? `, ${formatInstant(projection.lastErrorAt)}` : ''}
          />
        )}
      </th>
      <td className="num">{projection.position.toLocaleString('en')}</td>
      <td className={`num ${isLate ? 'font-semibold text-iodine' : 'text-faint'}`}>
        {projection.lag.toLocaleString('en')}
      </td>
      <td className="num text-faint max-md:hidden">{rateOf(projection)}</td>
      <td className={`num max-sm:hidden ${projection.parked > 0 ? 'font-semibold text-iodine' : 'text-faint'}`}>
        {projection.parked > 0 ? (
          <a href="#parked" className="link">
            {projection.parked.toLocaleString('en')}
          </a>
        ) : (
          projection.parked
        )}
      </td>
      <td className="text-soft max-md:hidden">{projection.movedAt ? formatInstant(projection.movedAt) : 'not yet'}</td>
      <td className="w-56">
        {projection.kind === 'projection' && projection.state === 'live' ? (
          <Rebuild name={projection.projection} />
        ) : (
          <span className="text-xs text-faint">
            {projection.kind === 'reactor' ? 'acts once for each event' : 'serves once it has caught up'}
          </span>
        )}
      </td>
    </tr>
  );
}

/** A rate that has died away is none. */
const rateOf = ({ ratePerSecond }: ProjectionStatus): string =>
  ratePerSecond < 0.1 ? '0' : ratePerSecond.toLocaleString('en', { maximumFractionDigits: ratePerSecond < 10 ? 1 : 0 });

function Rebuild({ name }: { name: string }) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const [progress, setProgress] = useState<{ position: number; head: number } | null>(null);
  const rebuild = useMutation({
    mutationFn: async () => {
      let events = 0;
      for await (const line of rebuildProjection(name)) {
        if ('progress' in line) setProgress(line.progress);
        else events = line.done.events;
      }
      return events;
    },
    onSuccess: (events) => toasts.show(`${words(name)} was rebuilt from ${plural(events, 'event')}.`),
    onSettled: () => {
      setProgress(null);
      void queries.invalidateQueries();
    },
  });
  if (rebuild.isPending) {
    return (
      <span className="block space-y-1">
        <ProgressBar label={`Rebuilding ${words(name)}`} value={progress?.position ?? 0} max={progress?.head ?? 1} />
        <span className="block text-xs text-faint">
          {progress ? `${progress.position.toLocaleString('en')} of ${progress.head.toLocaleString('en')}` : 'starting'}
        </span>
      </span>
    );
  }
  return (
    <>
      <button type="button" className="button" data-small onClick={() => rebuild.mutate()}>
        Rebuild<span className="sr-only"> {words(name)}</span>
      </button>
      {rebuild.isError && <ProblemPanel error={rebuild.error} />}
    </>
  );
}
