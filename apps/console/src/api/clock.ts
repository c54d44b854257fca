import { queryOptions } from '@tanstack/react-query';
import type { Instant } from './common.js';
import { getJson, postJson } from './http.js';

export interface Advancing {
  from: Instant;
  to: Instant;
  now: Instant;
}

export interface Clock {
  now: Instant;
  sandbox: boolean;
  offsetMs: number;
  /** Not null while the chain steps from one due instant to the next. */
  advancing: Advancing | null;
  nextDue: Instant | null;
}

export interface AdvanceResult {
  now: Instant;
  sent: number;
  advancing: Advancing | null;
}

export const clockQuery = queryOptions({
  queryKey: ['clock'],
  queryFn: ({ signal }) => getJson<Clock>('/v1/clock', {}, signal),
});

/** Answers after some 25 s at the latest; `advancing` is then not null, and GET /v1/clock tells the rest. */
export const advanceClock = (by: { days?: number; months?: number }) =>
  postJson<AdvanceResult>('/v1/clock/advance', by);
