// A process that appends from several loops and says what it sends and what was acknowledged, until it is killed.
//   append-until-killed.ts ORDER
import { writeSync } from 'node:fs';
import { WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import { openPlace } from '../adapters/open-place.js';
import { type CrowdOrder, crowdAppend, crowdMistake, LOOPS } from './crowd.js';

/** Every so many appends of a loop, one that must be refused goes with it. */
const MISTAKE_EVERY = 4;

async function main(): Promise<void> {
  const order = JSON.parse(process.argv[2] as string) as CrowdOrder;
  const place = await openPlace(order.location);
  // Two instances: in one process they are what several processes are on a server.
  const opened = await Promise.all([place.open(), place.open()]);
  await Promise.all(Array.from({ length: LOOPS }, (_, loop) => append(loop)));

  async function append(loop: number): Promise<void> {
    const { store } = opened[loop % opened.length] as (typeof opened)[number];
    for (let n = loop; ; n += LOOPS) {
      // Synchronously: what is acknowledged is said at once, and nothing is sent that was not announced.
      writeSync(1, `sent ${n}\n`);
      const mistake = Math.floor(n / LOOPS) % MISTAKE_EVERY === 0 ? store.append(crowdMistake(order, n)) : undefined;
      const refusal = mistake?.then(
        () => Promise.reject(new Error(`mistake ${n} was accepted`)),
        (error: unknown) => (error instanceof WrongExpectedRevision ? undefined : Promise.reject(error as Error)),
      );
      const [{ position }] = await Promise.all([store.append(crowdAppend(order, n)), refusal]);
      writeSync(1, `done ${n} ${position}\n`);
    }
  }
}

void main();
