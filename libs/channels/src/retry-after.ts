/** A provider that is away for longer is asked all the same. */
const MS_MAX = 24 * 60 * 60_000;

/** @returns what `Retry-After` asks for (RFC 9110: seconds or a date), in ms; undefined where it says nothing usable */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MS_MAX);
}
