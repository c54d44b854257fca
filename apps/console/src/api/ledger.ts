import { queryOptions } from '@tanstack/react-query';
import type { Instant } from './common.js';
import { getJson } from './http.js';

/** How the tree over all events stands. */
export interface LedgerState {
  origin: string;
  /** Events that are in the tree. */
  committed: number;
  /** Events that are not yet; null where that is not known. */
  waiting: number | null;
  /** The newest one that is signed and stands outside the database. */
  checkpoint: { size: number; root: string; at: Instant } | null;
  witnesses: { name: string; witnessedAt: Instant | null; problem: string | null }[];
  problem: string | null;
}

/** Asked again and again: a checkpoint follows an event within seconds. */
export const ledgerQuery = queryOptions({
  queryKey: ['ledger'],
  queryFn: ({ signal }) => getJson<LedgerState>('/v1/ledger/state', {}, signal),
  refetchInterval: 10_000,
});

/** Where the browser takes an evidence bundle from: the server names the file. */
export const evidenceUrl = (what: 'patients' | 'courses', id: string): string =>
  `/v1/${what}/${encodeURIComponent(id)}/evidence`;
