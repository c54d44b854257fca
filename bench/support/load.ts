import { setTimeout as sleep } from 'node:timers/promises';

/** What came of putting load on something for a while. */
export interface Run {
  readonly events: number;
  readonly seconds: number;
  /** Of each operation, in no order. */
  readonly latenciesMs: Float64Array;
}

/** One operation of one client; gives the number of events that it was acknowledged for. */
export type Operation = (client: number) => Promise<number>;

/**
 * So many clients, each of which waits for its answer before it asks again.
 * @param startAt by `Date.now()`, so that several processes begin together
 */
export async function closedLoop(clients: number, ms: number, startAt: number, operation: Operation): Promise<Run> {
  await sleep(Math.max(0, startAt - Date.now()));
  const latencies: number[] = [];
  let events = 0;
  const since = performance.now();
  const until = since + ms;
  const client = async (n: number) => {
    for (let sent = performance.now(); sent < until; ) {
      const done = await operation(n);
      events += done;
      const answered = performance.now();
      latencies.push(answered - sent);
      sent = answered;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, n) => client(n)));
  return { events, seconds: (performance.now() - since) / 1000, latenciesMs: Float64Array.from(latencies) };
}

/** Several processes' runs at the same time, as one. */
export function together(runs: readonly Run[]): Run {
  const latenciesMs = new Float64Array(runs.reduce((sum, run) => sum + run.latenciesMs.length, 0));
  let next = 0;
  for (const run of runs) {
    latenciesMs.set(run.latenciesMs, next);
    next += run.latenciesMs.length;
  }
  return {
    events: runs.reduce((sum, run) => sum + run.events, 0),
    seconds: Math.max(...runs.map(({ seconds }) => seconds)),
    latenciesMs,
  };
}

/** The value below which a share of them lies; NaN of none. */
export function percentile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
