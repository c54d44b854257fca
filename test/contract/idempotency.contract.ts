import { WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import type { StreamAppend } from '#libs/event-store/src/event-store.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Contract } from './support/contract.js';
import { itWhere } from './support/contract.js';
import { counted, newStream, numbers, some, to } from './support/contract-events.js';
import { expectSoundHistory, readEverything } from './support/history-checks.js';

export function describeIdempotency(contract: Contract): void {
  const { atomicStreams, guards, commandsPerChain } = contract.adapter.capabilities;

  /** Sends the command again with other content, and expects the first result and no other event. */
  async function expectFirstResult(
    commandId: string,
    first: object,
    streams: readonly StreamAppend[],
    more: object = {},
  ): Promise<void> {
    const before = await readEverything(contract.store, contract.chain);
    expect(await contract.append(streams, { commandId, ...more })).toEqual({ ...first, repeated: true });
    expect(await readEverything(contract.store, contract.chain)).toEqual(before);
  }

  describe('a command id that was seen before gives the first result and appends nothing', () => {
    it.each<[string, (on: string) => StreamAppend]>([
      ['whole', (on) => to(on, 'no-stream', counted(1), counted(2), counted(3))],
      ['with fewer events', (on) => to(on, 'no-stream', counted(1))],
      ['with the last of its events', (on) => to(on, 'no-stream', counted(3))],
      ['with more events', (on) => to(on, 'no-stream', ...some(5))],
      ['with other events', (on) => to(on, 'no-stream', counted(7), counted(8), counted(9))],
      ['with any revision', (on) => to(on, 'any', counted(1), counted(2), counted(3))],
      ['with a revision that it has now', (on) => to(on, 2, counted(1), counted(2), counted(3))],
      ['with a revision that never was', (on) => to(on, 99, counted(1), counted(2), counted(3))],
    ])('when it comes again %s', async (_what, again) => {
      const on = newStream();
      const first = contract.request(to(on, 'no-stream', counted(1), counted(2), counted(3)));
      const result = await contract.store.append(first);
      await expectFirstResult(first.commandId, result, [again(on)]);
      // Later events, of the stream and of others, change nothing about it.
      await contract.append(to(on, 2, ...some(2)));
      await contract.append(to(newStream(), 'any', counted(4)));
      await expectFirstResult(first.commandId, result, [again(on)]);
    });

    it('in another instance of the store, as in another process', async () => {
      const on = newStream();
      const first = contract.request(to(on, 'no-stream', ...some(2)));
      const result = await contract.store.append(first);
      const { store } = await contract.place.open();
      expect(await store.append(first)).toEqual({ ...result, repeated: true });
    });

    itWhere(guards, 'when a guard would fail by now', async () => {
      const [read, on] = [newStream(), newStream()];
      const first = contract.request(to(on, 'no-stream', counted(1)), { guards: [{ stream: read, revision: -1 }] });
      const result = await contract.store.append(first);
      await contract.append(to(read, 'any', counted(2)));
      await expectFirstResult(first.commandId, result, first.streams, { guards: first.guards });
    });

    itWhere(
      atomicStreams && commandsPerChain,
      'when it comes again with some of its streams, or with others',
      async () => {
        const [a, b, other] = [newStream(), newStream(), newStream()];
        const streams = [to(a, 'no-stream', counted(1), counted(2)), to(b, 'no-stream', counted(3))];
        const first = contract.request(streams);
        const result = await contract.store.append(first);
        expect(result.revisions).toEqual({ [a]: 1, [b]: 0 });
        for (const again of [
          [streams[0]],
          [streams[1]],
          [...streams].reverse(),
          [...streams, to(other, 'any', counted(4))],
          [to(other, 'any', counted(1))],
          [],
        ]) {
          await expectFirstResult(first.commandId, result, again as StreamAppend[]);
        }
        expect(await contract.store.readStream(contract.chain.id, other)).toEqual([]);
      },
    );
  });

  describe('a command id', () => {
    it('that arrives many times at once, in several instances, is carried out once', async () => {
      const { store: other } = await contract.place.open();
      const on = newStream();
      const once = contract.request(to(on, 'any', ...some(2)));
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? contract.store : other).append(once)),
      );
      expect(results.filter((result) => !result.repeated)).toHaveLength(1);
      const { position } = results[0] as (typeof results)[number];
      for (const result of results) expect(result).toMatchObject({ position, revisions: { [on]: 1 } });
      expect(await contract.store.readStream(contract.chain.id, on)).toHaveLength(2);
    });

    it('of an append that was refused may be used again', async () => {
      const on = newStream();
      const refused = contract.request(to(on, 'exists', counted(1)));
      await expect(contract.store.append(refused)).rejects.toBeInstanceOf(WrongExpectedRevision);
      await contract.append(to(on, 'no-stream', counted(0)));
      await expect(contract.store.append(refused)).resolves.toMatchObject({ repeated: false, revisions: { [on]: 1 } });
      await expect(contract.store.append(refused)).resolves.toMatchObject({ repeated: true, revisions: { [on]: 1 } });
    });

    itWhere(
      contract.adapter.features.has('relational'),
      'that is refused and carried out in one batch is carried out once',
      async () => {
        const on = newStream();
        const command = contract.request(to(on, 'exists', counted(1)));
        const results = await Promise.allSettled([
          contract.store.append(command),
          contract.append(to(on, 'no-stream', counted(0))),
          contract.store.append(command),
          contract.store.append(command),
        ]);
        expect(results.map((result) => result.status === 'fulfilled' && result.value.repeated)).toEqual([
          false,
          false,
          false,
          true,
        ]);
        expect(results[0]).toMatchObject({ status: 'rejected', reason: { actual: -1 } });
        expect(numbers(await readEverything(contract.store, contract.chain))).toEqual([0, 1]);
      },
    );

    it('is found by an append without events that names one of its streams', async () => {
      const [on, other] = [newStream(), newStream()];
      const first = contract.request(to(on, 'no-stream', ...some(2)));
      const result = await contract.store.append(first);
      await contract.append(to(on, 1, counted(3)));
      const { store } = await contract.place.open();
      for (const asked of [contract.store, store]) {
        const ask = (commandId: string) =>
          asked.append({ ...first, commandId, streams: [to(other, 'any'), to(on, 'any')] });
        expect(await ask(first.commandId)).toEqual({ ...result, repeated: true });
        expect(await ask(newId())).toMatchObject({ revisions: {}, repeated: false });
      }
      expect(await contract.store.readStream(contract.chain.id, on)).toHaveLength(3);
    });

    it('is carried out though another append asks at the same moment what it did', async () => {
      const [on, other] = [newStream(), newStream()];
      const commandId = newId();
      const ask = () => contract.append(to(on, 'any'), { commandId });
      const [, written] = await Promise.all([
        ask(),
        contract.append(to(on, 'no-stream', counted(1)), { commandId }),
        contract.append(to(other, 'any', counted(2))),
        ask(),
      ]);
      expect(written).toMatchObject({ repeated: false, revisions: { [on]: 0 } });
      expect(numbers(await contract.store.readStream(contract.chain.id, on))).toEqual([1]);
      expect(await ask()).toEqual({ ...written, repeated: true });
    });

    it('means nothing in another chain', async () => {
      const on = newStream();
      const first = contract.request(to(on, 'no-stream', counted(1)));
      await contract.store.append(first);
      const other = await contract.place.newChain();
      const there = await contract.store.append({ ...first, chain: other.id });
      expect(there).toMatchObject({ repeated: false, revisions: { [on]: 0 } });
      expect(await contract.store.readStream(other.id, on)).toHaveLength(1);
    });

    it('of an append without events is not remembered, since nothing was done', async () => {
      const on = newStream();
      const commandId = newId();
      await contract.append(to(on, 'any'), { commandId });
      await expect(contract.append(to(on, 'no-stream', counted(1)), { commandId })).resolves.toMatchObject({
        repeated: false,
        revisions: { [on]: 0 },
      });
    });

    if (atomicStreams && !commandsPerChain) {
      it('is known again in the streams that it wrote to', async () => {
        const [a, b] = [newStream(), newStream()];
        const first = contract.request([to(a, 'no-stream', counted(1)), to(b, 'no-stream', counted(2))]);
        await contract.store.append(first);
        for (const streams of first.streams) {
          expect(await contract.append([streams], { commandId: first.commandId })).toMatchObject({ repeated: true });
        }
        const all = await readEverything(contract.store, contract.chain);
        expectSoundHistory(all, contract);
        expect(numbers(all)).toEqual([1, 2]);
      });
    }
  });
}
