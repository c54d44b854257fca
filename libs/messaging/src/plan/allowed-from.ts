import { type Instant, zonedTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import type { OpeningHours, QuietHours } from '#libs/treatment/src/streams.contract.js';
import type { DeferralReason } from '../message/message.events.js';
import { openingAt } from './opening-hours.js';
import { quietUntil } from './quiet-hours.js';

/** When a message may go, beside its being due. */
export interface Hours {
  readonly quietHours: QuietHours;
  /** Where the patient lives: quiet hours are hours of that clock. */
  readonly patientZone: string;
  /** Null where the message does not ask the patient to call, or the site has not said when it is open. */
  readonly openingHours: OpeningHours | null;
  readonly siteZone: string;
  /** The patient has had as many invitations as they get until then; null: not so many. */
  readonly cappedUntil: Instant | null;
}

export type Allowed =
  | { readonly kind: 'now' }
  | { readonly kind: 'later'; readonly until: ZonedTime; readonly reason: DeferralReason }
  /** There is no hour for it. */
  | { readonly kind: 'never'; readonly reason: DeferralReason };

/** Quiet hours and opening hours of zones far from each other leave a common hour within some days, or none at all. */
const STEPS_MAX = 50;

/** The first instant, from `now` on, that nothing stands against; with the reason that it has to wait for at `now`. */
export function allowedFrom(now: Instant, hours: Hours): Allowed {
  let at = now;
  let first: DeferralReason | undefined;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const next = waitAt(at, hours);
    if (next === null) {
      if (first === undefined) return { kind: 'now' };
      return { kind: 'later', until: zonedTime(at, hours.patientZone), reason: first };
    }
    first ??= next.reason;
    if (next.until === null) return { kind: 'never', reason: first };
    at = next.until;
  }
  return { kind: 'never', reason: first as DeferralReason };
}

/** What stands against an instant, and until when; `until` null: for ever. */
function waitAt(
  at: Instant,
  { cappedUntil, quietHours, patientZone, openingHours, siteZone }: Hours,
): { readonly until: Instant | null; readonly reason: DeferralReason } | null {
  if (cappedUntil !== null && at < cappedUntil) return { until: cappedUntil, reason: 'frequency-cap' };
  const quiet = quietUntil(at, patientZone, quietHours);
  if (quiet) return { until: quiet.instant, reason: 'quiet-hours' };
  const opening = openingHours ? openingAt(at, siteZone, openingHours) : ({ kind: 'open' } as const);
  if (opening.kind === 'open') return null;
  return { until: opening.kind === 'opens' ? opening.at.instant : null, reason: 'opening-hours' };
}
