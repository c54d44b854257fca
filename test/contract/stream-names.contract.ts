import fc from 'fast-check';
import { MalformedStreamName } from '#libs/event-store/src/event-store.errors.js';
import type { Contract } from './support/contract.js';
import { itWhere } from './support/contract.js';
import { counted, newStream, numbers, to } from './support/contract-events.js';
import { readEverything } from './support/history-checks.js';

const NAME_CHARACTERS_MAX = 200;

const GOOD = [
  'thing-1',
  't2-x',
  'thing-ABC.def_0:9~z-',
  'thing-----',
  'thing-Ærøskøbing',
  'thing-Łódź',
  'thing-İstanbul',
  'thing-Αθήνα',
  'thing-Київ',
  'thing-ירושלים',
  'thing-القاهرة',
  'thing-दिल्ली',
  'thing-กรุงเทพ',
  'thing-東京',
  'thing-서울',
  'thing-𠮷野家',
  'thing-١٢٣',
  'thing-e\u0301te\u0301',
  'thing-constructor',
  'thing-__proto__',
  `thing-${'x'.repeat(NAME_CHARACTERS_MAX - 'thing-'.length)}`,
  `thing-${'語'.repeat(NAME_CHARACTERS_MAX - 'thing-'.length)}`,
];

const MALFORMED = [
  '',
  '-',
  'noid',
  '-x',
  'Thing-1',
  '1thing-1',
  'thing_-1',
  'thing-',
  'thing-a b',
  ' thing-a',
  'thing-a ',
  'thing-\n',
  'thing-a\n',
  'thing-a\0',
  'thing-\u0001',
  'thing-\u200b',
  'thing-\u202e',
  'thing-\ud800',
  'thing-a/b',
  'thing-a\\b',
  'thing-$ce',
  '$all',
  '$$thing-1',
  'thing-%00',
  "thing-';drop table event_log;--",
  'thing-😀',
  `thing-${'x'.repeat(NAME_CHARACTERS_MAX + 1 - 'thing-'.length)}`,
  `${'x'.repeat(NAME_CHARACTERS_MAX)}-1`,
  `thing-${'x'.repeat(100_000)}`,
];

/** Pairs that a careless comparison takes for one. */
const LOOKALIKES: readonly [string, string][] = [
  ['thing-abc', 'thing-ABC'],
  ['thing-straße', 'thing-strasse'],
  ['thing-\u00e9', 'thing-e\u0301'],
  ['thing-\u212b', 'thing-\u00c5'],
  ['thing-ﬁn', 'thing-fin'],
  ['thing-Α', 'thing-A'],
  ['thing-1', 'thing-１'],
  ['thing-01', 'thing-1'],
  ['thing-1', 'thing-1-'],
  ['thing-1', 'things-1'],
];

export function describeStreamNames(contract: Contract): void {
  describe('a stream name', () => {
    it('may have letters and digits of every script, marks on them, and . _ : ~ -', async () => {
      for (const [n, name] of GOOD.entries()) {
        await expect(contract.append(to(name, 'no-stream', counted(n)))).resolves.toMatchObject({
          revisions: { [name]: 0 },
        });
      }
      for (const [n, name] of GOOD.entries()) {
        expect(numbers(await contract.store.readStream(contract.chain.id, name))).toEqual([n]);
      }
      const all = await readEverything(contract.store, contract.chain);
      expect(all.map((event) => event.stream)).toEqual(GOOD);
    });

    it.each(LOOKALIKES)('%s is not %s', async (one, other) => {
      await contract.append(to(one, 'no-stream', counted(1)));
      await contract.append(to(other, 'no-stream', counted(2)));
      expect(numbers(await contract.store.readStream(contract.chain.id, one))).toEqual([1]);
      expect(numbers(await contract.store.readStream(contract.chain.id, other))).toEqual([2]);
    });

    it.each(MALFORMED.map((name) => [name.slice(0, 40), name]))(
      'is refused when it is %j, before anything is written',
      async (_shown, name) => {
        const append = contract.append(to(name, 'any', counted(1)));
        await expect(append).rejects.toBeInstanceOf(MalformedStreamName);
        await expect(append).rejects.toMatchObject({ kind: 'invalid', code: 'stream.malformed-name' });
        expect(await contract.store.head(contract.chain.id)).toBe(0);
      },
    );

    itWhere(
      contract.adapter.capabilities.atomicStreams && contract.adapter.capabilities.guards,
      'that is malformed spoils the whole append, also in a guard',
      async () => {
        const on = newStream();
        const several = contract.append([to(on, 'any', counted(1)), to('thing-a b', 'any', counted(2))]);
        await expect(several).rejects.toBeInstanceOf(MalformedStreamName);
        const guarded = contract.append(to(on, 'any', counted(1)), { guards: [{ stream: 'thing-', revision: -1 }] });
        await expect(guarded).rejects.toBeInstanceOf(MalformedStreamName);
        expect(await contract.store.head(contract.chain.id)).toBe(0);
      },
    );

    it('of any text whatever is either taken and found again, or refused', async () => {
      const names = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `thing-${text}`),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map((text) => `thing-${text}`),
        // UTF-16 units, halves of surrogate pairs among them.
        fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => `thing-${String.fromCharCode(...units)}`),
        fc.string({ unit: 'binary', maxLength: 250 }),
      );
      await fc.assert(
        fc.asyncProperty(names, async (name) => {
          const chain = await contract.place.newChain();
          const append = contract.append(to(name, 'no-stream', counted(1)), { chain: chain.id });
          const refused = await append.then(
            () => false,
            (error: unknown) => {
              expect(error).toBeInstanceOf(MalformedStreamName);
              return true;
            },
          );
          expect((await contract.store.readAll(chain.id)).map((event) => event.stream)).toEqual(refused ? [] : [name]);
        }),
        { numRuns: 60 },
      );
    });
  });
}
