import { queryOptions } from '@tanstack/react-query';
import type { Instant, Page } from './common.js';
import { getJson } from './http.js';

/** Somebody has signed an entry of a patient's record. */
export interface Signature {
  signatureId: string;
  position: number;
  entry: string;
  meaning: 'authorship' | 'consent' | 'override' | 'closure' | 'review';
  signer: string;
  name: string | null;
  signedAt: Instant;
  /** Whether the entry has the very bytes still that were signed. */
  intact: boolean;
}

/** More are asked for by nobody: a record has some tens. */
const LIMIT = 200;

export const signaturesQuery = (patient: string) =>
  queryOptions({
    queryKey: ['signatures', patient],
    queryFn: ({ signal }) =>
      getJson<Page<Signature>>(`/v1/patients/${encodeURIComponent(patient)}/signatures`, { limit: LIMIT }, signal),
  });
