import { queryOptions } from '@tanstack/react-query';
import { ApiProblem, getJson } from './http.js';

export interface Health {
  status: string;
  checks: Record<string, unknown>;
}

/** `/health/ready` answers 503 while something is down: that is an answer here, not an error. */
export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: async ({ signal }): Promise<Health> => {
    try {
      return await getJson<Health>('/health/ready', {}, signal);
    } catch (error) {
      if (error instanceof ApiProblem) return { status: error.message, checks: {} };
      throw error;
    }
  },
  refetchInterval: 10_000,
});
