import { createHash } from 'node:crypto';

/**
 * Random numbers that follow from a seed (sfc32). Whoever needs some for a purpose of its own forks: then one draw more
 * here does not change what is drawn there.
 */
export class Random {
  private readonly words: Uint32Array;

  constructor(private readonly seed: string) {
    const digest = createHash('sha256').update(seed).digest();
    this.words = new Uint32Array([0, 4, 8].map((at) => digest.readUInt32LE(at)).concat(1));
    for (let n = 0; n < 12; n += 1) this.next();
  }

  fork(purpose: string): Random {
    return new Random(`${this.seed}/${purpose}`);
  }

  /** From 0 until before 1. */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    if (items.length === 0) throw new Error('There is nothing to pick from');
    return items[this.int(0, items.length - 1)] as Item;
  }

  /** One of some, by how often each shall be taken. */
  weighted<Item extends string>(weights: Readonly<Record<Item, number>>): Item {
    const entries = Object.entries(weights) as [Item, number][];
    let left = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [item, weight] of entries) {
      left -= weight;
      if (left < 0) return item;
    }
    return (entries.at(-1) as [Item, number])[0];
  }

  private next(): number {
    const [a, b, c, d] = this.words as unknown as [number, number, number, number];
    const sum = (((a + b) >>> 0) + d) >>> 0;
    this.words[3] = d + 1;
    this.words[0] = b ^ (b >>> 9);
    this.words[1] = c + (c << 3);
    this.words[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum;
  }
}
