import fc from 'fast-check';
import { formatCheckpoint, openCheckpoint, originOf, parseCheckpoint } from './checkpoint.js';
import { EMPTY_ROOT } from './sha256.js';
import { COSIGNATURE_V1, cosignText, formatNote, newSigningKey, signText, verifierKey } from './signed-note.js';

const origin = originOf('01990000-0000-7000-8000-000000000001');
const body = formatCheckpoint({ origin, size: 20_852_163, root: Buffer.alloc(32, 7) });

describe('a checkpoint', () => {
  it('is three lines: origin, size and root', () => {
    expect(body).toBe(`${origin}\n20852163\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n`);
    expect(formatCheckpoint({ origin, size: 0, root: EMPTY_ROOT })).toBe(
      `${origin}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`,
    );
  });

  it('is read as it was written', () =>
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, bytes) => {
        const root = Buffer.from(bytes);
        expect(parseCheckpoint(formatCheckpoint({ origin, size, root }))).toEqual({
          origin,
          size,
          root,
          extensions: [],
        });
      }),
    ));

  it('may have further lines', () => {
    expect(parseCheckpoint(`${body}more\n`)).toMatchObject({ extensions: ['more'] });
  });

  it.each([
    ['no line end', body.slice(0, -1)],
    ['no root', `${origin}\n5\n`],
    ['no origin', body.replace(origin, '')],
    ['a size with zeros before it', body.replace('20852163', '020852163')],
    ['a size below zero', body.replace('20852163', '-1')],
    ['a size beyond 2^53', body.replace('20852163', '9007199254740992')],
    ['a short root', body.replace('BwcHBwcH', '')],
    ['a root in another base64', body.replaceAll('Bwc=', 'Bwd=')],
    ['an empty line', `${body}\n`],
  ])('is refused with %s', (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow(expect.objectContaining({ code: 'ledger.checkpoint-malformed' }));
  });
});

describe('a signed checkpoint', () => {
  const [log, witness] = [newSigningKey(), newSigningKey()];
  const logKey = verifierKey(origin, log.publicKey);
  const witnessKey = verifierKey('witness.example', witness.publicKey, COSIGNATURE_V1);
  const note = formatNote(body, [
    signText(body, origin, log),
    cosignText(body, 'witness.example', witness, 1_780_000_000),
  ]);

  it('names the log and the witnesses that have signed it', () => {
    expect(openCheckpoint(note, [logKey, witnessKey])).toMatchObject({
      size: 20_852_163,
      signers: [logKey, witnessKey],
    });
  });

  it('is refused when no trusted key of the log has signed it', () => {
    const other = verifierKey(origin, newSigningKey().publicKey);
    expect(() => openCheckpoint(note, [other, witnessKey])).toThrow(
      expect.objectContaining({ code: 'ledger.checkpoint-unsigned' }),
    );
  });

  it('of one chain is not one of another chain', () => {
    const other = originOf('01990000-0000-7000-8000-000000000002');
    const text = body.replace(origin, other);
    const forged = formatNote(text, [signText(text, origin, log)]);
    expect(() => openCheckpoint(forged, [logKey])).toThrow(
      expect.objectContaining({ code: 'ledger.checkpoint-unsigned' }),
    );
  });
});
