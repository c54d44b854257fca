import type { AppendRequest, AppendResult } from '#libs/event-store/src/event-store.js';
import { newId } from '#libs/kernel/src/ids.js';
import { counted, newStream, noted, some, to } from './support/contract-events.js';
import type { Contract } from './support/contract.js';
import { itWhere } from './support/contract.js';
import type { OpenStore, Place } from './support/event-store.adapter.js';
import { Follower } from './support/follower.js';
import { expectSoundHistory, readEverything } from './support/history-checks.js';

interface Written {
  readonly on: string;
  readonly requests: readonly AppendRequest[];
  readonly results: readonly AppendResult[];
  readonly before: Awaited<ReturnType<typeof readEverything>>;
}

export function describeCopies(contract: Contract): void {
  it('has the same content after it was closed and opened again, and goes on from there', async () => {
    await contract.inPlace(async (place) => {
      contract.chain = await place.newChain();
      for (let restart = 0; restart < 3; restart += 1) {
        const written = await write(await place.open());
        await place.release();
        await expectToGoOn(await place.open(), written);
        await place.release();
      }
    });
  });

  itWhere(
    contract.adapter.features.has('copy'),
    'has the same content after it was dumped and restored elsewhere, and goes on from there',
    async () => {
      await contract.inPlace(async (place) => {
        // What does not count any more must not count after a restore: transactions, and chains before this one.
        await place.newChain();
        contract.chain = await place.newChain();
        const first = await place.open();
        const written = await write(first);
        await expect(first.store.append(contract.request(to(written.on, 'no-stream', counted(1))))).rejects.toThrow();
        const copy = (await place.copy?.()) as Place;
        try {
          await expectToGoOn(await copy.open(), written);
          const fresh = await copy.newChain();
          const { store } = await copy.open();
          expect(
            await store.append(contract.request(to(written.on, 'no-stream', counted(1)), { chain: fresh.id })),
          ).toMatchObject({
            repeated: false,
            position: 1,
          });
        } finally {
          await copy.remove();
        }
      });
    },
  );

  async function write({ store }: OpenStore): Promise<Written> {
    const on = newStream();
    const requests = [
      contract.request(to(on, 'no-stream', ...some(3))),
      contract.request(to(on, 2, noted(newId(), 'Ayşe'))),
      contract.request(to(newStream(), 'any', ...some(2))),
    ];
    const results: AppendResult[] = [];
    for (const request of requests) results.push(await store.append(request));
    return { on, requests, results, before: await readEverything(store, contract.chain) };
  }

  /** Content, positions, revisions, command ids and what was boxed: all as if nothing had happened. */
  async function expectToGoOn({ store, codec }: OpenStore, { on, requests, results, before }: Written): Promise<void> {
    expect(await readEverything(store, contract.chain)).toEqual(before);
    expect(await store.head(contract.chain.id)).toBe(before.at(-1)?.position);
    for (const [n, request] of requests.entries()) {
      expect(await store.append(request)).toEqual({ ...results[n], repeated: true });
    }
    const [boxed] = await codec.decode(contract.chain, await store.readStream(contract.chain.id, on, { from: 3 }));
    expect(boxed?.data).toMatchObject({ note: 'Ayşe' });

    const follower = new Follower(store, contract.chain, {
      after: before.length > 2 ? (before[1]?.position as number) : 0,
    });
    await expect(store.append(contract.request(to(on, 2, counted(9))))).rejects.toMatchObject({ actual: 3 });
    expect(await store.append(contract.request(to(on, 3, counted(9))))).toMatchObject({ revisions: { [on]: 4 } });
    const after = await readEverything(store, contract.chain);
    expectSoundHistory(after, contract);
    expect(after.slice(0, -1)).toEqual(before);
    await follower.reaches();
    await follower.stop();
    expect(follower.events).toEqual(after.slice(2));
  }
}
