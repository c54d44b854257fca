/** Something that does not hold. */
export interface Finding {
  /** First position that it is about; null where it is about none. */
  readonly position: number | null;
  /** Last position that it is about. */
  readonly until: number | null;
  readonly what: string;
}

/** More are counted and not told: after an insertion every later row is another one. */
const TOLD_MAX = 100;

interface Found {
  readonly position: number | null;
  until: number | null;
  readonly what: string;
  readonly kind: string | undefined;
  because: string;
}

/** What does not hold; the same of one position after the other is told once. */
export class Findings {
  count = 0;
  private readonly found: Found[] = [];

  /** @param kind what can be said more of later */
  add(position: number | null, until: number | null, what: string, kind?: string): void {
    this.count += 1;
    const last = this.found.at(-1);
    const isMore =
      last && last.kind === kind && last.because === '' && last.until !== null && position === last.until + 1;
    if (isMore && (last.what === what || (kind !== undefined && this.found.length >= TOLD_MAX))) last.until = until;
    else if (this.found.length < TOLD_MAX) this.found.push({ position, until, what, kind, because: '' });
  }

  /** Says why, for what was found of a kind and has no reason yet. */
  say(kind: string, because: string): void {
    for (const each of this.found) if (each.kind === kind && each.because === '') each.because = ` ${because}`;
  }

  /** In the order of positions. */
  told(): Finding[] {
    return this.found
      .map(({ position, until, what, because }) => ({ position, until, what: `${what}${because}` }))
      .sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  }
}
