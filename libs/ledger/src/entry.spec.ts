import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { decodeEntry, encodeEntry, ENTRY_BYTES_MAX, entryOf, leafHash, leafHashInto, NO_PREVIOUS } from './entry.js';

const event = {
  stream: 'course-é1',
  revision: 258,
  position: 2 ** 32 + 5,
  recordedAtMs: 1_780_000_000_123,
  header: '{"id":"ü"}',
  data: '{"a":1}',
};
const previous = Buffer.alloc(32, 0xab);

const text = fc.string({ unit: 'grapheme', maxLength: 300 });
const anyEvent = fc.record({
  stream: text,
  revision: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  position: fc.maxSafeNat(),
  recordedAtMs: fc.maxSafeNat(),
  header: text,
  data: text,
});
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));

describe('an entry of the ledger', () => {
  it('is this binary, which never changes', () => {
    expect(entryOf(event, previous).toString('hex')).toBe(
      [
        '01',
        '000a',
        Buffer.from('course-é1').toString('hex'),
        '00000102',
        '0000000100000005',
        '0000019e7044887b',
        '0000000b',
        Buffer.from('{"id":"ü"}').toString('hex'),
        createHash('sha256').update('{"a":1}').digest('hex'),
        'ab'.repeat(32),
      ].join(''),
    );
  });

  it('is read as it was written, and hashed in place as in a buffer of its own', () =>
    fc.assert(
      fc.property(anyEvent, hash, (each, before) => {
        const entry = entryOf(each, before);
        const { data, ...told } = each;
        const read = decodeEntry(entry);
        expect(read).toMatchObject(told);
        expect(read.dataHash.toString()).toBe(createHash('sha256').update(data).digest().toString());
        expect(Buffer.from(read.previous)).toEqual(before);
        expect(encodeEntry(read)).toEqual(entry);
        const [target, slab] = [Buffer.alloc(70), Buffer.concat([Buffer.alloc(3), before])];
        leafHashInto(target, 5, each, slab, 3);
        expect(target.subarray(5, 37)).toEqual(leafHash(entry));
        expect(leafHash(entry)).toEqual(createHash('sha256').update(Buffer.of(0)).update(entry).digest());
      }),
    ));

  it('differs when anything of the event does', () => {
    const all = [
      event,
      { ...event, stream: 'course-é2' },
      { ...event, revision: 259 },
      { ...event, position: event.position + 1 },
      { ...event, recordedAtMs: event.recordedAtMs + 1 },
      { ...event, header: '{"id":"u"}' },
      { ...event, data: '{"a":1 }' },
      // A boundary that moves between two texts is no collision.
      { ...event, stream: 'course-é', header: '1{"id":"ü"}' },
    ].map((each) => leafHash(entryOf(each, previous)).toString('hex'));
    expect(new Set([...all, leafHash(entryOf(event, NO_PREVIOUS)).toString('hex')]).size).toBe(all.length + 1);
  });

  it('fits into what a bundle of entries has for its length', () => {
    const most = ENTRY_BYTES_MAX - entryOf({ ...event, header: '' }, previous).length;
    expect(entryOf({ ...event, header: 'x'.repeat(most) }, previous)).toHaveLength(65_535);
    const over = { ...event, header: 'x'.repeat(most + 1) };
    const refusal = expect.objectContaining({ code: 'ledger.entry-too-large' });
    expect(() => entryOf(over, previous)).toThrow(refusal);
    expect(() => leafHashInto(Buffer.alloc(32), 0, over)).toThrow(refusal);
    expect(() => leafHashInto(Buffer.alloc(32), 0, { ...event, header: '€'.repeat(22_000) })).toThrow(refusal);
  });

  it('is refused when it is cut, longer, of another version or no UTF-8', () => {
    const entry = entryOf(event, previous);
    for (let length = 0; length < entry.length; length++) {
      expect(() => decodeEntry(entry.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'ledger.entry-malformed' }),
      );
    }
    const mended = (at: number, byte: number) => {
      const copy = Buffer.from(entry);
      copy[at] = byte;
      return copy;
    };
    for (const bytes of [Buffer.concat([entry, Buffer.of(0)]), mended(0, 2), mended(10, 0xff), mended(17, 0xff)]) {
      expect(() => decodeEntry(bytes)).toThrow(expect.objectContaining({ code: 'ledger.entry-malformed' }));
    }
  });
});
