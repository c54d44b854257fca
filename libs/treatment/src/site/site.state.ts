import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import {
  LEGAL_RULES_DEFAULT,
  type LegalRules,
  type OpeningHours,
  type QuietHours,
  RECALL_RULES_DEFAULT,
  type RecallRules,
  RETENTION_RULES_DEFAULT,
  type RetentionRules,
  type SiteEvent,
} from './site.events.js';

/** Legal rules with the moment from which they are in force. */
export interface LegalRulesFrom {
  readonly from: Instant;
  readonly rules: LegalRules;
}

export type SiteState =
  | { readonly status: 'none' }
  | {
      readonly status: 'registered';
      readonly siteId: string;
      readonly name: string;
      readonly timeZone: string;
      readonly language: string;
      readonly quietHours: QuietHours;
      /** Null where the site has not said; then nothing waits for it. */
      readonly openingHours: OpeningHours | null;
      readonly recallRules: RecallRules;
      readonly retentionRules: RetentionRules;
      /** In the order in which they were set; none: the defaults. */
      readonly legalRules: readonly LegalRulesFrom[];
      /** When staff let the first messages of imported, overdue maintenance go; undefined: not yet. */
      readonly importedMaintenanceReleasedAt: string | undefined;
    };

export const siteFold = { initial: { status: 'none' } as SiteState, evolve };

function evolve(state: SiteState, event: RecordedEvent<SiteEvent>): SiteState {
  if (event.type === 'SiteRegistered') {
    return {
      ...{ status: 'registered', ...event.data, openingHours: null, recallRules: RECALL_RULES_DEFAULT },
      ...{ retentionRules: RETENTION_RULES_DEFAULT, legalRules: [], importedMaintenanceReleasedAt: undefined },
    };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'SiteQuietHoursSet':
      return { ...state, quietHours: event.data.quietHours };
    case 'SiteOpeningHoursSet':
      return { ...state, openingHours: event.data.openingHours };
    case 'SiteRecallRulesSet':
      return { ...state, recallRules: event.data.rules };
    case 'SiteRetentionRulesSet':
      return { ...state, retentionRules: event.data.rules };
    case 'SiteLegalRulesSet': {
      const { rules } = event.data;
      return { ...state, legalRules: [...state.legalRules, { from: event.occurredAt.instant, rules }] };
    }
    case 'SiteImportedMaintenanceReleased':
      return { ...state, importedMaintenanceReleasedAt: event.recordedAt };
    default:
      return assertNever(event, 'site event');
  }
}

/**
 * The legal rules that were in force at a moment: the last that were set by then, else the defaults.
 * @param set in the order in which they were set
 */
export const legalRulesAt = (set: readonly LegalRulesFrom[], at: Instant): LegalRules =>
  set.findLast(({ from }) => from <= at)?.rules ?? LEGAL_RULES_DEFAULT;

/** The same of a site, registered or not. */
export const legalRulesOf = (site: SiteState, at: Instant): LegalRules =>
  legalRulesAt(site.status === 'none' ? [] : site.legalRules, at);
