import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { connection } from '../api/connection.js';

/** An import moves the chain thousands of times a second: one look for a burst, and one a second while it lasts. */
const QUIET_MS = 250;
const LONGEST_WAIT_MS = 1_200;

/** Refetches what is shown whenever the chain moved. */
export function useLiveUpdates(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const stream = new EventSource('/v1/events/stream');
    let timer: ReturnType<typeof setTimeout> | undefined;
    let waitingSince = 0;
    const refetch = () => {
      waitingSince = 0;
      void queries.invalidateQueries();
    };
    const onMoved = () => {
      const now = Date.now();
      if (waitingSince === 0) waitingSince = now;
      clearTimeout(timer);
      timer = setTimeout(refetch, Math.max(0, Math.min(QUIET_MS, waitingSince + LONGEST_WAIT_MS - now)));
    };
    stream.addEventListener('moved', onMoved);
    stream.addEventListener('open', () => {
      // What moved while the stream was down was missed.
      if (connection.isLost()) onMoved();
      connection.reportFound();
    });
    stream.addEventListener('error', () => connection.reportLost());
    return () => {
      clearTimeout(timer);
      stream.close();
    };
  }, [queries]);
}
