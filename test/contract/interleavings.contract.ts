import fc from 'fast-check';
import { setTimeout as pause } from 'node:timers/promises';
import { WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import type { AppendRequest, AppendResult, EventStore, ExpectedRevision } from '#libs/event-store/src/event-store.js';
import { filterOf } from '#libs/event-store/src/subscription.js';
import type { Contract } from './support/contract.js';
import { counted, noted, to } from './support/contract-events.js';
import { Follower } from './support/follower.js';
import { byCommand, expectSoundHistory, readEverything } from './support/history-checks.js';
import { newId } from '#libs/kernel/src/ids.js';

const STREAMS = ['thing-0', 'thing-1', 'other-2', 'other-3'];
const INSTANCES = 3;
/** Some 20 appends each: some ten to twenty seconds in all. */
const RUNS = 100;
const PAUSE_MS_MAX = 15;

const streamOf = fc.constantFrom(...STREAMS);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      streams: fc.uniqueArray(streamOf, { minLength: 1, maxLength: 3 }),
      events: fc.integer({ min: 0, max: 4 }),
      expected: fc.constantFrom<ExpectedRevision>('any', 'any', 'exists', 'no-stream', 0, 2, 5),
    }),
  },
  // Sends something again that this writer has sent before, perhaps while the first answer is still awaited.
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('repeat' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.nat(PAUSE_MS_MAX) }) },
);

const writer = fc.record({
  instance: fc.nat(INSTANCES - 1),
  /** Appends of this writer that go out without waiting for the one before. */
  together: fc.integer({ min: 1, max: 4 }),
  steps: fc.array(step, { maxLength: 12 }),
});

const subscriber = fc.record({
  instance: fc.nat(INSTANCES - 1),
  startAfterMs: fc.nat(60),
  /** From which share of what is there at that moment. */
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  pageEvents: fc.integer({ min: 1, max: 30 }),
  filter: fc.record(
    {
      stream: streamOf,
      categories: fc.uniqueArray(fc.constantFrom('thing', 'other'), { minLength: 1 }),
      types: fc.uniqueArray(fc.constantFrom('Counted', 'Noted'), { minLength: 1 }),
    },
    { requiredKeys: [] },
  ),
});

type Writer = typeof writer extends fc.Arbitrary<infer T> ? T : never;
type Subscriber = typeof subscriber extends fc.Arbitrary<infer T> ? T : never;

/** What came of a request: of the same command id there may be several. */
interface Answer {
  readonly request: AppendRequest;
  readonly outcome: AppendResult | WrongExpectedRevision;
}

export function describeInterleavings(contract: Contract): void {
  it('gives the same sound history to every subscriber, however writers interleave', async () => {
    const opened = await Promise.all(Array.from({ length: INSTANCES }, () => contract.place.open()));
    const storeOf = (instance: number) => (opened[instance] as (typeof opened)[number]).store;
    const writers = fc.array(writer, { minLength: 1, maxLength: 4 });
    const subscribers = fc.array(subscriber, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(writers, subscribers, async (writing, reading) => {
        contract.chain = await contract.place.newChain();
        const following = reading.map((each) => follow(storeOf(each.instance), each));
        const answers = (await Promise.all(writing.map((each) => write(storeOf(each.instance), each)))).flat();
        const all = await readEverything(contract.store, contract.chain);
        expectSoundHistory(all, contract);
        expectAnswersToFit(answers, byCommand(all), all.length);
        for (const [n, each] of (await Promise.all(following)).entries()) {
          await each.follower.reaches();
          await each.follower.stop();
          const passes = filterOf((reading[n] as Subscriber).filter);
          expect(each.follower.events).toEqual(all.filter((event) => event.position > each.after && passes(event)));
        }
      }),
      { numRuns: RUNS },
    );
  });

  async function write(store: EventStore, { together, steps }: Writer): Promise<Answer[]> {
    const sent: AppendRequest[] = [];
    const answers: Promise<Answer>[] = [];
    for (const each of steps) {
      if (each.kind === 'pause') {
        await pause(each.ms);
        continue;
      }
      const request = each.kind === 'append' ? requestOf(each) : sent[each.which % sent.length];
      if (request === undefined) continue;
      sent.push(request);
      answers.push(
        store.append(request).then(
          (outcome) => ({ request, outcome }),
          (error: unknown) => {
            if (!(error instanceof WrongExpectedRevision)) throw error;
            return { request, outcome: error };
          },
        ),
      );
      if (answers.length % together === 0) await answers.at(-1);
    }
    return Promise.all(answers);
  }

  function requestOf(append: { streams: string[]; events: number; expected: ExpectedRevision }): AppendRequest {
    const streams = contract.adapter.capabilities.atomicStreams ? append.streams : append.streams.slice(0, 1);
    const event = (n: number) => (n % 2 === 0 ? counted(n) : noted(newId(), 'x'));
    const events = Array.from({ length: append.events }, (_, n) => event(n));
    return contract.request(streams.map((stream) => to(stream, append.expected, ...events)));
  }

  async function follow(store: EventStore, { startAfterMs, from, pageEvents, filter }: Subscriber) {
    await pause(startAfterMs);
    const after = Math.floor((await store.head(contract.chain.id)) * from);
    return { after, follower: new Follower(store, contract.chain, { after, pageEvents, filter }) };
  }

  /** Each acknowledged command stands there once and whole, each refused one not at all. */
  function expectAnswersToFit(
    answers: readonly Answer[],
    stored: ReturnType<typeof byCommand>,
    storedEvents: number,
  ): void {
    let explained = 0;
    for (const [commandId, given] of groupAnswers(answers)) {
      const { request } = given[0] as Answer;
      const wanted = request.streams.reduce((sum, { events }) => sum + events.length, 0);
      const results = given.flatMap(({ outcome }) => (outcome instanceof WrongExpectedRevision ? [] : [outcome]));
      const own = stored.get(commandId) ?? [];
      expect([commandId, own.length]).toEqual([commandId, results.length > 0 ? wanted : 0]);
      if (own.length === 0) continue;
      explained += own.length;
      expect(results.filter(({ repeated }) => !repeated)).toHaveLength(1);
      const revisions = Object.fromEntries(own.map((event) => [event.stream, event.revision]));
      for (const result of results) expect(result).toMatchObject({ position: own.at(-1)?.position, revisions });
      if (!contract.gapFree) continue;
      const first = own[0]?.position as number;
      expect(own.map((event) => event.position)).toEqual(own.map((_, n) => first + n));
    }
    expect(explained).toBe(storedEvents);
  }
}

function groupAnswers(answers: readonly Answer[]): Map<string, Answer[]> {
  const groups = new Map<string, Answer[]>();
  for (const answer of answers) {
    groups.set(answer.request.commandId, [...(groups.get(answer.request.commandId) ?? []), answer]);
  }
  return groups;
}
