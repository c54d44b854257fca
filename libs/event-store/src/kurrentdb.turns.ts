import { Overloaded, Unavailable } from '#libs/kernel/src/errors.js';

export interface TurnLimits {
  /** Appends that are under way at once: some round trips to a server far away, few enough to be fair to others. */
  readonly runningMax: number;
  /** Appends that may wait; further ones are refused at once, since they would only time out later. */
  readonly waitingMax: number;
  /** How long one may wait for its turn, in milliseconds. */
  readonly waitMsMax: number;
}

/**
 * Lets appends to one stream go one after the other, in the order of arrival, and those to different streams go at once,
 * up to a bound. That is kinder to a server than letting them collide there; the server decides all the same.
 */
export class Turns {
  private readonly tails = new Map<string, Promise<void>>();
  private readonly queue: (() => void)[] = [];
  private running = 0;
  private waiting = 0;

  constructor(private readonly limits: TurnLimits) {}

  /**
   * Does some work when all of its keys are free.
   * @throws Overloaded when too many wait, Unavailable when its turn does not come in time; the work is not begun then
   */
  async take<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const { waitingMax } = this.limits;
    if (this.waiting >= waitingMax)
      throw new Overloaded('append.overloaded', `${this.waiting} appends wait already. Try again in a moment.`);
    this.waiting += 1;
    const before = [...new Set(keys)].flatMap((key) => this.tails.get(key) ?? []);
    let leave: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (leave = resolve));
    // Whoever gives up waiting still stands between those before and after it.
    const after = Promise.all([...before, done]).then(() => undefined);
    for (const key of keys) this.tails.set(key, after);
    void after.then(() => {
      for (const key of keys) if (this.tails.get(key) === after) this.tails.delete(key);
    });
    try {
      await this.inTime(Promise.all(before).then(() => undefined));
      return await this.run(work);
    } finally {
      leave();
    }
  }

  private async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.limits.runningMax) this.running += 1;
    else await new Promise<void>((resolve) => this.queue.push(resolve));
    this.waiting -= 1;
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  private async inTime(turn: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), this.limits.waitMsMax);
    });
    try {
      if (!(await Promise.race([turn.then(() => false), late]))) return;
    } finally {
      clearTimeout(timer);
    }
    this.waiting -= 1;
    throw new Unavailable(
      'event-store.unavailable',
      `The appends before this one took longer than ${this.limits.waitMsMax} ms. Nothing was appended.`,
    );
  }
}
