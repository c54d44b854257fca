import { describeAppending } from './appending.contract.js';
import { describeAtomicAppends } from './atomic-appends.contract.js';
import { describeCopies } from './copies.contract.js';
import { describeEventData } from './event-data.contract.js';
import { describeFaults } from './faults.contract.js';
import { describeIdempotency } from './idempotency.contract.js';
import { describeImmutability } from './immutability.contract.js';
import { describeInterleavings } from './interleavings.contract.js';
import { describeProcesses } from './processes.contract.js';
import { describeReading } from './reading.contract.js';
import { describeStreamNames } from './stream-names.contract.js';
import { describeSubscribers } from './subscribers.contract.js';
import { Contract } from './support/contract.js';
import type { EventStoreAdapter } from './support/event-store.adapter.js';

/** What every event store has to do, and what this one declares to do beyond it. */
export function describeEventStore(adapter: EventStoreAdapter): void {
  describe(`the event store on ${adapter.name}`, () => declareTests(adapter));
}

/** Has the same tests reported as skipped, with the reason in their names, and says so where nobody can overlook it. */
export function skipEventStore(adapter: EventStoreAdapter, reason: string, remedy: string): void {
  const lines = [`${adapter.name} WAS NOT TESTED: ${reason}.`, remedy];
  const rule = '*'.repeat(Math.max(...lines.map((line) => line.length)));
  process.stderr.write(['', rule, ...lines, rule, ''].join('\n'));
  describe.skip(`the event store on ${adapter.name} (skipped: ${reason})`, () => declareTests(adapter));
}

function declareTests(adapter: EventStoreAdapter): void {
  const contract = new Contract(adapter);

  beforeAll(async () => {
    contract.place = await adapter.create();
    Object.assign(contract, await contract.place.open());
  });
  afterAll(() => contract.place?.remove());
  beforeEach(async () => {
    contract.chain = await contract.place.newChain();
    // The store knows the chain from here on, so that what a test sends together arrives together.
    await contract.store.head(contract.chain.id);
  });

  it('declares what it promises', () => {
    expect(contract.store.capabilities).toEqual(adapter.capabilities);
  });

  describeAppending(contract);
  describeIdempotency(contract);
  describeAtomicAppends(contract);
  describeReading(contract);
  describeStreamNames(contract);
  describeEventData(contract);
  describeImmutability(contract);
  describeSubscribers(contract);
  describeInterleavings(contract);
  describeProcesses(contract);
  describeCopies(contract);
  describeFaults(contract);
}
