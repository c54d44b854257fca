import { queryOptions } from '@tanstack/react-query';
import { type Instant, type Page, pagesOf } from './common.js';
import { getJson, postForLines, postJson } from './http.js';

export interface ProjectionStatus {
  projection: string;
  version: number;
  kind: 'projection' | 'reactor';
  /** `building`: has no readers until it has caught up. */
  state: 'live' | 'building' | 'superseded';
  position: number;
  head: number;
  /** Events still to be applied. */
  lag: number;
  /** Events applied per second of late. */
  ratePerSecond: number;
  /** Events set aside because they, or one before them, could not be applied. */
  parked: number;
  lastError: string | null;
  lastErrorAt: string | null;
  movedAt: string | null;
}

/** A row key whose events were set aside because one of them could not be applied. */
export interface ParkedKey {
  projection: string;
  version: number;
  kind: 'projection' | 'reactor';
  /** Usually the name of a stream. */
  key: string;
  events: number;
  firstPosition: number;
  error: string;
  parkedAt: Instant;
  attempts: number;
}

export interface RetriedKey {
  key: string;
  applied: number;
  /** Events that are still set aside, with the error of the first. */
  left: number;
  error: string | null;
}

export type RebuildLine =
  | { progress: { position: number; head: number } }
  | { done: { projection: string; events: number } };

export const projectionsQuery = queryOptions({
  queryKey: ['projections'],
  queryFn: async ({ signal }) => (await getJson<Page<ProjectionStatus>>('/v1/projections', {}, signal)).items,
});

export const rebuildProjection = (name: string) =>
  postForLines<RebuildLine>(`/v1/projections/${encodeURIComponent(name)}/rebuild`, '{}', 'application/json');

export const parkedPages = pagesOf<ParkedKey>('parked', '/v1/projections/parked');

/** Without a key: all that the projection set aside. */
export const retryParked = (projection: string, key?: string) =>
  postJson<{ items: RetriedKey[] }>(
    `/v1/projections/${encodeURIComponent(projection)}/retry`,
    key === undefined ? {} : { key },
  );
