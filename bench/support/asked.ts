import { percentile } from './load.js';

/** How long answers took, and what of a processor this process needed for each, in milliseconds. */
export interface Asked {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
}

/** Asks about each subject in turn, one question after the other; the first ones, until all is compiled, do not count. */
export async function askInTurn<Subject>(
  subjects: readonly Subject[],
  { warmUp, requests }: { readonly warmUp: number; readonly requests: number },
  ask: (subject: Subject) => Promise<void>,
): Promise<Asked> {
  const of = (n: number) => subjects[n % subjects.length] as Subject;
  for (let n = 0; n < warmUp; n += 1) await ask(of(n));
  const ms = new Float64Array(requests);
  const cpu = process.cpuUsage();
  for (let n = 0; n < requests; n += 1) {
    const since = performance.now();
    await ask(of(n));
    ms[n] = performance.now() - since;
  }
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000 / requests;
  return { p50Ms: percentile(ms, 0.5), p99Ms: percentile(ms, 0.99), cpuMs };
}
