import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { type ParkedKey, parkedPages, retryParked } from '../api/projections.js';
import { LoadMore } from '../ui/controls.js';
import { formatInstant } from '../ui/dates.js';
import { words } from '../ui/labels.js';
import { ProblemPanel } from '../ui/problem-panel.js';
import { useToasts } from '../ui/toasts.js';
import { ErrorText } from './error-text.js';
import { retryOutcome } from './retry-outcome.js';

/** What could not be applied, and why, with a way to try it again; nothing at all while all is well. */
export function ParkedKeys() {
  const query = useInfiniteQuery({ ...parkedPages, refetchInterval: 5_000 });
  if (query.error) return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
  const keys = query.data?.pages.flatMap(({ items }) => items) ?? [];
  if (keys.length === 0) return null;
  const projections = [...new Set(keys.map(({ projection }) => projection))].filter(
    (name) => keys.filter(({ projection }) => projection === name).length > 1,
  );
  return (
    <section aria-labelledby="parked">
      <h2 id="parked" className="mb-1 text-lg font-semibold">
        Set aside
      </h2>
      <p className="mb-3 max-w-2xl text-soft">
        An event of each of these could not be applied, and the later ones of the same key wait behind it. Everything
        else goes on. Each is tried again by itself, too, ever more seldom.
      </p>
      {projections.length > 0 && (
        <div className="mb-2 flex flex-wrap gap-2">
          {projections.map((projection) => (
            <Retry key={projection} projection={projection} label={`Retry all of ${words(projection)}`} />
          ))}
        </div>
      )}
      <table className="ledger">
        <caption className="sr-only">Keys that were set aside, with the reason and a way to retry</caption>
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col" className="num">
              Events
            </th>
            <th scope="col" className="max-md:hidden">
              Since
            </th>
            <th scope="col" className="num max-md:hidden">
              Attempts
            </th>
            <th scope="col">
              <span className="sr-only">Retry</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((parked) => (
            <Row key={`${parked.projection} ${parked.key}`} parked={parked} />
          ))}
        </tbody>
      </table>
      <LoadMore query={query} what="keys" />
    </section>
  );
}

function Row({ parked }: { parked: ParkedKey }) {
  const { projection, key, events, firstPosition, parkedAt, attempts, error } = parked;
  return (
    <tr>
      <th scope="row">
        <span className="font-semibold">{words(projection)}</span>{' '}
        <code className="code break-all text-soft">{key}</code>
        <ErrorText text={error} />
      </th>
      <td className="num">{events.toLocaleString('en')}</td>
      <td className="text-soft max-md:hidden">
        {formatInstant(parkedAt)}
        <span className="block text-xs text-faint">position {firstPosition.toLocaleString('en')}</span>
      </td>
      <td className="num text-soft max-md:hidden">{attempts}</td>
      <td className="w-32 max-sm:w-20">
        <Retry projection={projection} parkedKey={key} label="Retry" />
      </td>
    </tr>
  );
}

function Retry({ projection, parkedKey, label }: { projection: string; parkedKey?: string; label: string }) {
  const queries = useQueryClient();
  const toasts = useToasts();
  const retry = useMutation({
    mutationFn: () => retryParked(projection, parkedKey),
    onSuccess: ({ items }) => toasts.show(retryOutcome(items)),
    onSettled: () => void queries.invalidateQueries(),
  });
  return (
    <>
      <button type="button" className="button" data-small disabled={retry.isPending} onClick={() => retry.mutate()}>
        {retry.isPending ? 'Trying…' : label}
        {parkedKey && <span className="sr-only"> {parkedKey}</span>}
      </button>
      {retry.isError && <ProblemPanel error={retry.error} />}
    </>
  );
}
