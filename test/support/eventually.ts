import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * Looks again and again until `look` gives something that is not undefined; for what tells nobody when it changes.
 * @throws Error that names `what`, after `waitMsMax`
 */
export async function eventually<Value>(
  what: string,
  look: () => Promise<Value | undefined>,
  waitMsMax = 30_000,
): Promise<Value> {
  const until = performance.now() + waitMsMax;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new Error(`After ${waitMsMax} ms there was still not: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}
