import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '#libs/database/src/database.js';
import { PositionWaits } from './position-waits.js';

const SUBJECT = { name: 'courses', version: 1, build: 'live' } as const;
const CHAIN = 1;
const PATIENCE_MS = 2_000;

/** A database whose checkpoint stands where a test puts it, and which counts the questions. */
class Checkpoint {
  position = 0;
  questions = 0;
  readonly waits = new PositionWaits({
    query: () => {
      this.questions += 1;
      return Promise.resolve({
        rows: [{ n: '1', position: String(this.position), has_parked: false }],
        rowCount: 1,
      });
    },
  } as unknown as Database);
}

it('finds what another process has applied', async () => {
  const checkpoint = new Checkpoint();
  const reached = checkpoint.waits.wait(SUBJECT, CHAIN, 5, PATIENCE_MS);
  await sleep(30);
  checkpoint.position = 7;
  await expect(reached).resolves.toEqual({ position: 7, hasParked: false });
  expect(checkpoint.questions).toBeGreaterThan(1);
});

it('asks nothing while this process applies', async () => {
  // On a busy machine a short sleep is longer than a process counts as applying.
  jest.useFakeTimers();
  try {
    const checkpoint = new Checkpoint();
    checkpoint.waits.moved(SUBJECT, CHAIN, 1, false);
    const reached = checkpoint.waits.wait(SUBJECT, CHAIN, 2, PATIENCE_MS);
    await jest.advanceTimersByTimeAsync(50);
    checkpoint.waits.moved(SUBJECT, CHAIN, 2, true);
    await expect(reached).resolves.toEqual({ position: 2, hasParked: true });
    expect(checkpoint.questions).toBe(0);
    // Later it asks: another process may have taken over.
    void checkpoint.waits.wait(SUBJECT, CHAIN, 3, PATIENCE_MS);
    await jest.advanceTimersByTimeAsync(400);
    expect(checkpoint.questions).toBeGreaterThan(0);
  } finally {
    jest.useRealTimers();
  }
});

it('asks again once another process has taken over', async () => {
  const checkpoint = new Checkpoint();
  checkpoint.waits.moved(SUBJECT, CHAIN, 1, false);
  checkpoint.position = 2;
  await expect(checkpoint.waits.wait(SUBJECT, CHAIN, 2, PATIENCE_MS)).resolves.toMatchObject({ position: 2 });
});

it('says how far it has come when the time is up', async () => {
  const checkpoint = new Checkpoint();
  checkpoint.position = 3;
  await expect(checkpoint.waits.wait(SUBJECT, CHAIN, 4, 50)).resolves.toMatchObject({ position: 3 });
});
