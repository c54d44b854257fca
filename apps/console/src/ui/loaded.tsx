import type { ReactNode } from 'react';
import { ProblemPanel } from './problem-panel.js';

interface QueryLike<Data> {
  data: Data | undefined;
  error: Error | null;
  refetch: () => unknown;
}

interface LoadedProps<Data> {
  query: QueryLike<Data>;
  /** How many placeholder lines to draw while it loads. */
  lines?: number;
  children: (data: Data) => ReactNode;
}

/** What a query brought; old data stays while new data loads or the server is away. */
export function Loaded<Data>({ query, lines = 6, children }: LoadedProps<Data>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton lines={lines} />;
}

export function Skeleton({ lines }: { lines: number }) {
  return (
    <div role="status" className="space-y-3 py-2">
      <span className="sr-only">Loading</span>
      {Array.from({ length: lines }, (_, n) => (
        <div key={n} className="h-5 animate-pulse rounded bg-sunken" style={{ width: `${92 - ((n * 17) % 40)}%` }} />
      ))}
    </div>
  );
}
