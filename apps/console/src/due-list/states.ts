import { MAINTENANCE_STATES, type MaintenanceListState } from '../api/maintenance.js';
import type { Site } from '../api/sites.js';

export type StateCounts = Record<MaintenanceListState, number>;

/** How much maintenance stands in each state at some sites together. */
export function countsOf(sites: readonly Pick<Site, 'counts'>[]): StateCounts {
  const sum = (state: MaintenanceListState) => sites.reduce((n, site) => n + site.counts[state], 0);
  return { overdue: sum('overdue'), due: sum('due'), upcoming: sum('upcoming'), unscheduled: sum('unscheduled') };
}

/** The states an address asks for, in their fixed order; all where it names none. */
export function statesOf(param: string | undefined): MaintenanceListState[] {
  const named = param?.split(',') ?? [];
  const known = MAINTENANCE_STATES.filter((state) => named.includes(state));
  return known.length > 0 ? known : [...MAINTENANCE_STATES];
}

/** The parameter after one state was switched; undefined where all are shown. The last one cannot be switched off. */
export function toggleState(shown: readonly MaintenanceListState[], state: MaintenanceListState): string | undefined {
  const next = MAINTENANCE_STATES.filter((one) => (one === state) !== shown.includes(one));
  return next.length === 0 || next.length === MAINTENANCE_STATES.length ? undefined : next.join(',');
}
