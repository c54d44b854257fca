import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { connection } from '../api/connection.js';

/** An import moves the chain thousands of times a second: one look for a burst, and about one a second while it lasts. */
const QUIET_MS = 250;
const LONGEST_WAIT_MS = 1_200;
/** A stream that the server refused is not tried again by the browser. */
const REOPEN_MS = 5_000;

/** Refetches what is shown whenever the chain moved. */
export function useLiveUpdates(): void {
  const queries = useQueryClient();
  useEffect(() => {
    let refetchTimer: ReturnType<typeof setTimeout> | undefined;
    let waitingSince = 0;
    const refetch = () => {
      waitingSince = 0;
      void queries.invalidateQueries({ predicate: ({ meta }) => meta?.['onDemand'] !== true });
    };
    const onMoved = () => {
      const now = Date.now();
      if (waitingSince === 0) waitingSince = now;
      clearTimeout(refetchTimer);
      refetchTimer = setTimeout(refetch, Math.max(0, Math.min(QUIET_MS, waitingSince + LONGEST_WAIT_MS - now)));
    };
    const close = follow(onMoved);
    return () => {
      clearTimeout(refetchTimer);
      close();
    };
  }, [queries]);
}

/** Follows the stream, over breaks and refusals, until the function it gives back is called. */
function follow(onMoved: () => void): () => void {
  let stream: EventSource;
  let reopenTimer: ReturnType<typeof setTimeout> | undefined;
  let isBroken = false;
  const open = () => {
    stream = new EventSource('/v1/events/stream');
    stream.addEventListener('moved', onMoved);
    stream.addEventListener('open', () => {
      // What moved while the stream was down was missed.
      if (isBroken) onMoved();
      isBroken = false;
    });
    stream.addEventListener('error', () => {
      isBroken = true;
      // An idle stream may be cut on the way: only a server that answers nothing else either is lost.
      fetch('/health/live').catch(() => connection.reportLost());
      if (stream.readyState === EventSource.CLOSED) reopenTimer = setTimeout(open, REOPEN_MS);
    });
  };
  open();
  return () => {
    clearTimeout(reopenTimer);
    stream.close();
  };
}
