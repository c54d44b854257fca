import { infiniteQueryOptions } from '@tanstack/react-query';
import type { Instant, Page } from './common.js';
import { getJson } from './http.js';

/** Somebody has seen something of a patient. */
export interface Disclosure {
  position: number;
  at: Instant;
  principal: string;
  name: string | null;
  purpose: string;
  operation: string;
  kind: 'read' | 'search' | 'export';
  ofAnybody: boolean;
}

/** Asking is on record itself, so that it is not asked again by itself. */
export const disclosuresQuery = (patient: string) =>
  infiniteQueryOptions({
    queryKey: ['disclosures', patient],
    queryFn: ({ pageParam, signal }) =>
      getJson<Page<Disclosure>>(
        `/v1/patients/${encodeURIComponent(patient)}/disclosures`,
        { limit: 30, cursor: pageParam ?? undefined },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: Infinity,
    meta: { onDemand: true },
  });
