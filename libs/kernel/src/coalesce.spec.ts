import { Coalesce } from './coalesce.js';

/** Answers when it is told to. */
function question() {
  const asked: { requests: readonly number[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const ask = (requests: readonly number[]) =>
    new Promise<number[]>((resolve, reject) => {
      asked.push({ requests, answer: () => resolve(requests.map((n) => n * 10)), fail: reject });
    });
  return { asked, ask };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('coalescing', () => {
  it('asks together what is asked in one turn', async () => {
    const { asked, ask } = question();
    const coalesce = new Coalesce(ask, 10);
    const all = [1, 2, 3].map((n) => coalesce.get(n));
    await turn();
    expect(asked.map(({ requests }) => requests)).toEqual([[1, 2, 3]]);
    asked[0]?.answer();
    expect(await Promise.all(all)).toEqual([10, 20, 30]);
  });

  it('lets what comes while one is under way wait for it, and go together after', async () => {
    const { asked, ask } = question();
    const coalesce = new Coalesce(ask, 10);
    const first = coalesce.get(1);
    await turn();
    const others = [2, 3].map((n) => coalesce.get(n));
    await turn();
    expect(asked).toHaveLength(1);
    asked[0]?.answer();
    expect(await first).toBe(10);
    await turn();
    expect(asked[1]?.requests).toEqual([2, 3]);
    asked[1]?.answer();
    expect(await Promise.all(others)).toEqual([20, 30]);
  });

  it('never asks more at once than it may', async () => {
    const { asked, ask } = question();
    const coalesce = new Coalesce(ask, 2);
    void [1, 2, 3].map((n) => coalesce.get(n));
    await turn();
    expect(asked[0]?.requests).toEqual([1, 2]);
  });

  it('tells a failure to all that were asked with it, and goes on', async () => {
    const { asked, ask } = question();
    const coalesce = new Coalesce(ask, 10);
    const failing = [1, 2].map((n) => coalesce.get(n));
    await turn();
    asked[0]?.fail(new Error('gone'));
    for (const each of failing) await expect(each).rejects.toThrow('gone');
    const next = coalesce.get(3);
    await turn();
    asked[1]?.answer();
    expect(await next).toBe(30);
  });
});
