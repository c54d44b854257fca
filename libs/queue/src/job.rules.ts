/** What holds for jobs in every queue, whatever keeps them. */

/** Five times over about eight seconds: what still fails then is not bad luck, and the sweeper comes back to it. */
export const JOB_TRIES = { max: 5, backOffMs: 500 } as const;

/** BullMQ counts to this. */
export const PRIORITY_MAX = 2 ** 21;

/** How long a job waits that has failed so often (from 1): twice as long each time. */
export const backOffMs = (failures: number): number => JOB_TRIES.backOffMs * 2 ** (failures - 1);

/** @throws Error for an id that BullMQ would take for one of its own */
export function checkedJobId(id: string): string {
  if (id === '' || id.includes(':') || /^\d+$/.test(id)) throw new Error(`Not an id for a job: ${id}`);
  return id;
}

/** @throws Error for what is no whole number from 1 */
export function checkedPriority(priority: number): number {
  if (!Number.isInteger(priority) || priority < 1 || priority > PRIORITY_MAX) {
    throw new Error(`Not a priority for a job: ${priority}`);
  }
  return priority;
}
