import { Overloaded, PistorError } from '#libs/kernel/src/errors.js';
import { isCollision } from '#libs/database/src/database.errors.js';
import type { AppendOutcome, PreparedAppend } from './append-batch.js';
import type { AppendCounter } from './append-stats.js';

export interface GroupCommitLimits {
  /**
   * Appends that one transaction takes: enough to make the commit's share small, few enough to hold the chain's row for
   * a short time.
   */
  readonly appendsMax: number;
  /** Characters of header and data that one transaction takes. */
  readonly charactersMax: number;
  /** Appends that may wait; further ones are refused at once, since they would only time out later. */
  readonly waitingMax: number;
  /** How often a batch whose answer was lost is sent again; command ids make that harmless. */
  readonly resendsMax: number;
  /** How often a batch that the database sacrificed to another transaction (a deadlock, say) is sent again. */
  readonly collisionsMax: number;
}

export const GROUP_COMMIT_LIMITS: GroupCommitLimits = {
  appendsMax: 256,
  charactersMax: 4_000_000,
  waitingMax: 20_000,
  resendsMax: 1,
  collisionsMax: 5,
};

interface Waiting {
  readonly append: PreparedAppend;
  readonly characters: number;
  readonly since: number;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit for one chain: what waits while a transaction is under way goes together in the next one, in the order
 * of arrival. A commit costs a flush of the disk whatever it holds, so the rate grows with the load by itself and an
 * append that comes alone waits for nobody.
 */
export class GroupCommit {
  private waiting: Waiting[] = [];
  private running = false;

  constructor(
    private readonly send: (appends: readonly PreparedAppend[]) => Promise<AppendOutcome[]>,
    private readonly limits: GroupCommitLimits = GROUP_COMMIT_LIMITS,
    private readonly counter?: AppendCounter,
  ) {}

  get waitingCount(): number {
    return this.waiting.length;
  }

  /** @throws Overloaded when too much waits already; whatever the database throws. */
  append(append: PreparedAppend): Promise<AppendOutcome> {
    if (this.waiting.length >= this.limits.waitingMax) {
      return Promise.reject(
        new Overloaded('append.overloaded', `${this.waiting.length} appends wait already. Try again in a moment.`),
      );
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ append, characters: charactersOf(append), since: performance.now(), resolve, reject });
      if (!this.running) {
        this.running = true;
        // The microtask lets everything that arrives in this turn of the loop go together.
        queueMicrotask(() => void this.run());
      }
    });
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) await this.commit(this.take());
    this.running = false;
  }

  private take(): Waiting[] {
    let characters = 0;
    let count = 0;
    for (const waiting of this.waiting) {
      characters += waiting.characters;
      if (count > 0 && (count >= this.limits.appendsMax || characters > this.limits.charactersMax)) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  /** @returns the error of a database that is gone, which everybody was told */
  private async commit(batch: readonly Waiting[]): Promise<unknown> {
    try {
      const outcomes = await this.sendPersistently(batch.map(({ append }) => append));
      this.counter?.batch();
      const now = performance.now();
      batch.forEach((waiting, n) => {
        const outcome = outcomes[n] as AppendOutcome;
        this.counter?.append(now - waiting.since, outcome instanceof Error);
        waiting.resolve(outcome);
      });
      return undefined;
    } catch (error) {
      if (batch.length === 1 || isUnavailable(error)) {
        for (const waiting of batch) waiting.reject(error);
        return isUnavailable(error) ? error : undefined;
      }
      // One of them is the culprit: alone, each shows whether it is.
      for (const [n, waiting] of batch.entries()) {
        const outage = await this.commit([waiting]);
        if (outage === undefined) continue;
        // The others would only wait for the same database, one after the other.
        for (const { reject } of batch.slice(n + 1)) reject(outage);
        return outage;
      }
      return undefined;
    }
  }

  private async sendPersistently(appends: readonly PreparedAppend[]): Promise<AppendOutcome[]> {
    for (let resends = 0, collisions = 0; ; ) {
      try {
        return await this.send(appends);
      } catch (error) {
        if (isUnavailable(error)) resends += 1;
        else if (isCollision(error)) collisions += 1;
        else throw error;
        if (resends > this.limits.resendsMax || collisions > this.limits.collisionsMax) throw error;
      }
    }
  }
}

const isUnavailable = (error: unknown): boolean => error instanceof PistorError && error.kind === 'unavailable';

function charactersOf(append: PreparedAppend): number {
  let characters = 0;
  for (const { events } of append.streams) {
    for (const event of events) characters += event.header.length + event.data.length;
  }
  return characters;
}
