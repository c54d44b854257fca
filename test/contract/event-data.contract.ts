import fc from 'fast-check';
import { EventTooLarge } from '#libs/event-store/src/event-store.errors.js';
import { EVENT_BYTES_MAX } from '#libs/event-store/src/codec.js';
import type { StoredEvent } from '#libs/event-store/src/event-store.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Contract } from './support/contract.js';
import type { OpenStore } from './support/event-store.adapter.js';
import { CONTEXT, counted, newStream, noted, some, to, written } from './support/contract-events.js';
import { expectSoundHistory, readEverything } from './support/history-checks.js';

/** Text that encodings, escapes, collations and terminals are known to stumble over. */
const TEXTS = [
  '',
  ' ',
  '"\\/\b\f\n\r\t',
  '\u0001\u001f\u007f\u0080\u009f',
  '\u2028\u2029\ufeff\u200b\u202e\u00ad',
  '\ufffd\ufffe\uffff',
  'e\u0301 \u00e9 \u1e9b\u0323',
  'Ayşe Yılmaz, ﷽, 漢字, 👩🏽‍⚕️, 𝔘𝔫𝔦',
  "'; drop table event_log; --",
  '{"open":{"n":1}}',
  '$1 %s $x \\u0000 \\ud800 &amp; <b>',
  '\u{10ffff}\u{1f600}',
];

export function describeEventData(contract: Contract): void {
  describe('text in the data of an event', () => {
    it('comes back character for character, open and boxed', async () => {
      const [on, person] = [newStream(), newId()];
      const events = TEXTS.flatMap((text) => [written(text), noted(person, text)]);
      await contract.append(to(on, 'no-stream', ...events));
      const stored = await contract.store.readStream(contract.chain.id, on);
      const decoded = await contract.codec.decode(contract.chain, stored);
      expect(decoded.map((event) => event.data)).toEqual(events.map((event) => event.data));
    });

    it('comes back character for character, whatever it is', async () => {
      const texts = fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { minLength: 1, maxLength: 20 });
      await fc.assert(
        fc.asyncProperty(texts, async (drawn) => {
          // U+0000, which no database can keep as text, is refused by the codec, whose own tests say so.
          const kept = drawn.map((text) => text.replaceAll('\0', ''));
          const on = newStream();
          await contract.append(to(on, 'no-stream', ...kept.map(written)));
          const stored = await contract.store.readStream(contract.chain.id, on);
          expect(stored.map((event) => event.data)).toEqual(kept.map((text) => JSON.stringify({ open: { text } })));
        }),
        { numRuns: 20 },
      );
    });
  });

  describe('a large event', () => {
    it.each([10_000, EVENT_BYTES_MAX])(
      'of just %i bytes, the limit, is taken; one byte more is refused',
      async (max) => {
        const opened = await contract.place.open({ eventBytesMax: max });
        const [fits, beyond] = [await textOf(opened, max), await textOf(opened, max + 1)];
        const on = newStream();
        await opened.store.append(contract.request(to(on, 'no-stream', written(fits))));
        const [stored] = await contract.store.readStream(contract.chain.id, on);
        expect(JSON.parse((stored as StoredEvent).data)).toEqual({ open: { text: fits } });

        const refused = opened.store.append(contract.request(to(on, 'any', counted(1), written(beyond))));
        await expect(refused).rejects.toBeInstanceOf(EventTooLarge);
        await expect(refused).rejects.toMatchObject({
          code: 'event.too-large',
          data: { bytes: max + 1, bytesMax: max },
        });
        expect(await contract.store.readStream(contract.chain.id, on)).toHaveLength(1);
      },
    );

    it('counts bytes, not characters', async () => {
      const opened = await contract.place.open({ eventBytesMax: 2_000 });
      const append = opened.store.append(contract.request(to(newStream(), 'any', written('語'.repeat(1_000)))));
      await expect(append).rejects.toBeInstanceOf(EventTooLarge);
    });

    it('goes together with others of its kind and with small ones', async () => {
      const text = 'x'.repeat(EVENT_BYTES_MAX - 1_000);
      const streams = Array.from({ length: 8 }, newStream);
      await Promise.all(
        streams.flatMap((on, n) => [
          contract.append(to(on, 'any', written(text))),
          contract.append(to(on, 'any', counted(n))),
        ]),
      );
      const all = await readEverything(contract.store, contract.chain);
      expectSoundHistory(all, contract);
      expect(all.filter((event) => event.data.length > text.length)).toHaveLength(8);
    });
  });

  it('takes an append of a thousand events as one', async () => {
    const on = newStream();
    const { revisions } = await contract.append(to(on, 'no-stream', ...some(1_000)));
    expect(revisions).toEqual({ [on]: 999 });
    const all = await readEverything(contract.store, contract.chain);
    expectSoundHistory(all, contract);
    expect(all).toHaveLength(1_000);
  });

  /** A text that makes an event of so many bytes. */
  async function textOf({ codec }: OpenStore, bytes: number): Promise<string> {
    const [empty] = await codec.encode(contract.chain, newId(), CONTEXT, [written('')]);
    const { header, data } = empty as NonNullable<typeof empty>;
    return 'x'.repeat(bytes - Buffer.byteLength(header) - Buffer.byteLength(data));
  }
}
