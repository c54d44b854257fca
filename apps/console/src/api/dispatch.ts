import { queryOptions } from '@tanstack/react-query';
import type { Instant } from './common.js';
import { getJson, postJson } from './http.js';

/** Whether messages leave, and why not. */
export interface Dispatch {
  open: boolean;
  closedAt: Instant | null;
  reason: string | null;
  /** Of a restored backup: what was due since then becomes unknown when dispatch opens. */
  doubtSince: Instant | null;
}

/** Asked again and again: closing it moves nothing in the log, so the live stream does not tell. */
export const dispatchQuery = queryOptions({
  queryKey: ['dispatch'],
  queryFn: ({ signal }) => getJson<Dispatch>('/v1/dispatch', {}, signal),
  refetchInterval: 15_000,
});

export const closeDispatch = (reason: string) => postJson<Dispatch>('/v1/dispatch/close', { reason });

/** Tells how many messages became unknown. */
export const openDispatch = () => postJson<{ doubted: number }>('/v1/dispatch/open');
