import { setTimeout as pause } from 'node:timers/promises';
import { Overloaded, Unavailable } from '#libs/kernel/src/errors.js';
import { Turns } from './kurrentdb.turns.js';

const LIMITS = { runningMax: 4, waitingMax: 100, waitMsMax: 5_000 };

/** Work that is done when it is told to. */
function held() {
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  return { work: () => done, finish };
}

describe('appends that take turns', () => {
  it('go one after the other where they share a stream, in the order of arrival', async () => {
    const turns = new Turns(LIMITS);
    const log: string[] = [];
    const append = (id: string, keys: string[], ms: number) =>
      turns.take(keys, async () => {
        log.push(`${id} begins`);
        await pause(ms);
        log.push(`${id} ends`);
      });
    await Promise.all([append('1', ['a', 'b'], 20), append('2', ['b', 'c'], 10), append('3', ['c', 'a'], 0)]);
    expect(log).toEqual(['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
  });

  it('go at once where they do not, but never more than the bound', async () => {
    const turns = new Turns(LIMITS);
    let running = 0;
    let most = 0;
    const append = (n: number) =>
      turns.take([`s${n}`], async () => {
        most = Math.max(most, (running += 1));
        await pause(2);
        running -= 1;
        return n;
      });
    expect(await Promise.all(Array.from({ length: 30 }, (_, n) => append(n)))).toEqual([...Array(30).keys()]);
    expect(most).toBe(LIMITS.runningMax);
  });

  it('are refused when too many wait, and taken again when some are done', async () => {
    const turns = new Turns({ ...LIMITS, waitingMax: 2 });
    const first = held();
    const running = turns.take(['a'], first.work);
    await pause(1);
    const waiting = [turns.take(['a'], () => Promise.resolve(1)), turns.take(['a'], () => Promise.resolve(2))];
    await expect(turns.take(['b'], () => Promise.resolve(3))).rejects.toBeInstanceOf(Overloaded);
    first.finish();
    await running;
    expect(await Promise.all(waiting)).toEqual([1, 2]);
    await expect(turns.take(['b'], () => Promise.resolve(3))).resolves.toBe(3);
  });

  it('give up when their turn does not come in time, without letting those behind them overtake', async () => {
    const turns = new Turns({ ...LIMITS, waitMsMax: 30 });
    const first = held();
    let firstEnded = false;
    const running = turns.take(['a'], first.work).then(() => (firstEnded = true));
    let begun = false;
    const late = turns.take(['a', 'b'], () => Promise.resolve((begun = true)));
    await expect(late).rejects.toBeInstanceOf(Unavailable);
    const behind = turns.take(['b'], () => Promise.resolve(firstEnded));
    first.finish();
    await running;
    expect(await behind).toBe(true);
    expect(begun).toBe(false);
  });

  it('go on after one that failed', async () => {
    const turns = new Turns({ ...LIMITS, runningMax: 1 });
    await expect(turns.take(['a'], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(turns.take(['a'], () => Promise.resolve('yes'))).resolves.toBe('yes');
  });
});
