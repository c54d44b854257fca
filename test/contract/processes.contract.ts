import { setTimeout as pause } from 'node:timers/promises';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { StoredEvent } from '#libs/event-store/src/event-store.js';
import { type Child, startChild } from '#test/support/child-process.js';
import type { Place } from './support/event-store.adapter.js';
import type { Contract } from './support/contract.js';
import { numberOf, numbers } from './support/contract-events.js';
import { CROWD_EVENTS, crowdAppend, type CrowdOrder, NEVER } from './support/crowd.js';
import { Follower } from './support/follower.js';
import { byCommand, expectSoundHistory, readEverything } from './support/history-checks.js';

/** Each round starts its processes anew, which costs more than a second on a busy machine. */
const ROUNDS = 4;
const PROCESSES = 3;
/** Acknowledged appends after which a process may be killed, and how much longer each lives than the one before. */
const DONE_MIN = 20;
const APART_MS = 90;

/** What one killed process had said. */
interface Life {
  readonly order: CrowdOrder;
  readonly sent: readonly number[];
  /** Position of the last event by number of the append. */
  readonly done: ReadonlyMap<number, number>;
}

export function describeProcesses(contract: Contract): void {
  const { adapter } = contract;
  const severalAtOnce = adapter.features.has('processes');
  const how = severalAtOnce ? `${PROCESSES} at a time` : 'one after the other';

  it(`keeps what was acknowledged, once and whole, of processes that are killed while they append, ${how}`, async () => {
    await contract.inPlace(async (place) => {
      const chain = await place.newChain();
      // Where only one process may have the place, it is not this one yet.
      const follower = severalAtOnce
        ? new Follower((await place.open()).store, chain, { after: 0, pageEvents: 50 })
        : await place.release();
      const lives: Life[] = [];
      for (let round = 0; round < ROUNDS; round += 1) lives.push(...(await liveAndDie(place, chain, round)));

      const { store } = await place.open();
      const atFirst = byCommand(await readEverything(store, chain));
      let repeats = 0;
      for (const { order, sent, done } of lives) {
        expect(done.size).toBeGreaterThanOrEqual(DONE_MIN);
        for (const n of sent) {
          const request = crowdAppend(order, n);
          const there = atFirst.get(request.commandId) ?? [];
          // Nothing half, and nothing lost that was acknowledged.
          expect([order.writer, n, there.length]).toEqual([order.writer, n, there.length === 0 ? 0 : CROWD_EVENTS]);
          const position = done.get(n);
          if (position !== undefined)
            expect([order.writer, n, there.at(-1)?.position]).toEqual([order.writer, n, position]);
          // Whoever got no answer asks again and gets one, be it the first time or the second.
          if (position === undefined || n % 5 === 0) {
            repeats += 1;
            expect(await store.append(request)).toMatchObject({ repeated: there.length > 0 });
          }
        }
      }
      expect(repeats).toBeGreaterThan(lives.length);

      const all = await readEverything(store, chain);
      expectSoundHistory(all, contract);
      expect(numbers(all)).not.toContain(NEVER);
      expectOneCopyEach(all, lives);
      if (!(follower instanceof Follower)) return;
      await follower.reaches();
      await follower.stop();
      expect(follower.events).toEqual(all);
    });
  });

  /** Starts processes, lets them append for a while and kills them one after the other. */
  async function liveAndDie(place: Place, chain: Chain, round: number): Promise<Life[]> {
    const { atomicStreams } = adapter.capabilities;
    const count = severalAtOnce ? PROCESSES : 1;
    const orders = Array.from({ length: count }, (_, n) => ({
      location: place.location,
      chain: chain.id,
      writer: round * PROCESSES + n,
      atomicStreams,
    }));
    const children = orders.map((order) =>
      startChild('test/contract/support/append-until-killed.ts', [JSON.stringify(order)]),
    );
    try {
      await Promise.all(children.map(hasAppended));
    } finally {
      for (const child of children) {
        await pause(APART_MS);
        await child.end('SIGKILL');
      }
    }
    return children.map((child, n) => lifeOf(orders[n] as CrowdOrder, child.lines));
  }

  function expectOneCopyEach(all: readonly StoredEvent[], lives: readonly Life[]): void {
    const stored = byCommand(all);
    expect(stored.size).toBe(lives.reduce((sum, { sent }) => sum + sent.length, 0));
    for (const own of stored.values()) {
      expect(own.map(numberOf)).toEqual(Array.from({ length: CROWD_EVENTS }, () => numberOf(own[0] as StoredEvent)));
      if (!contract.gapFree) continue;
      const first = own[0]?.position as number;
      expect(own.map((event) => event.position)).toEqual([first, first + 1, first + 2]);
    }
  }
}

async function hasAppended(child: Child): Promise<void> {
  await child.line(/^done/);
  while (child.lines.filter((line) => line.startsWith('done')).length < DONE_MIN) {
    if (child.process.exitCode !== null) throw new Error('A process of the crowd ended by itself');
    await pause(10);
  }
}

function lifeOf(order: CrowdOrder, lines: readonly string[]): Life {
  const said = lines.map((line) => line.split(' '));
  return {
    order,
    sent: said.filter(([word]) => word === 'sent').map(([, n]) => Number(n)),
    done: new Map(said.filter(([word]) => word === 'done').map(([, n, position]) => [Number(n), Number(position)])),
  };
}
