import { hkdfSync, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BoxDoesNotOpen, closeBox, deriveByHkdf, INFO, openBox } from './box.js';

/** Boxes as they stand in logs, one of each format. */
const samples = JSON.parse(readFileSync(join(__dirname, 'box.sample.json'), 'utf8')) as {
  format: number;
  key: string;
  box: string;
  bound: string;
  plaintext: string;
}[];

const key = randomBytes(32);

describe('a box of personal data', () => {
  it('of format 1 has the key and the commitment that HKDF gives', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (of, salt) => {
          const { key: derived, commitment } = deriveByHkdf(Buffer.from(of), Buffer.from(salt));
          const expected = Buffer.from(hkdfSync('sha256', of, salt, INFO, 64));
          expect(Buffer.concat([derived, commitment])).toEqual(expected);
        },
      ),
    );
  });

  it('opens to what was put in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plaintext, bound) => {
        expect(openBox(key, closeBox(key, plaintext, bound), bound)).toBe(plaintext);
      }),
    );
  });

  it('shows nothing of what is in it', () => {
    const box = Buffer.from(closeBox(key, 'Ayşe Yılmaz', 'here'), 'base64url');
    expect(box.includes(Buffer.from('Ayşe'))).toBe(false);
  });

  it('never looks the same twice', () => {
    expect(closeBox(key, 'same', 'here')).not.toBe(closeBox(key, 'same', 'here'));
  });

  it('does not open with another key, and says that it is the key', () => {
    const box = closeBox(key, 'secret', 'here');
    expect(() => openBox(randomBytes(32), box, 'here')).toThrow(BoxDoesNotOpen);
    expect(() => openBox(randomBytes(32), box, 'here')).toThrow('another key');
  });

  it('does not open in another place', () => {
    const box = closeBox(key, 'secret', 'patient-a/clinical/event-1');
    expect(() => openBox(key, box, 'patient-a/clinical/event-2')).toThrow('its place was changed');
  });

  it('does not open when any bit of it was changed', () => {
    const bytes = Buffer.from(closeBox(key, 'secret', 'here'), 'base64url');
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes);
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(() => openBox(key, changed.toString('base64url'), 'here')).toThrow(BoxDoesNotOpen);
      }),
    );
  });

  it('is refused when it is cut short', () => {
    expect(() => openBox(key, 'AQ', 'here')).toThrow('format');
  });
});

it.each(samples)('opens a box of format $format', ({ format, key: hex, box, bound, plaintext }) => {
  expect(Buffer.from(box, 'base64url')[0]).toBe(format);
  expect(openBox(Buffer.from(hex, 'hex'), box, bound)).toBe(plaintext);
});
