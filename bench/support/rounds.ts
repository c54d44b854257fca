import { median } from './figures.js';
import { percentile, type Run } from './load.js';

/** One way of doing something that is compared with others. */
export interface Entry {
  readonly name: string;
  /** Neither measured nor counted. */
  readonly prepare?: () => Promise<void>;
  readonly run: (ms: number) => Promise<Run>;
  /** Events in its log; where given, each run must have put exactly the acknowledged ones into it. */
  readonly count?: () => Promise<number>;
}

export interface Result {
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What compiles, fills a cache or opens a connection is over after this. */
const WARM_UP_MS = 1_500;

/**
 * Runs every entry once to warm it up and then in rounds, one after the other in each: a machine that is slow for a
 * minute is slow for all of them. Medians of the rounds.
 * @throws Error when a log does not have what was acknowledged
 */
export async function measure(
  entries: readonly Entry[],
  rounds: number,
  ms: number,
): Promise<ReadonlyMap<string, Result>> {
  const results = new Map<string, Result[]>(entries.map(({ name }) => [name, []]));
  for (const entry of entries) await counted(entry, WARM_UP_MS);
  for (let round = 0; round < rounds; round += 1) {
    for (const entry of entries) {
      const { events, seconds, latenciesMs } = await counted(entry, ms);
      results.get(entry.name)?.push({
        rate: events / seconds,
        p50Ms: percentile(latenciesMs, 0.5),
        p99Ms: percentile(latenciesMs, 0.99),
      });
    }
  }
  const middle = (runs: readonly Result[], of: (result: Result) => number) => median(runs.map(of));
  return new Map(
    [...results].map(([name, runs]) => [
      name,
      {
        rate: middle(runs, ({ rate }) => rate),
        p50Ms: middle(runs, ({ p50Ms }) => p50Ms),
        p99Ms: middle(runs, ({ p99Ms }) => p99Ms),
      },
    ]),
  );
}

async function counted({ name, prepare, run, count }: Entry, ms: number): Promise<Run> {
  await prepare?.();
  const before = await count?.();
  const result = await run(ms);
  const after = await count?.();
  if (before !== undefined && after !== undefined && after - before !== result.events) {
    throw new Error(`${name} acknowledged ${result.events} events, its log has ${after - before} more.`);
  }
  return result;
}

export function printResults(results: ReadonlyMap<string, Result>): void {
  console.log('| | events/s | p50 ms | p99 ms |');
  console.log('|---|---|---|---|');
  for (const [name, { rate, p50Ms, p99Ms }] of results) {
    console.log(`| ${name} | ${Math.round(rate).toLocaleString('en')} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} |`);
  }
  console.log('');
}
