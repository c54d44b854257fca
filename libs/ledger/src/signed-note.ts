import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { PistorError } from '#libs/kernel/src/errors.js';
import { sha256 } from './sha256.js';

/**
 * Signed notes, as in C2SP signed-note: a text, an empty line, and a line for each signature: `— <name> <base64 of key id
 * and signature>`.
 */

/** Kinds of signatures, by the byte that stands before the public key. */
export const ED25519 = 0x01;
/** Ed25519 over a checkpoint and the time at which a witness saw it: C2SP tlog-cosignature. */
export const COSIGNATURE_V1 = 0x04;
export type SignatureKind = typeof ED25519 | typeof COSIGNATURE_V1;

const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const SIGNATURE_BYTES = 64;
/** Of a checkpoint with more signatures than anybody has witnesses; a longer one is not read. */
const NOTE_BYTES_MAX = 64 * 1024;
const SIGNATURES_MAX = 100;

/** Control characters but the line end, and halves of characters, which no UTF-8 has. */
const MALFORMED_TEXT = /[\u0000-\u0009\u000b-\u001f]|\p{Surrogate}/u;
const SIGNATURE_LINE = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u;
const VKEY = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u;
const NAME = /^[^\s+]+$/u;

/** Before the 32 bytes of an Ed25519 key in DER: RFC 8410. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A text that is no note, or a key that is none. */
export class NoteMalformed extends PistorError {
  constructor(problem: string) {
    super('invalid', 'ledger.note-malformed', problem);
  }
}

/** A public key that signs notes under a name. */
export interface VerifierKey {
  readonly name: string;
  readonly kind: SignatureKind;
  /** First four bytes of SHA-256(name || 0x0A || kind || key), as eight hexadecimal digits. */
  readonly id: string;
  readonly publicKey: Buffer;
}

/** The 32 bytes that an Ed25519 key pair is made of, with the public half. */
export interface SigningKey {
  readonly seed: Buffer;
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
}

export interface NoteSignature {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly keyId: string;
  /** What stands after the key id. */
  readonly signature: Buffer;
  /** The line as it stands in the note, without its end. */
  readonly line: string;
}

export interface Note {
  /** What is signed, with the line end that it ends in. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export function signingKeyOf(seed: Buffer): SigningKey {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  return { seed, privateKey, publicKey: rawPublicKey(createPublicKey(privateKey)) };
}

/** A fresh key. */
export function newSigningKey(): SigningKey {
  const der = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
  return signingKeyOf(Buffer.from(der.subarray(-KEY_BYTES)));
}

const rawPublicKey = (key: KeyObject): Buffer =>
  Buffer.from(key.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES));

/** @throws NoteMalformed where the name cannot stand in a note or the key is no Ed25519 key */
export function verifierKey(name: string, publicKey: Buffer, kind: SignatureKind = ED25519): VerifierKey {
  if (!NAME.test(name)) throw new NoteMalformed('The name of a key has no spaces and no plus sign.');
  if (publicKey.length !== KEY_BYTES) throw new NoteMalformed('An Ed25519 key has 32 bytes.');
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(kind), publicKey]));
  return { name, kind, id: id.subarray(0, KEY_ID_BYTES).toString('hex'), publicKey };
}

/** `<name>+<key id>+<base64 of kind and key>`: how public keys are handed on. */
export const formatVkey = ({ name, kind, id, publicKey }: VerifierKey): string =>
  `${name}+${id}+${Buffer.concat([Buffer.of(kind), publicKey]).toString('base64')}`;

/** @throws NoteMalformed */
export function parseVkey(text: string): VerifierKey {
  const [, name, id, base64] = VKEY.exec(text.trim()) ?? [];
  if (name === undefined || base64 === undefined) throw new NoteMalformed('A verifier key is <name>+<key id>+<key>.');
  const bytes = strictBase64(base64);
  const kind = bytes?.[0];
  if (!bytes || (kind !== ED25519 && kind !== COSIGNATURE_V1)) {
    throw new NoteMalformed(`The key of ${name} is of a kind that is not known here.`);
  }
  const key = verifierKey(name, bytes.subarray(1), kind);
  if (key.id !== id) throw new NoteMalformed(`The id of the key of ${name} does not fit it.`);
  return key;
}

/** The line of a signature under a text, without its end. */
export const signatureLine = (key: Pick<VerifierKey, 'name' | 'id'>, signature: Buffer): string =>
  `\u2014 ${key.name} ${Buffer.concat([Buffer.from(key.id, 'hex'), signature]).toString('base64')}`;

/** Signs a text under a name. Ed25519 is deterministic: the same text and key give the same line. */
export function signText(text: string, name: string, { privateKey, publicKey }: SigningKey): string {
  return signatureLine(verifierKey(name, publicKey), sign(null, Buffer.from(text), privateKey));
}

/** @param lines of signatures, without their ends */
export const formatNote = (text: string, lines: readonly string[]): string =>
  `${text}\n${lines.map((line) => `${line}\n`).join('')}`;

/** Takes a note apart; no signature is checked yet. @throws NoteMalformed */
export function parseNote(note: string): Note {
  if (Buffer.byteLength(note) > NOTE_BYTES_MAX) throw new NoteMalformed('The note is too long.');
  if (MALFORMED_TEXT.test(note)) throw new NoteMalformed('The note has control characters.');
  const at = note.lastIndexOf('\n\n');
  if (at < 0 || !note.endsWith('\n')) throw new NoteMalformed('A note ends with signatures below an empty line.');
  const text = note.slice(0, at + 1);
  const lines = note.slice(at + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) throw new NoteMalformed('The note has too many signatures.');
  return { text, signatures: lines.map(parseSignature) };
}

/** @throws NoteMalformed */
export function parseSignature(line: string): NoteSignature {
  const [, name, base64] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = base64 === undefined ? undefined : strictBase64(base64);
  if (name === undefined || !bytes || bytes.length <= KEY_ID_BYTES) {
    throw new NoteMalformed('A line below the text is no signature.');
  }
  return {
    name,
    keyId: bytes.subarray(0, KEY_ID_BYTES).toString('hex'),
    signature: bytes.subarray(KEY_ID_BYTES),
    line,
  };
}

/**
 * The keys by which a note is signed. Signatures by others are passed over, as a verifier has to; one in the name of a
 * known key that is wrong makes the note worth nothing.
 * @throws NoteMalformed `ledger.note-malformed` for such a one
 */
export function signersOf({ text, signatures }: Note, keys: readonly VerifierKey[]): VerifierKey[] {
  const signers = new Set<VerifierKey>();
  for (const signature of signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.keyId);
    if (!key) continue;
    if (!verifySignature(text, signature, key)) {
      throw new NoteMalformed(`The signature of ${key.name} (${key.id}) is not one of this text.`);
    }
    signers.add(key);
  }
  return [...signers];
}

/** Whether this is the key's signature of the text. */
export function verifySignature(text: string, { signature, keyId, name }: NoteSignature, key: VerifierKey): boolean {
  if (keyId !== key.id || name !== key.name) return false;
  if (key.kind === ED25519) {
    return signature.length === SIGNATURE_BYTES && verifyEd25519(Buffer.from(text), signature, key.publicKey);
  }
  const time = cosignatureTime(signature);
  return (
    time !== undefined && verifyEd25519(cosignedMessage(text, time), signature.subarray(TIME_BYTES), key.publicKey)
  );
}

export function verifyEd25519(message: Buffer, signature: Buffer, publicKey: Buffer): boolean {
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' });
  return verify(null, message, key, signature);
}

const TIME_BYTES = 8;
const U32 = 2 ** 32;

/** What a witness signs: C2SP tlog-cosignature. @param seconds since 1970 UTC */
const cosignedMessage = (text: string, seconds: number): Buffer =>
  Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);

/** The line with which a witness co-signs a checkpoint at a time, in whole seconds since 1970 UTC. */
export function cosignText(text: string, name: string, key: SigningKey, seconds: number): string {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeUInt32BE(Math.floor(seconds / U32), 0);
  time.writeUInt32BE(seconds % U32, 4);
  const signature = sign(null, cosignedMessage(text, seconds), key.privateKey);
  return signatureLine(verifierKey(name, key.publicKey, COSIGNATURE_V1), Buffer.concat([time, signature]));
}

/** When a witness has signed, in seconds since 1970 UTC; undefined where the signature is no co-signature. */
export function cosignatureTime(signature: Buffer): number | undefined {
  if (signature.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined;
  const seconds = signature.readUInt32BE(0) * U32 + signature.readUInt32BE(4);
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : undefined;
}

/** Base64 with its padding, in the one way in which these bytes are written. */
export function strictBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
