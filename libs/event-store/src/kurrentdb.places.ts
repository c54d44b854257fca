/**
 * How far back in the log, in bytes, reading on from a known place is better than trying a place that may be none: a few
 * thousand events.
 */
const NEAR_BYTES = 4_000_000;

/**
 * Where records are known to begin. The server reads only from such places; at any other it fails, each version in its
 * own way.
 */
export class KnownPlaces {
  private readonly positions = new Set<number>();

  /** @param max how many are kept: the latest */
  constructor(private readonly max = 50_000) {}

  add(position: number): void {
    this.positions.delete(position);
    this.positions.add(position);
    if (this.positions.size <= this.max) return;
    const [oldest] = this.positions;
    this.positions.delete(oldest as number);
  }

  has(position: number): boolean {
    return this.positions.has(position);
  }

  /** The last one up to a position; 0, the beginning of the log, when there is none. */
  before(position: number): number {
    if (this.positions.has(position)) return position;
    let last = 0;
    for (const each of this.positions) if (each <= position && each > last) last = each;
    return last;
  }

  /** The same, if it is near. */
  near(position: number): number | undefined {
    const last = this.before(position);
    return last > 0 && position - last <= NEAR_BYTES ? last : undefined;
  }
}
