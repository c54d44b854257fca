import { Overloaded } from '#libs/kernel/src/errors.js';

/** How much one caller may ask: so many a second for long, and so many at once. */
export interface Rate {
  readonly perSecond: number;
  readonly atOnce: number;
}

/** A console with ten lists open asks some thirty questions at once; a program that is in a hurry, a hundred a second. */
export const PRINCIPAL_RATE: Rate = { perSecond: 100, atOnce: 500 };
/** Of one address, all that comes without proof of who asks: a provider's receipts, sign-ins, links of messages. */
export const SOURCE_RATE: Rate = { perSecond: 200, atOnce: 1_000 };
/** Callers that are remembered. Each costs some hundred bytes; whoever was not heard of for longest is forgotten. */
const CALLERS_MAX = 10_000;

interface Bucket {
  left: number;
  at: number;
}

/**
 * Token buckets in the memory of this process. What is over the limit is refused at once: it takes no turn, and waits
 * nowhere.
 */
export class RateLimits {
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly callersMax = CALLERS_MAX,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** How many callers are remembered. */
  get size(): number {
    return this.buckets.size;
  }

  /** @throws Overloaded `request.too-many` */
  take(caller: string, { perSecond, atOnce }: Rate): void {
    const now = this.nowMs();
    const known = this.buckets.get(caller);
    const left = known ? Math.min(atOnce, known.left + ((now - known.at) / 1_000) * perSecond) : atOnce;
    // Anew at the end: the first of the map is who was not heard of for longest.
    this.buckets.delete(caller);
    this.buckets.set(caller, { left: Math.max(0, left - 1), at: now });
    if (this.buckets.size > this.callersMax) this.buckets.delete(this.buckets.keys().next().value as string);
    if (left >= 1) return;
    throw new Overloaded('request.too-many', 'Too many requests at once. Wait a moment.', {
      data: { retryAfterS: Math.max(1, Math.ceil((1 - left) / perSecond)) },
    });
  }
}
