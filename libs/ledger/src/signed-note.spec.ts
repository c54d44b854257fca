import {
  COSIGNATURE_V1,
  cosignatureTime,
  cosignText,
  formatNote,
  formatVkey,
  newSigningKey,
  parseNote,
  parseVkey,
  signersOf,
  signingKeyOf,
  signText,
  verifierKey,
} from './signed-note.js';

/** The example of Go's golang.org/x/mod/sumdb/note, which C2SP signed-note stands on. */
const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const LINE =
  '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';

describe('a signed note', () => {
  it('is signed as Go signs its example', () => {
    const key = signingKeyOf(SEED);
    expect(formatVkey(verifierKey('PeterNeumann', key.publicKey))).toBe(VKEY);
    expect(signText(TEXT, 'PeterNeumann', key)).toBe(LINE);
    expect(formatNote(TEXT, [LINE])).toBe(`${TEXT}\n${LINE}\n`);
  });

  it('is opened by those whose signatures it bears, and passes over those that nobody knows', () => {
    const [known, unknown] = [parseVkey(VKEY), newSigningKey()];
    const note = parseNote(formatNote(TEXT, [signText(TEXT, 'stranger', unknown), LINE]));
    expect(note.text).toBe(TEXT);
    expect(signersOf(note, [known])).toEqual([known]);
    expect(signersOf(note, [verifierKey('nobody', unknown.publicKey)])).toEqual([]);
  });

  it('is signed by several keys of one name while one follows the other', () => {
    const keys = [newSigningKey(), newSigningKey()];
    const known = keys.map(({ publicKey }) => verifierKey('log', publicKey));
    const note = parseNote(
      formatNote(
        TEXT,
        keys.map((key) => signText(TEXT, 'log', key)),
      ),
    );
    expect(signersOf(note, known)).toEqual(known);
    expect(signersOf(note, known.slice(1))).toEqual(known.slice(1));
  });

  it('is refused when a known key has signed another text', () => {
    const note = parseNote(formatNote(TEXT.replace('answer', 'anchor'), [LINE]));
    expect(() => signersOf(note, [parseVkey(VKEY)])).toThrow('not one of this text');
  });

  it('may have empty lines in its text, and ends with the last of them', () => {
    const key = newSigningKey();
    const text = 'one\n\ntwo\n';
    const note = parseNote(formatNote(text, [signText(text, 'log', key)]));
    expect(note.text).toBe(text);
    expect(signersOf(note, [verifierKey('log', key.publicKey)])).toHaveLength(1);
  });

  it.each([
    ['no signatures', TEXT],
    ['no line end', `${TEXT}\n${LINE}`],
    ['a line that is no signature', `${TEXT}\n- PeterNeumann AAAA\n`],
    ['a signature without base64', `${TEXT}\n\u2014 PeterNeumann ****\n`],
    ['base64 with bits left over', `${TEXT}\n\u2014 PeterNeumann x08go/ZJkuB=\n`],
    ['a signature of a key id only', `${TEXT}\n\u2014 PeterNeumann x08gow==\n`],
    ['a name with a plus', `${TEXT}\n\u2014 Peter+Neumann x08go/ZJ\n`],
    ['a control character', `a\tb\n\n${LINE}\n`],
    ['half a character', `\ud800\n\n${LINE}\n`],
    ['too much of everything', `${'x'.repeat(65_536)}\n\n${LINE}\n`],
    ['too many signatures', `${TEXT}\n${`${LINE}\n`.repeat(101)}`],
  ])('is no note with %s', (_, text) => {
    expect(() => parseNote(text)).toThrow(expect.objectContaining({ code: 'ledger.note-malformed' }));
  });
});

describe('a verifier key', () => {
  it('is written as it was read', () => {
    expect(formatVkey(parseVkey(VKEY))).toBe(VKEY);
    const witness = formatVkey(verifierKey('witness.example/1', newSigningKey().publicKey, COSIGNATURE_V1));
    expect(formatVkey(parseVkey(witness))).toBe(witness);
  });

  it.each([
    ['another id', VKEY.replace('c74f20a3', 'c74f20a4')],
    ['another name', VKEY.replace('Peter', 'Paul')],
    ['an unknown kind', 'PeterNeumann+c74f20a3+AhpcQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW='],
    ['a short key', 'PeterNeumann+c74f20a3+ARpc'],
    ['no key', 'PeterNeumann+c74f20a3'],
  ])('is refused with %s', (_, text) => {
    expect(() => parseVkey(text)).toThrow(expect.objectContaining({ code: 'ledger.note-malformed' }));
  });
});

describe('a co-signature', () => {
  const key = newSigningKey();
  const text = 'origin\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n';
  const line = cosignText(text, 'witness.example', key, 1_780_000_000);
  const known = verifierKey('witness.example', key.publicKey, COSIGNATURE_V1);

  it('tells when the witness has seen the text, and is bound to that time', () => {
    const note = parseNote(formatNote(text, [line]));
    const signature = note.signatures[0]?.signature as Buffer;
    expect(cosignatureTime(signature)).toBe(1_780_000_000);
    expect(signersOf(note, [known])).toEqual([known]);
    signature[7] = (signature[7] as number) ^ 1;
    expect(() => signersOf(note, [known])).toThrow('not one of this text');
  });

  it('is no signature of the same key over a note', () => {
    const plain = verifierKey('witness.example', key.publicKey);
    expect(plain.id).not.toBe(known.id);
    const note = parseNote(formatNote(text, [signText(text, 'witness.example', key)]));
    expect(signersOf(note, [known])).toEqual([]);
  });
});
