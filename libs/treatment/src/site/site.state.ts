import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { QuietHours, SiteEvent } from './site.events.js';

export type SiteState =
  | { readonly status: 'none' }
  | {
      readonly status: 'registered';
      readonly siteId: string;
      readonly name: string;
      readonly timeZone: string;
      readonly language: string;
      readonly quietHours: QuietHours;
      /** When staff let the first messages of imported, overdue maintenance go; undefined: not yet. */
      readonly importedMaintenanceReleasedAt: string | undefined;
    };

export const siteFold = { initial: { status: 'none' } as SiteState, evolve };

function evolve(state: SiteState, event: RecordedEvent<SiteEvent>): SiteState {
  if (event.type === 'SiteRegistered') {
    return { status: 'registered', ...event.data, importedMaintenanceReleasedAt: undefined };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'SiteQuietHoursSet':
      return { ...state, quietHours: event.data.quietHours };
    case 'SiteImportedMaintenanceReleased':
      return { ...state, importedMaintenanceReleasedAt: event.recordedAt };
    default:
      return assertNever(event, 'site event');
  }
}
