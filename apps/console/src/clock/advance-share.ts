import type { Advancing } from '../api/clock.js';

/** How much of an advance has passed, 0 to 100. */
export function advanceShare({ from, to, now }: Advancing): number {
  const whole = Date.parse(to) - Date.parse(from);
  if (whole <= 0) return 100;
  return Math.max(0, Math.min(100, Math.round(((Date.parse(now) - Date.parse(from)) / whole) * 100)));
}
