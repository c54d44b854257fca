import { APPEND_BYTES_MAX, APPEND_EVENTS_MAX, EVENT_BYTES_MAX } from '#libs/event-store/src/codec.js';
import { AppendTooLarge, WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import type { ExpectedRevision } from '#libs/event-store/src/event-store.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Contract } from './support/contract.js';
import { itWhere } from './support/contract.js';
import { counted, newStream, numbers, some, to, written } from './support/contract-events.js';
import { expectSoundHistory, readEverything } from './support/history-checks.js';

/** Store instances in the race for one stream, as many processes would have. */
const INSTANCES = 4;
/** More than two instances take in one batch each, and no round number. */
const MANY = 777;

export function describeAppending(contract: Contract): void {
  describe('an append with an expected revision', () => {
    it('numbers the events of a stream from 0 and orders those of the chain', async () => {
      const [a, b] = [newStream(), newStream()];
      const first = await contract.append(to(a, 'no-stream', counted(1), counted(2)));
      const second = await contract.append(to(b, 'no-stream', counted(3)));
      const third = await contract.append(to(a, 1, counted(4)));
      expect([first, second, third].map((result) => result.revisions)).toEqual([{ [a]: 1 }, { [b]: 0 }, { [a]: 2 }]);
      expect([first, second, third].map((result) => result.repeated)).toEqual([false, false, false]);
      const all = await readEverything(contract.store, contract.chain);
      expectSoundHistory(all, contract);
      expect(numbers(all)).toEqual([1, 2, 3, 4]);
      expect([first.position, second.position, third.position]).toEqual(
        [all[1], all[2], all[3]].map((event) => event?.position),
      );
      expect(await contract.store.head(contract.chain.id)).toBe(third.position);
    });

    itWhere(contract.gapFree, 'gives positions from 1 without a gap', async () => {
      const on = newStream();
      await expect(contract.append(to(on, 'any', ...some(3)))).resolves.toMatchObject({ position: 3 });
      await expect(contract.append(to(on, 7, counted(1)))).rejects.toBeInstanceOf(WrongExpectedRevision);
      await expect(contract.append(to(on, 'any', counted(1)))).resolves.toMatchObject({ position: 4 });
    });

    it.each<[ExpectedRevision, boolean]>([
      ['no-stream', false],
      ['exists', true],
      ['any', true],
      [0, false],
      [1, true],
      [2, false],
      [700, false],
      [-1, false],
    ])('of %p on a stream at revision 1: accepted is %p', async (expected, accepted) => {
      const on = newStream();
      await contract.append(to(on, 'no-stream', ...some(2)));
      const append = contract.append(to(on, expected, counted(3)));
      if (accepted) await expect(append).resolves.toMatchObject({ revisions: { [on]: 2 } });
      else await expectConflict(append, on, expected, 1);
      expect(await contract.store.readStream(contract.chain.id, on)).toHaveLength(accepted ? 3 : 2);
    });

    it.each<[ExpectedRevision, boolean]>([
      ['no-stream', true],
      ['exists', false],
      ['any', true],
      [0, false],
      [-1, true],
    ])('of %p where there is no stream: accepted is %p', async (expected, accepted) => {
      const on = newStream();
      const append = contract.append(to(on, expected, counted(1)));
      if (accepted) await expect(append).resolves.toMatchObject({ revisions: { [on]: 0 } });
      else await expectConflict(append, on, expected, -1);
      expect(await contract.store.readStream(contract.chain.id, on)).toHaveLength(accepted ? 1 : 0);
    });

    it.each([-2, -3, 0.5, 2 ** 31, Number.MAX_SAFE_INTEGER, Number.NaN])(
      'never takes %p, which no stream can have, for a revision or a word',
      async (expected) => {
        const on = newStream();
        await contract.append(to(on, 'no-stream', counted(1)));
        await expectConflict(contract.append(to(on, expected, counted(2))), on, expected, 0);
      },
    );

    it('speaks of the stream as it was before the append, also when that names it twice', async () => {
      const on = newStream();
      await expectConflict(contract.append([to(on, 'any', counted(1)), to(on, 0, counted(2))]), on, 0, -1);
      await expect(contract.append([to(on, 'no-stream', counted(1)), to(on, -1, counted(2))])).resolves.toMatchObject({
        revisions: { [on]: 1 },
      });
      expect(numbers(await contract.store.readStream(contract.chain.id, on))).toEqual([1, 2]);
    });

    it('says nothing about the same stream in another chain', async () => {
      const on = newStream();
      await contract.append(to(on, 'no-stream', ...some(2)));
      const other = await contract.place.newChain();
      await expect(contract.append(to(on, 'no-stream', counted(1)), { chain: other.id })).resolves.toMatchObject({
        revisions: { [on]: 0 },
      });
      expect(await contract.store.readStream(contract.chain.id, on)).toHaveLength(2);
    });

    it('is refused where the chain does not exist', async () => {
      const append = contract.append(to(newStream(), 'any', counted(1)), { chain: newId() });
      await expect(append).rejects.toMatchObject({ kind: 'not-found', code: 'chain.unknown' });
    });
  });

  describe('an append without events', () => {
    it('leaves no trace and tells the head', async () => {
      const { position } = await contract.append(to(newStream(), 'no-stream', ...some(2)));
      const on = newStream();
      const nothing = { position, revisions: {}, repeated: false };
      expect(await contract.append(to(on, 'any'))).toEqual(nothing);
      expect(await contract.append([])).toEqual(nothing);
      expect(await contract.store.readStream(contract.chain.id, on)).toEqual([]);
      expect(await contract.store.head(contract.chain.id)).toBe(position);
    });

    it('on an empty chain gives position 0', async () => {
      expect(await contract.append(to(newStream(), 'no-stream'))).toMatchObject({ position: 0 });
    });

    it('is refused all the same when the revision is another', async () => {
      const on = newStream();
      await expectConflict(contract.append(to(on, 'exists')), on, 'exists', -1);
    });
  });

  describe('an append of more than goes at once', () => {
    /** As large as an event may be, with room for its header. */
    const large = written('x'.repeat(EVENT_BYTES_MAX - 1_000));

    it.each<[string, () => NewEvent[], object]>([
      [
        'too many events',
        () => some(APPEND_EVENTS_MAX),
        { events: APPEND_EVENTS_MAX + 1, eventsMax: APPEND_EVENTS_MAX },
      ],
      [
        'too many bytes',
        () => Array<NewEvent>(Math.ceil(APPEND_BYTES_MAX / (EVENT_BYTES_MAX - 1_000))).fill(large),
        { bytesMax: APPEND_BYTES_MAX },
      ],
    ])('is refused for %s, and leaves no trace', async (_what, events, data) => {
      const [small, on] = [newStream(), newStream()];
      const append = contract.append([to(small, 'any', counted(1)), to(on, 'no-stream', ...events())]);
      await expect(append).rejects.toBeInstanceOf(AppendTooLarge);
      await expect(append).rejects.toMatchObject({ kind: 'invalid', code: 'append.too-large', data });
      expect(await readEverything(contract.store, contract.chain)).toEqual([]);
    });

    itWhere(contract.adapter.features.has('relational'), 'is not one of as many events as may be', async () => {
      const on = newStream();
      await expect(contract.append(to(on, 'no-stream', ...some(APPEND_EVENTS_MAX)))).resolves.toMatchObject({
        revisions: { [on]: APPEND_EVENTS_MAX - 1 },
      });
    });
  });

  it('lets one of twenty writers that race for one stream win, and tells the others the actual revision', async () => {
    const opened = await Promise.all(Array.from({ length: INSTANCES }, () => contract.place.open()));
    const on = newStream();
    await contract.append(to(on, 'no-stream', counted(100)));
    for (let actual = 1; actual <= 5; actual += 1) {
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) =>
          (opened[n % INSTANCES] as (typeof opened)[number]).store.append(
            contract.request(to(on, actual - 1, counted(n))),
          ),
        ),
      );
      const won = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []));
      const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      expect([won.length, lost.length]).toEqual([1, 19]);
      for (const error of lost) {
        expect(error).toBeInstanceOf(WrongExpectedRevision);
        expect(error).toMatchObject({ stream: on, expected: actual - 1, actual });
      }
      const events = await contract.store.readStream(contract.chain.id, on);
      expect(numbers(events).slice(actual)).toEqual(won);
    }
  });

  it('carries out every one of more appends than go together at a time', async () => {
    const { store: other } = await contract.place.open();
    const streams = Array.from({ length: 7 }, newStream);
    const requests = Array.from({ length: MANY }, (_, n) =>
      contract.request(to(streams[n % 7] as string, 'any', counted(n))),
    );
    const results = await Promise.all(requests.map((request, n) => (n % 2 ? contract.store : other).append(request)));
    const all = await readEverything(contract.store, contract.chain);
    expectSoundHistory(all, contract);
    expect(numbers(all).sort((a, b) => a - b)).toEqual(requests.map((_, n) => n));
    const positions = new Map(all.map((event) => [event.header.commandId, event.position]));
    expect(requests.map(({ commandId }) => positions.get(commandId))).toEqual(results.map(({ position }) => position));
  });

  it('lets an append of a batch that conflicts fail alone', async () => {
    const on = newStream();
    const results = await Promise.allSettled([
      contract.append(to(on, 'no-stream', counted(1))),
      contract.append(to(on, 5, counted(2))),
      contract.append(to(newStream(), 'exists', counted(3))),
      contract.append(to(newStream(), 'no-stream', counted(4))),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    const all = await readEverything(contract.store, contract.chain);
    expectSoundHistory(all, contract);
    expect(numbers(all).sort((a, b) => a - b)).toEqual([1, 4]);
  });

  itWhere(
    contract.adapter.features.has('relational'),
    'decides the appends of one batch in the order of their arrival',
    async () => {
      const on = newStream();
      const results = await Promise.allSettled([
        contract.append(to(on, 'no-stream', counted(1))),
        contract.append(to(on, 5, counted(2))),
        contract.append(to(on, 0, counted(3))),
        contract.append(to(on, 'exists', counted(4))),
      ]);
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
      expect(results[1]).toMatchObject({ reason: { actual: 0 } });
      expect(numbers(await readEverything(contract.store, contract.chain))).toEqual([1, 3, 4]);
    },
  );
}

async function expectConflict(
  append: Promise<unknown>,
  stream: string,
  expected: ExpectedRevision,
  actual: number,
): Promise<void> {
  await expect(append).rejects.toBeInstanceOf(WrongExpectedRevision);
  await expect(append).rejects.toMatchObject({ code: 'stream.wrong-revision', stream, expected, actual });
}
