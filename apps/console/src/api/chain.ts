import { queryOptions } from '@tanstack/react-query';
import type { Instant, LocalDate } from './common.js';
import { getJson } from './http.js';

export interface Chain {
  id: string;
  slug: string;
  /** A sandbox has a clock of its own that people advance. */
  sandbox: boolean;
  now: Instant;
  today: LocalDate;
  tzdb: string;
  head: number;
  version: string;
  demo: boolean;
}

export const chainQuery = queryOptions({
  queryKey: ['chain'],
  queryFn: ({ signal }) => getJson<Chain>('/v1/chain', {}, signal),
});
