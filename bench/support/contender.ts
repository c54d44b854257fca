import type { Run } from './load.js';

/** How a contender appends. */
export interface Job {
  readonly mode: string;
  readonly clients: number;
  readonly ms: number;
  /** By `Date.now()`; now where it is left out. */
  readonly startAt?: number;
}

/** Something whose appends are measured, in a process of its own. */
export interface Contender {
  /** Makes what a run in this mode finds there. */
  prepare(mode: string): Promise<void>;
  /** Puts load on it: as many clients as the job says, one event an append. */
  run(job: Job): Promise<Run>;
  /** Events that stand in its log, counted there: what was acknowledged must be in it. */
  count(): Promise<number>;
  close(): Promise<void>;
}
