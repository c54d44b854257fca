import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '#test/support/eventually.js';
import { Overloaded, PistorError, Unavailable } from '#libs/kernel/src/errors.js';
import type { AppendRequest, AppendResult, EventStore } from '#libs/event-store/src/event-store.js';
import { counted, newStream, numbers, some, to } from './support/contract-events.js';
import type { Contract } from './support/contract.js';
import { describeWhere, itWhere } from './support/contract.js';
import type { LoseAnswers, Place } from './support/event-store.adapter.js';
import { byCommand, expectSoundHistory, readEverything } from './support/history-checks.js';

const WRITERS = 16;
/** Cuts of all connections while the writers write, and how many appends are answered between two of them. */
const CUTS = 6;
const BETWEEN_CUTS = 40;
/** A writer that is refused at once must not spin. */
const PAUSE_MS = 2;

interface Sent {
  readonly request: AppendRequest;
  /** Undefined where there was none. */
  readonly answer: AppendResult | undefined;
}

export function describeFaults(contract: Contract): void {
  const { features, capabilities } = contract.adapter;

  itWhere(
    features.has('harm'),
    'loses and doubles nothing when the database goes again and again in the middle of batches',
    async () => {
      await contract.inPlace(async (place) => {
        const { store } = await place.open();
        const { store: other } = await place.open();
        contract.chain = await place.newChain();
        await store.append(contract.request(to(newStream(), 'any', counted(0))));

        const sent: Sent[] = [];
        const over = new AbortController();
        const writing = Array.from({ length: WRITERS }, (_, w) => writeOn(w % 2 ? store : other, w, sent, over.signal));
        await cutAgainAndAgain(place, sent).finally(() => over.abort());
        await Promise.all(writing);

        const atFirst = byCommand(await persistently(() => readEverything(store, contract.chain)));
        const answered = sent.filter(({ answer }) => answer !== undefined);
        for (const { request, answer } of answered) {
          expect([request.commandId, atFirst.get(request.commandId)?.at(-1)?.position]).toEqual([
            request.commandId,
            answer?.position,
          ]);
        }
        // Everything can be sent again, whether it had been carried out or not.
        for (const { request } of sent) {
          const there = atFirst.has(request.commandId);
          expect(await persistently(() => other.append(request))).toMatchObject({ repeated: there });
        }
        const all = await readEverything(store, contract.chain);
        expectSoundHistory(all, contract);
        expect(all).toHaveLength(1 + sent.length * eventsEach);
        expect(new Set([...byCommand(all).values()].map((own) => own.length))).toEqual(new Set([1, eventsEach]));
      });
    },
  );

  describeWhere(features.has('proxy'), 'an answer that is lost on the way', () => {
    async function withLostAnswers(test: (store: EventStore, loseAnswers: LoseAnswers) => Promise<void>) {
      const way = await contract.place.behindProxy?.();
      if (way === undefined) throw new Error('This place has no proxy');
      try {
        const { store } = await way.place.open();
        await store.append(contract.request(to(newStream(), 'any', counted(0))));
        await test(store, way.loseAnswers);
      } finally {
        await way.place.remove();
      }
    }

    it('is asked for again, and every append of the batch gets its own', () =>
      withLostAnswers(async (store, loseAnswers) => {
        const on = newStream();
        loseAnswers(1);
        const results = await Promise.allSettled([
          store.append(contract.request(to(on, 'no-stream', counted(1)))),
          store.append(contract.request(to(on, 5, counted(2)))),
          store.append(contract.request(to(on, 0, counted(3)))),
        ]);
        expect(results).toMatchObject([
          { status: 'fulfilled', value: { revisions: { [on]: 0 }, position: 2, repeated: true } },
          { status: 'rejected', reason: { code: 'stream.wrong-revision', stream: on } },
          { status: 'fulfilled', value: { revisions: { [on]: 1 }, position: 3, repeated: true } },
        ]);
        expect(numbers(await readEverything(contract.store, contract.chain))).toEqual([0, 1, 3]);
      }));

    it('again and again is a typed error, after which the same command may be sent once more', () =>
      withLostAnswers(async (store, loseAnswers) => {
        const command = contract.request(to(newStream(), 'no-stream', counted(1)));
        loseAnswers(2);
        await expect(store.append(command)).rejects.toBeInstanceOf(Unavailable);
        expect(await store.append(command)).toMatchObject({ position: 2, repeated: true });
        expect(numbers(await readEverything(contract.store, contract.chain))).toEqual([0, 1]);
      }));
  });

  itWhere(
    features.has('bounded'),
    'refuses more than may wait with a typed error, and takes again what comes later',
    async () => {
      const waitingMax = 5;
      const { store } = await contract.place.open({ waitingMax });
      const sent = Array.from({ length: 60 }, (_, n) => contract.request(to(newStream(), 'any', counted(n))));
      const results = await Promise.allSettled(sent.map((request) => store.append(request)));
      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.length).toBeLessThan(sent.length);
      for (const { reason } of refused) {
        expect(reason).toBeInstanceOf(Overloaded);
        expect(reason).toMatchObject({ kind: 'overloaded', code: 'append.overloaded' });
      }
      expect(await readEverything(store, contract.chain)).toHaveLength(sent.length - refused.length);
      // One after the other there is room for all.
      for (const request of sent) await store.append(request);
      const all = await readEverything(store, contract.chain);
      expectSoundHistory(all, contract);
      expect(numbers(all).sort((a, b) => a - b)).toEqual(sent.map((_, n) => n));
    },
  );

  itWhere(
    features.has('relational'),
    'lets the one append of a batch that the database rejects fail alone',
    async () => {
      const on = newStream();
      const culprit = contract.request(to(on, 'any', counted(2)), { commandId: 'not a UUID' });
      const results = await Promise.allSettled([
        contract.append(to(on, 'no-stream', counted(1))),
        contract.store.append(culprit),
        contract.append(to(on, 0, counted(3))),
        contract.append(to(newStream(), 'any', counted(4))),
      ]);
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
      const all = await readEverything(contract.store, contract.chain);
      expectSoundHistory(all, contract);
      expect(numbers(all)).toEqual([1, 3, 4]);
    },
  );

  describeWhere(features.has('relational'), 'a clock of the machine that was set back', () => {
    const recordedIn = (seconds: number) =>
      contract.place.asOwner?.(
        `update chain set recorded_at = clock_timestamp() + interval '${seconds} s' where no = ${contract.chain.no}`,
      );

    it('by a few seconds is waited out: time of recording does not go back', async () => {
      await contract.append(to(newStream(), 'any', counted(1)));
      await recordedIn(5);
      await contract.append(to(newStream(), 'any', counted(2)));
      await contract.append(to(newStream(), 'any', counted(3)));
      const all = await readEverything(contract.store, contract.chain);
      expectSoundHistory(all, contract);
      expect(Date.parse(all[1]?.recordedAt as string)).toBeGreaterThan(Date.now());
    });

    it('by more refuses every append of the chain with a typed error, until the clock is right', async () => {
      const other = await contract.place.newChain();
      const on = newStream();
      await contract.append(to(on, 'any', counted(1)));
      await recordedIn(60);
      const requests = [to(on, 0, counted(2)), to(newStream(), 'any', counted(3))].map((each) =>
        contract.request(each),
      );
      for (const result of await Promise.allSettled(requests.map((request) => contract.store.append(request)))) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'clock.set-back' } });
        expect((result as PromiseRejectedResult).reason).toBeInstanceOf(PistorError);
      }
      expect(await readEverything(contract.store, contract.chain)).toHaveLength(1);
      await expect(contract.append(to(on, 'any', counted(1)), { chain: other.id })).resolves.toMatchObject({
        position: 1,
      });

      await recordedIn(0);
      for (const request of requests)
        await expect(contract.store.append(request)).resolves.toMatchObject({ repeated: false });
      const all = await readEverything(contract.store, contract.chain);
      expectSoundHistory(all, contract);
      expect(numbers(all)).toEqual([1, 2, 3]);
    });
  });

  const eventsEach = capabilities.atomicStreams ? 3 : 2;

  async function writeOn(store: EventStore, w: number, sent: Sent[], over: AbortSignal): Promise<void> {
    for (let n = 0; !over.aborted; n += 1) {
      const shared = to(`thing-shared-${n % 3}`, 'any', ...some(2, w));
      const own = to(newStream(), 'no-stream', counted(w));
      const request = contract.request(capabilities.atomicStreams ? [shared, own] : [shared]);
      const answer = await store.append(request).catch((error: unknown) => {
        expect(error).toBeInstanceOf(Unavailable);
        return undefined;
      });
      sent.push({ request, answer });
      await pause(PAUSE_MS);
    }
  }
}

/** Cuts all connections again whenever some appends have been answered since the last time. */
async function cutAgainAndAgain(place: Place, sent: readonly Sent[]): Promise<void> {
  for (let n = 0, from = 0; n < CUTS; n += 1) {
    const answered = () => sent.slice(from).filter(({ answer }) => answer !== undefined).length;
    const enough = () => Promise.resolve(answered() >= BETWEEN_CUTS || undefined);
    await eventually('appends that are answered between two cuts', enough);
    from = sent.length;
    await place.harm?.();
  }
}

/** A database that was cut off a moment ago may need some more to be there again. */
const persistently = <T>(ask: () => Promise<T>): Promise<T> =>
  eventually('an answer of the database', () =>
    ask().catch((error: unknown) => (error instanceof Unavailable ? undefined : Promise.reject(error as Error))),
  );
