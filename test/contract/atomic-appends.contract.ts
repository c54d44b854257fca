import { PistorError } from '#libs/kernel/src/errors.js';
import { GuardFailed, WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import type { OpenStore } from './support/event-store.adapter.js';
import type { Contract } from './support/contract.js';
import { describeWhere, itWhere } from './support/contract.js';
import { counted, newStream, numbers, some, to } from './support/contract-events.js';
import { expectSoundHistory, readEverything } from './support/history-checks.js';

export function describeAtomicAppends(contract: Contract): void {
  const { features, capabilities } = contract.adapter;
  const { atomicStreams, guards } = capabilities;

  describeWhere(atomicStreams, 'an append to several streams', () => {
    it('writes all of them, one after the other', async () => {
      const [a, b, c] = [newStream(), newStream(), newStream()];
      await contract.append(to(b, 'no-stream', counted(0)));
      const { revisions, position } = await contract.append([
        to(a, 'no-stream', counted(1), counted(2)),
        to(b, 0, counted(3)),
        to(c, 'any', counted(4)),
      ]);
      expect(revisions).toEqual({ [a]: 1, [b]: 1, [c]: 0 });
      const all = await readEverything(contract.store, contract.chain);
      expectSoundHistory(all, contract);
      expect(numbers(all)).toEqual([0, 1, 2, 3, 4]);
      expect(all.at(-1)?.position).toBe(position);
    });

    it.each([0, 1, 2])('writes none when the expectation about number %i fails', async (failing) => {
      const streams = [newStream(), newStream(), newStream()];
      const append = contract.append(
        streams.map((stream, n) => to(stream, n === failing ? 'exists' : 'no-stream', counted(n))),
      );
      await expect(append).rejects.toBeInstanceOf(WrongExpectedRevision);
      await expect(append).rejects.toMatchObject({ stream: streams[failing], actual: -1 });
      expect(await readEverything(contract.store, contract.chain)).toEqual([]);
    });

    it('checks a stream to which it writes nothing', async () => {
      const [a, b] = [newStream(), newStream()];
      await contract.append(to(b, 'no-stream', ...some(2)));
      const onlyChecked = contract.append([to(a, 'no-stream', counted(1)), to(b, 0)]);
      await expect(onlyChecked).rejects.toMatchObject({ stream: b, actual: 1 });
      await expect(contract.append([to(a, 'no-stream', counted(1)), to(b, 1)])).resolves.toMatchObject({
        revisions: { [a]: 0 },
      });
    });

    itWhere(features.has('relational'), 'is all or nothing for every reader, while many write crosswise', async () => {
      const names = [newStream(), newStream(), newStream()];
      const { store: other } = await contract.place.open();
      const writers = Array.from({ length: 24 }, (_, n) => {
        const order = n % 2 === 0 ? names : [...names].reverse();
        return (n % 3 === 0 ? other : contract.store).append(
          contract.request(order.map((stream) => to(stream, 'any', counted(n)))),
        );
      });
      const writing = Promise.all(writers);
      let over = false;
      void writing.finally(() => (over = true)).catch(() => undefined);
      while (!over) {
        const seen = numbers(await contract.store.readAll(contract.chain.id));
        for (const n of new Set(seen)) expect([n, seen.filter((each) => each === n).length]).toEqual([n, 3]);
      }
      await writing;
      const all = await readEverything(contract.store, contract.chain);
      expectSoundHistory(all, contract);
      expect(all).toHaveLength(24 * 3);
    });
  });

  if (!atomicStreams) {
    it('refuses an append to several streams with a typed error, and writes none of them', async () => {
      const append = contract.append([newStream(), newStream()].map((stream) => to(stream, 'any', counted(1))));
      await expect(append).rejects.toBeInstanceOf(PistorError);
      expect(await readEverything(contract.store, contract.chain)).toEqual([]);
    });
  }

  describeWhere(guards, 'a guard', () => {
    it('holds while the stream that was read has not moved', async () => {
      const [read, written] = [newStream(), newStream()];
      await contract.append(to(read, 'no-stream', ...some(2)));
      for (const guard of [
        { stream: read, revision: 1 },
        { stream: newStream(), revision: -1 },
      ]) {
        await expect(contract.append(to(written, 'any', counted(1)), { guards: [guard] })).resolves.toMatchObject({
          repeated: false,
        });
      }
    });

    it.each([-1, 0, 2, -2, -3])('of %i fails the append when the stream is at 1, and says so', async (revision) => {
      const [read, written] = [newStream(), newStream()];
      await contract.append(to(read, 'no-stream', ...some(2)));
      const append = contract.append(to(written, 'any', counted(3)), { guards: [{ stream: read, revision }] });
      await expect(append).rejects.toBeInstanceOf(GuardFailed);
      await expect(append).rejects.toMatchObject({
        code: 'stream.guard-failed',
        stream: read,
        expected: revision,
        actual: 1,
      });
      expect(await contract.store.readStream(contract.chain.id, written)).toEqual([]);
    });

    it('fails the append when one of many does', async () => {
      const reads = [newStream(), newStream(), newStream()];
      await contract.append(to(reads[1] as string, 'no-stream', counted(0)));
      const append = contract.append(to(newStream(), 'any', counted(1)), {
        guards: reads.map((stream) => ({ stream, revision: -1 })),
      });
      await expect(append).rejects.toMatchObject({ stream: reads[1], expected: -1, actual: 0 });
    });

    it('sees what an append wrote that was sent in the same moment', async () => {
      const [read, written] = [newStream(), newStream()];
      const [first, second] = await Promise.allSettled([
        contract.append(to(read, 'no-stream', counted(1))),
        contract.append(to(written, 'no-stream', counted(2)), { guards: [{ stream: read, revision: -1 }] }),
      ]);
      // Whichever came first: the guarded one never stands behind what it had not seen.
      const order = numbers(await readEverything(contract.store, contract.chain));
      expect(first.status).toBe('fulfilled');
      expect(order).toEqual(second.status === 'fulfilled' ? [2, 1] : [1]);
    });

    it('that two hold on each other’s stream lets one of them through', async () => {
      for (let round = 0; round < 10; round += 1) {
        const [a, b] = [newStream(), newStream()];
        const results = await Promise.allSettled([
          contract.append(to(a, 'any', counted(1)), { guards: [{ stream: b, revision: -1 }] }),
          contract.append(to(b, 'any', counted(2)), { guards: [{ stream: a, revision: -1 }] }),
        ]);
        expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
      }
    });

    it('is as good across instances, where some write what others guard, crosswise, without a deadlock', async () => {
      const opened = await Promise.all([contract.place.open(), contract.place.open()]);
      const names = Array.from({ length: 6 }, newStream);
      let appended = 0;
      const write = async ({ store }: OpenStore, n: number) => {
        const [written, guarded] = [names[n % 6] as string, names[(n * 5 + 1) % 6] as string];
        if (written === guarded) return;
        const revision = (await store.readStream(contract.chain.id, guarded)).length - 1;
        await store
          .append(contract.request(to(written, 'any', counted(n)), { guards: [{ stream: guarded, revision }] }))
          .then(
            () => (appended += 1),
            // Another one was faster: that is what a guard is for. Anything else is a fault.
            (error: unknown) => expect(error).toBeInstanceOf(GuardFailed),
          );
      };
      const writer = async (each: OpenStore, from: number) => {
        for (let n = from; n < from + 60; n += 1) await write(each, n);
      };
      await Promise.all(opened.flatMap((each, s) => [0, 1, 2, 3].map((w) => writer(each, s * 1000 + w * 7))));
      const all = await readEverything(contract.store, contract.chain);
      expectSoundHistory(all, contract);
      expect(all).toHaveLength(appended);
    });
  });
}
