import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { connection } from '../api/connection.js';

const RETRY_MS = 2_500;

/** Says quietly that the server is away, asks for it again and again, and brings everything up to date when it is back. */
export function ConnectionBanner() {
  const lost = useSyncExternalStore(connection.subscribe, connection.isLost);
  const queries = useQueryClient();
  useEffect(() => {
    if (!lost) return;
    const timer = setInterval(() => {
      fetch('/health/live')
        .then((response) => {
          if (!response.ok) return;
          connection.reportFound();
          void queries.invalidateQueries();
        })
        .catch(() => undefined);
    }, RETRY_MS);
    return () => clearInterval(timer);
  }, [lost, queries]);
  return (
    <div role="status">
      {lost && (
        <p className="border-b border-line bg-iodine-wash px-4 py-1.5 text-center text-ink">
          The server does not answer. What you see may be out of date; this page keeps trying.
        </p>
      )}
    </div>
  );
}
