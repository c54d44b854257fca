import { queryOptions } from '@tanstack/react-query';
import type { Page } from './common.js';
import { getJson, postForLines } from './http.js';

export interface ProjectionStatus {
  projection: string;
  version: number;
  kind: 'projection' | 'reactor';
  position: number;
  head: number;
  /** Events still to be applied. */
  lag: number;
  /** Events set aside because they, or one before them, could not be applied. */
  parked: number;
  lastError: string | null;
  lastErrorAt: string | null;
  movedAt: string | null;
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
