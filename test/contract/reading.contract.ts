import { UnreadableEvent } from '#libs/event-store/src/event-store.errors.js';
import { EventTypes } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Contract } from './support/contract.js';
import { counted, newStream, numbers, some, to } from './support/contract-events.js';
import { eventually } from '#test/support/eventually.js';

export function describeReading(contract: Contract): void {
  describe('reading', () => {
    it('gives a stream from a revision on, in pages', async () => {
      const on = newStream();
      await contract.append(to(on, 'no-stream', ...Array.from({ length: 10 }, (_, n) => counted(n))));
      await contract.append(to(newStream(), 'no-stream', counted(99)));
      const read = async (from?: number, limit?: number) =>
        numbers(await contract.store.readStream(contract.chain.id, on, { from, limit }));
      expect(await read()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await read(0, 3)).toEqual([0, 1, 2]);
      expect(await read(8)).toEqual([8, 9]);
      expect(await read(4, 2)).toEqual([4, 5]);
      expect(await read(10)).toEqual([]);
    });

    it('gives a chain between two positions, both included', async () => {
      for (let n = 0; n < 6; n += 1) await contract.append(to(newStream(), 'any', counted(n)));
      const { id } = contract.chain;
      const all = await contract.store.readAll(id);
      const at = all.map((event) => event.position);
      expect(numbers(all)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(numbers(await contract.store.readAll(id, { from: at[2] as number }))).toEqual([2, 3, 4, 5]);
      expect(numbers(await contract.store.readAll(id, { from: at[2] as number, to: at[4] as number }))).toEqual([
        2, 3, 4,
      ]);
      expect(numbers(await contract.store.readAll(id, { from: at[1] as number, limit: 2 }))).toEqual([1, 2]);
      expect(await contract.store.readAll(id, { from: (at[5] as number) + 1 })).toEqual([]);
    });

    it('gives what was written as it was written, beside who, where and when', async () => {
      const on = newStream();
      const context = {
        actor: 'user:nurse',
        origin: 'import',
        site: newId(),
        correlationId: newId(),
        causationId: newId(),
      } as const;
      const { commandId, ...request } = contract.request(to(on, 'no-stream', counted(7)), { context });
      await contract.store.append({ commandId, ...request });
      const [stored] = await contract.store.readStream(contract.chain.id, on);
      expect(stored).toMatchObject({
        chain: contract.chain.id,
        stream: on,
        revision: 0,
        data: '{"open":{"n":7}}',
        header: { ...context, type: 'Counted', version: 1, commandId, occurredAt: counted(7).occurredAt },
      });
      expect(await contract.store.readAll(contract.chain.id)).toEqual([stored]);
      expect(await contract.codec.decode(contract.chain, [stored as NonNullable<typeof stored>])).toMatchObject([
        { type: 'Counted', data: { n: 7 } },
      ]);
    });

    it('gives nothing of a stream or a chain that has nothing', async () => {
      expect(await contract.store.readStream(contract.chain.id, newStream())).toEqual([]);
      expect(await contract.store.readAll(contract.chain.id)).toEqual([]);
      expect(await contract.store.head(contract.chain.id)).toBe(0);
    });

    it('gives the heads of all chains in one answer', async () => {
      const other = await contract.place.newChain();
      const { position } = await contract.append(to(newStream(), 'any', ...some(3)));
      const heads = await contract.store.heads();
      expect(heads.get(contract.chain.id)).toBe(position);
      expect(heads.get(other.id) ?? 0).toBe(0);
    });

    it('of an event whose type this version does not know fails with a typed error, and loses nothing', async () => {
      const on = newStream();
      await contract.append(to(on, 'no-stream', counted(1)));
      const older = await contract.place.open({ eventTypes: new EventTypes([]) });
      const stored = await older.store.readStream(contract.chain.id, on);
      const decoding = older.codec.decode(contract.chain, stored);
      await expect(decoding).rejects.toBeInstanceOf(UnreadableEvent);
      await expect(decoding).rejects.toThrow(`${on}, revision 0`);
      expect(await contract.codec.decode(contract.chain, stored)).toMatchObject([{ data: { n: 1 } }]);
    });
  });

  it('hints that a chain has new events', async () => {
    // In another process, where there may be one.
    const several = contract.adapter.features.has('processes');
    const { store: other } = several ? await contract.place.open() : contract;
    const hinted = new Set<string>();
    const stop = other.onAppended((chain) => hinted.add(chain));
    // Hints between processes are put together for some milliseconds, and one may be lost: but not all of them.
    await eventually('a hint', async () => {
      await contract.append(to(newStream(), 'any', counted(1)));
      return hinted.has(contract.chain.id) || undefined;
    });
    stop();
  });
}
