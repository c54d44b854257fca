import { type Id, newId } from '#libs/kernel/src/ids.js';
import { openTestEngine, type TestEngine } from '#test/support/test-engine.js';
import type { CodeKind } from './external-codes.js';

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine([]);
});
afterAll(() => engine.close());

it('gives the codes of several kinds and chains that are asked for at once, each its own', async () => {
  const { codes } = engine;
  const chains = [await engine.newChain(), await engine.newChain()];
  const kinds: CodeKind[] = ['patient', 'course'];
  const asked = chains.flatMap((chain, n) =>
    kinds.map((kind) => ({ chain, kind, wanted: [`${kind} ${n}`, 'SHARED'] })),
  );
  const made = await Promise.all(asked.map(({ chain, kind, wanted }) => codes.reserve(chain, kind, wanted)));
  const stranger = newId();
  const found = await Promise.all(
    asked.map(({ chain, kind }, n) => codes.codesOf(chain, kind, [...(made[n]?.values() ?? []), stranger])),
  );
  found.forEach((named, n) => {
    expect(new Set(named)).toEqual(new Set([...(made[n] as Map<string, Id>)].map(([code, id]) => [id, code])));
  });
  // An id of another kind, or of another chain, has no code here.
  const [own, other] = [[...(made[0]?.values() ?? [])], [...(made[2]?.values() ?? [])]];
  expect(await codes.codesOf(chains[0] as never, 'course', own)).toEqual(new Map());
  expect(await codes.codesOf(chains[0] as never, 'patient', other)).toEqual(new Map());
});
