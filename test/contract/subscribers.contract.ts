import { setTimeout as pause } from 'node:timers/promises';
import { appendBatch, type PreparedAppend } from '#libs/event-store/src/append-batch.js';
import type { Database, Queryable } from '#libs/database/src/database.js';
import type { AppendRequest } from '#libs/event-store/src/event-store.js';
import { type EventFilter, filterOf } from '#libs/event-store/src/subscription.js';
import { CONTEXT, counted, newStream, noted, numbers, some, to } from './support/contract-events.js';
import type { Contract } from './support/contract.js';
import { describeWhere, itWhere } from './support/contract.js';
import { Follower } from './support/follower.js';
import { expectSoundHistory, readEverything } from './support/history-checks.js';
import { newId } from '#libs/kernel/src/ids.js';

/** Page sizes of subscribers: the seams fall everywhere. */
const PAGES = [1, 3, 7, 1_000];
/** How long a slow transaction holds what it has appended. */
const SLOW_MS = 60;
/** Far below the time for which the tests hold their open transactions, far above what a poll needs. */
const PROMPT_MS = 10_000;

export function describeSubscribers(contract: Contract): void {
  const { features } = contract.adapter;

  describe('a subscriber', () => {
    it('gets every event once and in order, wherever it starts and however long its pages are', async () => {
      const writing = Array.from({ length: 15 }, (_, n) =>
        contract.append(to(newStream(), 'any', ...some(1 + (n % 3), n))),
      );
      const { position: middle } = await (writing[7] as (typeof writing)[number]);
      const followers = PAGES.flatMap((pageEvents) =>
        [0, middle].map((after) => ({
          after,
          follower: new Follower(contract.store, contract.chain, { after, pageEvents }),
        })),
      );
      await Promise.all(writing);
      for (let n = 0; n < 10; n += 1) await contract.append(to(newStream(), 'any', counted(100 + n)));
      await Promise.all(followers.map(({ follower }) => follower.reaches()));
      await Promise.all(followers.map(({ follower }) => follower.stop()));
      const all = await readEverything(contract.store, contract.chain);
      for (const { after, follower } of followers) {
        expect(follower.events).toEqual(all.filter((event) => event.position > after));
      }
    });

    it.each<[string, (on: string) => EventFilter]>([
      ['a stream', (on) => ({ stream: on })],
      ['a category', () => ({ categories: ['other', 'none'] })],
      ['a type', () => ({ types: ['Noted'] })],
      ['a type in a category', () => ({ types: ['Noted'], categories: ['thing'] })],
      ['nothing that is there', () => ({ types: ['Unheard'] })],
    ])('that wants %s gets that only, and comes to the end all the same', async (_what, filterFor) => {
      const on = newStream();
      const filter = filterFor(on);
      const follower = new Follower(contract.store, contract.chain, { after: 0, filter, pageEvents: 2 });
      for (let n = 0; n < 4; n += 1) {
        await contract.append(to(on, 'any', counted(n), noted(newId(), 'x')));
        await contract.append(to(`other-${n}`, 'any', counted(n), noted(newId(), 'y')));
      }
      await follower.reaches();
      await follower.stop();
      const all = await readEverything(contract.store, contract.chain);
      expect(follower.events).toEqual(all.filter(filterOf(filter)));
    });

    it('of one chain gets nothing of another', async () => {
      const other = await contract.place.newChain();
      const followers = [contract.chain, other].map((chain) => new Follower(contract.store, chain, { after: 0 }));
      await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          contract.append(to('thing-same', 'any', counted(n)), n % 2 === 0 ? {} : { chain: other.id }),
        ),
      );
      await Promise.all(followers.map((follower) => follower.reaches()));
      await Promise.all(followers.map((follower) => follower.stop()));
      expect(followers.map((follower) => new Set(follower.events.map((event) => event.chain)))).toEqual([
        new Set([contract.chain.id]),
        new Set([other.id]),
      ]);
      expect(followers.map((follower) => follower.events.length)).toEqual([5, 5]);
    });
  });

  describeWhere(features.has('relational'), 'beside transactions that are slow, rolled back or repeated', () => {
    it('a subscriber gets every event once and in order', async () => {
      const db = (await contract.place.database?.()) as Database;
      const { store: second } = await contract.place.open();
      const followers = PAGES.map(
        (pageEvents, n) =>
          new Follower(n % 2 === 0 ? contract.store : second, contract.chain, { after: 0, pageEvents }),
      );
      const on = newStream();
      let over = false;
      const writer = async (store: typeof second, w: number) => {
        for (let n = 0; !over; n += 1)
          await store.append(contract.request(to(n % 2 ? on : newStream(), 'any', counted(w))));
      };
      const writers = [contract.store, second].map((store, w) => writer(store, w));
      for (let n = 0; n < 8; n += 1) {
        const request = contract.request([to(on, 'any', ...some(2, 1000 + n))]);
        // Slow and rolled back; then the same again, slow and committed; then repeated after the fact.
        await expect(inTransaction(db, request, 'roll back')).rejects.toThrow('roll back');
        await inTransaction(db, request, 'commit');
        expect(await contract.store.append(request)).toMatchObject({ repeated: true });
      }
      over = true;
      await Promise.all(writers);
      await Promise.all(followers.map((follower) => follower.reaches()));
      await Promise.all(followers.map((follower) => follower.stop()));
      const all = await readEverything(contract.store, contract.chain);
      expectSoundHistory(all, contract);
      for (const follower of followers) expect(follower.events).toEqual(all);
      const repeated = numbers(all).filter((n) => n >= 1000);
      expect(repeated).toEqual(Array.from({ length: 16 }, (_, n) => 1000 + (n >> 1)));
    });

    itWhere(features.has('processes'), 'a transaction that took its id early and appends late comes late', async () => {
      const db = (await contract.place.database?.()) as Database;
      const on = newStream();
      const follower = new Follower(contract.store, contract.chain, { after: 0, pageEvents: 1 });
      await db.transaction(async (tx) => {
        await tx.query('select txid_current()');
        await contract.append(to(on, 'no-stream', counted(1)));
        await contract.append(to(on, 0, counted(2)));
        // What was committed is delivered, though a transaction with an earlier id is still open.
        await follower.reaches(undefined, PROMPT_MS);
        expect(numbers(follower.events)).toEqual([1, 2]);
        await appendBatch(tx, contract.chain, [await prepare(contract.request(to(on, 1, counted(3))))]);
      });
      await contract.append(to(on, 2, counted(4)));
      await follower.reaches(undefined, PROMPT_MS);
      await follower.stop();
      expect(numbers(follower.events)).toEqual([1, 2, 3, 4]);
      expectSoundHistory(follower.events, contract);
    });

    itWhere(features.has('processes'), 'an open transaction of another database stalls nobody', async () => {
      await contract.inPlace(async (elsewhere) => {
        const other = (await elsewhere.database?.()) as Database;
        const follower = new Follower(contract.store, contract.chain, { after: 0 });
        await other.transaction(async (tx) => {
          await tx.query('select txid_current()');
          for (let n = 0; n < 5; n += 1) await contract.append(to(newStream(), 'any', counted(n)));
          await follower.reaches(undefined, PROMPT_MS);
        });
        await follower.stop();
        expect(numbers(follower.events)).toEqual([0, 1, 2, 3, 4]);
      });
    });
  });

  /** Appends as a process does that is slow between its append and its commit, or never comes to it. */
  async function inTransaction(db: Database, request: AppendRequest, end: 'commit' | 'roll back'): Promise<void> {
    const prepared = await prepare(request);
    await db.transaction(async (tx: Queryable) => {
      await appendBatch(tx, contract.chain, [prepared]);
      await pause(SLOW_MS);
      if (end === 'roll back') throw new Error(end);
    });
  }

  async function prepare(request: AppendRequest): Promise<PreparedAppend> {
    const streams = await Promise.all(
      request.streams.map(async (each) => ({
        ...each,
        events: await contract.codec.encode(contract.chain, request.commandId, CONTEXT, each.events),
      })),
    );
    return { commandId: request.commandId, streams, guards: [] };
  }
}
