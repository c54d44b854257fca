#!/usr/bin/env node
// Verifies an evidence bundle of Pistor. It needs Node.js 20, no network, no database, no other file and no trust in who
// made the bundle. docs/evidence.md says what the outcomes mean; this file is meant to be read before it is believed.
//
//     node verify-bundle.mjs BUNDLE [--key VKEY|FILE]… [--checkpoint FILE] [--entries FILE]
//
//   --key         a public key that you have from elsewhere (a line `name+id+key`), of the log or of a witness
//   --checkpoint  a checkpoint that you have from elsewhere; the bundle's history must go on from it
//   --entries     the entries of the whole log: shows that nothing of these streams was left out
//
// Ends with 0 valid, 3 valid but erased, 4 not proved, 1 invalid, 2 when it could not look.
import { createDecipheriv, createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NOTHING = Buffer.alloc(32);

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
/** RFC 9162, 2.1.1: leaves and nodes are hashed under different prefixes, so that none can be taken for the other. */
const leafHash = (entry) => sha256(Buffer.of(0), entry);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

/** Everything that is checked comes through here; `place` is the stream and position where it was looked at. */
const demand = (holds, what, place) => {
  if (!holds) throw Object.assign(new Error(what), { place });
};

/** Text of a bundle may hold line ends and terminal commands: what is printed shows them, and does not obey them. */
export const printable = (text) =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (found) =>
    Array.from({ length: found.length }, (_, n) => `\\u${found.charCodeAt(n).toString(16).padStart(4, '0')}`).join(''),
  );
const quoted = (value) => printable(JSON.stringify(value) ?? 'nothing');

// ---- The form of a bundle: docs/evidence.md. What is not in this form is refused, and nothing is taken for it ----

const form = (is, holds) => ({ is, holds });
const matching = (is, pattern) => form(is, (value) => typeof value === 'string' && pattern.test(value));
const orNull = ({ is, holds }) => form(`${is} or null`, (value) => value === null || holds(value));
const orLeftOut = ({ is, holds }) => form(is, (value) => value === undefined || holds(value));
const oneOf = (...values) => form(`one of ${values.join(', ')}`, (value) => values.includes(value));
const isTime = (text) => Date.parse(text) >= 0 && new Date(Date.parse(text)).toISOString() === text;

const TEXT = form('a text', (value) => typeof value === 'string');
const NAME = form('a text of at most 200 characters', (value) => typeof value === 'string' && value.length <= 200);
const WHOLE = form('a whole number from 0', (value) => Number.isSafeInteger(value) && value >= 0);
const TIME = form('a time', (value) => typeof value === 'string' && isTime(value));
const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && isTime(`${text}T00:00:00.000Z`);
const DAY = form('a day', (value) => typeof value === 'string' && isDay(value));
const UUID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const ID = matching('an id', new RegExp(`^${UUID}$`));
const STREAM = matching('the name of a stream', new RegExp(`^[a-z]+-${UUID}$`));
const ORIGIN = matching('the name of a log', new RegExp(`^pistor/${UUID}$`));
const CLASS = oneOf('clinical', 'contact', 'pictures');

const EVENT = { revision: WHOLE, position: WHOLE, leaf: orLeftOut(WHOLE), recordedAt: TIME, header: TEXT, data: TEXT };
const BUNDLE = {
  format: oneOf('pistor-evidence'),
  version: oneOf(1, 2),
  origin: ORIGIN,
  scope: { kind: oneOf('patient', 'course', 'report'), name: orNull(NAME), streams: [STREAM] },
  madeAt: TIME,
  madeBy: NAME,
  checkpoint: TEXT,
  keys: [{ vkey: TEXT, role: oneOf('log', 'witness'), fromSize: orNull(WHOLE), untilSize: orNull(WHOLE) }],
  consistency: [{ size: WHOLE, proof: [TEXT] }],
  streams: [{ stream: STREAM, events: [{ ...EVENT, proof: [TEXT] }] }],
  erased: [{ subject: ID, class: CLASS, at: TIME }],
  opened: [{ subject: ID, class: CLASS, key: TEXT }],
};
const REPORT = { text: TEXT, eventsLeftOut: WHOLE };
/** Of a report, what else is printed or counted with; its figures are compared byte by byte. */
const PARAMETERS = {
  report: oneOf('compliance'),
  version: oneOf(1),
  log: ORIGIN,
  checkpoint: { size: WHOLE, root: TEXT },
  site: orNull(ID),
  from: DAY,
  to: DAY,
};

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Demands that a value is of a form, and has no field that the form does not know. */
function demandForm(value, wanted, what) {
  if (wanted.holds) return demand(wanted.holds(value), `${what} is not ${wanted.is}`);
  if (Array.isArray(wanted)) {
    demand(Array.isArray(value), `${what} is not a list`);
    return value.forEach((each, n) => demandForm(each, wanted[0], `number ${n + 1} of ${what}`));
  }
  demand(isObject(value), `${what} is not an object`);
  const strange = Object.keys(value).find((name) => !Object.hasOwn(wanted, name));
  demand(strange === undefined, `${what} has a field ${quoted(strange)}, which is not known`);
  for (const [name, each] of Object.entries(wanted)) demandForm(value[name], each, `${name} of ${what}`);
}

/** Base64 that could be written otherwise is refused: two texts must not mean the same bytes. */
function bytesOf(text, what, place) {
  const bytes = Buffer.from(String(text), 'base64');
  demand(bytes.toString('base64') === text, `${what} is not base64`, place);
  return bytes;
}

function hashesOf(texts, what, place) {
  const hashes = texts.map((text) => bytesOf(text, what, place));
  const areHashes = hashes.every(({ length }) => length === 32);
  demand(areHashes, `${what} is not a hash`, place);
  return hashes;
}

// ---- Signatures: C2SP signed-note, tlog-checkpoint and tlog-cosignature ----

const ED25519_DER = Buffer.from('302a300506032b6570032100', 'hex');
const [LOG, WITNESS] = [1, 4];

/** A public key as a line: name, `+`, eight digits that identify it, `+`, base64 of its kind and 32 bytes. */
function keyOf(text) {
  const line = String(text).trim();
  const [, name, id, rest] = /^([^\s+\p{C}]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(line) ?? [];
  demand(name, 'a public key is not written as one');
  const key = bytesOf(rest, `the public key ${name}`);
  demand(key.length === 33 && [LOG, WITNESS].includes(key[0]), `the public key ${name} is of an unknown kind`);
  const isItself = sha256(`${name}\n`, key).subarray(0, 4).toString('hex') === id;
  demand(isItself, `the public key ${name} does not have the identity ${id}`);
  const der = Buffer.concat([ED25519_DER, key.subarray(1)]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return { line, name, id, kind: key[0], publicKey };
}

/** A checkpoint: the log's name, how many events it has, the root over all of them; then a signature a line. */
function checkpointOf(note, what) {
  const end = String(note).lastIndexOf('\n\n') + 1;
  demand(end > 0 && note.endsWith('\n'), `${what} is not a signed note`);
  const body = note.slice(0, end);
  const [origin, size, root, ...more] = body.slice(0, -1).split('\n');
  demand(/^(0|[1-9][0-9]{0,14})$/.test(size) && more.length === 0, `${what} is not a checkpoint`);
  const signatures = note
    .slice(end + 1, -1)
    .split('\n')
    .map((line) => {
      const [, name, text] = /^— (\S+) (\S+)$/.exec(line) ?? [];
      demand(name, `a signature under ${what} is not written as one`);
      const bytes = bytesOf(text, `a signature under ${what}`);
      return { name, id: bytes.toString('hex', 0, 4), bytes: bytes.subarray(4) };
    });
  return { origin, size: Number(size), root: hashesOf([root], `the root of ${what}`)[0], body, signatures };
}

const isBetween = (size, { fromSize, untilSize }) => size >= (fromSize ?? 0) && size <= (untilSize ?? size);

/**
 * Every signature must be right and by a key that is known, and one of them the log's.
 * @param ends of keys, the first and the last size that each signs
 * @returns who signed, and when
 */
function checkSignatures({ origin, size, body, signatures }, keys, ends, what) {
  const signed = signatures.map(({ name, id, bytes }) => {
    const key = keys.find((each) => each.name === name && each.id === id);
    demand(key, `${what} is signed by ${quoted(name)}, whose key is not known`);
    // A key that was retired, or whose time had not come, says nothing of this size, whoever has it now.
    const isItsTime = ends.every((each) => each.line !== key.line || isBetween(size, each));
    demand(isItsTime, `${what} is signed by the key ${name}+${id}, which does not sign size ${size}`);
    // A witness signs the time as well, in seconds.
    const time = key.kind === WITNESS && bytes.length === 72 ? bytes.readBigUInt64BE(0) : undefined;
    const message = time === undefined ? body : `cosignature/v1\ntime ${time}\n${body}`;
    const isRight = verify(null, Buffer.from(message), key.publicKey, bytes.subarray(time === undefined ? 0 : 8));
    demand(isRight && (key.kind === LOG || time < 2n ** 40n), `the signature of ${name} under ${what} is not right`);
    return { key, at: time === undefined ? undefined : new Date(Number(time) * 1000) };
  });
  const byLog = signed.filter(({ key }) => key.kind === LOG && key.name === origin);
  demand(byLog.length > 0, `${what} is not signed by the log ${origin}`);
  return signed;
}

// ---- Proofs: RFC 9162, 2.1.3.2 and 2.1.4.2 ----

const half = (number) => Math.floor(number / 2);

/** @returns the root that a leaf and its proof lead to; undefined when the proof has not the right length */
function rootFromInclusion(index, size, leaf, proof) {
  let [at, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else hash = nodeHash(hash, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 ? hash : undefined;
}

/** Whether the tree of `older` is the beginning of the tree of `newer`. */
function isConsistent(older, newer, proof) {
  if (older.size === newer.size) return proof.length === 0 && older.root.equals(newer.root);
  if (older.size === 0) return proof.length === 0 && older.root.equals(sha256(''));
  const path = Number.isInteger(Math.log2(older.size)) ? [older.root, ...proof] : proof;
  let [at, last, left, right] = [older.size - 1, newer.size - 1, path[0], path[0]];
  if (older.size > newer.size || proof.length === 0) return false;
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  for (const hash of path.slice(1)) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      [left, right] = [nodeHash(hash, left), nodeHash(hash, right)];
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else right = nodeHash(right, hash);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && left.equals(older.root) && right.equals(newer.root);
}

// ---- Events ----

/** An event as it stands in the log, big endian: docs/ledger.md. `previous` is the leaf of the one before in its stream. */
function entryOf(stream, { revision, position, recordedAt, header, data }, previous) {
  const numbers = Buffer.alloc(24);
  numbers.writeUInt32BE(revision, 0);
  numbers.writeBigUInt64BE(BigInt(position), 4);
  numbers.writeBigUInt64BE(BigInt(Date.parse(recordedAt)), 12);
  numbers.writeUInt32BE(Buffer.byteLength(header), 20);
  const name = Buffer.from(stream);
  const start = Buffer.of(1, name.length >> 8, name.length & 255);
  return Buffer.concat([start, name, numbers, Buffer.from(header), sha256(data), previous]);
}

/** Checks the events of a stream, each naming the one before so that none can be missing. @returns their leaves */
function checkStream({ stream, events }, checkpoint) {
  const leaves = [];
  for (const [n, event] of events.entries()) {
    const { revision, position, header, data } = event;
    const place = { stream, position };
    demand(revision === n, `revision ${n} is missing, revision ${revision} stands in its place`, place);
    demand(position >= 1, 'its position is not a number from 1', place);
    // Where positions have gaps, the number of its leaf is told beside it.
    const index = event.leaf ?? position - 1;
    demand(index < checkpoint.size, `the checkpoint has only ${checkpoint.size} events`, place);
    const leaf = leafHash(entryOf(stream, event, leaves[n - 1] ?? NOTHING));
    const root = rootFromInclusion(index, checkpoint.size, leaf, hashesOf(event.proof, 'its proof', place));
    demand(root?.equals(checkpoint.root), 'it is not what the log holds there, or its proof was changed', place);
    const isEvent = isObject(JSON.parse(header)) && isObject(JSON.parse(data).open);
    demand(isEvent, 'it is not written as an event', place);
    leaves.push(leaf);
  }
  demand(leaves.length > 0, 'it has no event', { stream });
  return leaves;
}

/** Open fields by which an event of a patient's record names another stream of it. */
const NAMED = { courseId: 'course', consultationId: 'consultation' };

/** Streams that an event names and a bundle of this kind must have: of a course no other course. */
export function namedBy(stream, data, kind) {
  if (!/^(patient|course|consultation)-/.test(stream)) return [];
  const { open } = JSON.parse(data);
  const fields = Object.keys(NAMED).filter((field) => typeof open[field] === 'string');
  return fields
    .map((field) => `${NAMED[field]}-${open[field]}`)
    .filter((name) => kind !== 'course' || !/^course/.test(name));
}

/**
 * Demands that the other streams are of the persons whom a bundle of a patient or a course is about.
 * @returns those of which no event says whose they are
 */
function checkBelonging(streams, scope) {
  const personsOf = ({ events }) => events.map(({ data }) => JSON.parse(data).open.patientId).filter((id) => id);
  const isScope = ({ stream }) => scope.streams.includes(stream);
  const own = scope.streams.map((stream) => stream.slice(stream.indexOf('-') + 1));
  const about = new Set(scope.kind === 'patient' ? own : streams.filter(isScope).flatMap(personsOf));
  const others = streams.filter((each) => !isScope(each));
  for (const each of others) {
    const { stream } = each;
    const of = /^(patient|signature)-(.*)$/.exec(stream)?.[2];
    const isOurs = [...personsOf(each), ...(of ? [of] : [])].every((id) => about.has(id));
    const isCourse = scope.kind === 'course' && stream.startsWith('course-');
    demand(isOurs && !isCourse, 'this stream does not belong to what the bundle is about', { stream });
  }
  return others.filter((each) => personsOf(each).length === 0).map(({ stream }) => stream);
}

// ---- Personal data: boxes, each with a key of its own that follows from the person's key of the class ----

/**
 * The key of a box follows from the class key and the box's salt, together with a commitment to it. Without the
 * commitment one ciphertext could be made that opens to two texts under two keys.
 */
const DERIVE = {
  1: (classKey, salt) => {
    const extracted = createHmac('sha256', salt).update(classKey).digest();
    const key = createHmac('sha256', extracted).update('pistor box v1\x01').digest();
    return [key, createHmac('sha256', extracted).update(key).update('pistor box v1\x02').digest()];
  },
  2: (classKey, salt) => {
    const block = createHmac('sha512', classKey).update('\0\0\0\x01pistor box v2\0').update(salt).digest();
    return [block.subarray(0, 32), block.subarray(32)];
  },
};

/**
 * What is in a box: format (1 byte), salt (16), commitment (32), tag (16), then AES-256-GCM, bound to where it stands.
 * @throws Error where it does not open with this key
 */
export function openBox(classKey, text, bound) {
  const box = Buffer.from(text, 'base64url');
  const derive = DERIVE[box[0]];
  if (!derive) throw new Error('a box has a format that is not known');
  const [key, commitment] = derive(classKey, box.subarray(1, 17));
  if (!commitment.equals(box.subarray(17, 49))) throw new Error('a box was not closed with the key in the bundle');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(bound)).setAuthTag(box.subarray(49, 65));
  return JSON.parse(Buffer.concat([decipher.update(box.subarray(65)), decipher.final()]).toString('utf8'));
}

/**
 * Demands that the keys in a bundle open the boxes of their persons. That a key was destroyed only the bundle says: it
 * may list none that was, and some that were not. So every box that no key opens is counted, listed or not.
 */
function checkBoxes({ origin, streams, erased, opened }, told) {
  const nameOf = (each) => `${each.subject}/${each.class}`;
  const keys = new Map(opened.map((each) => [nameOf(each), hashesOf([each.key], 'a key of a person')[0]]));
  const destroyed = new Map(erased.map((each) => [nameOf(each), each]));
  const isOnce = keys.size === opened.length && destroyed.size === erased.length;
  demand(isOnce, 'a key of a person is told of twice');
  const both = erased.find((each) => keys.has(nameOf(each)));
  demand(!both, `it has a key of ${both?.subject} which it says was destroyed`);
  const sealed = [];
  for (const { stream, events } of streams) {
    for (const { position, header, data } of events) {
      const { subject, boxes = {} } = JSON.parse(data);
      for (const [personalClass, box] of Object.entries(boxes)) {
        const name = nameOf({ subject, class: personalClass });
        const bound = `${origin.slice('pistor/'.length)}/${subject}/${personalClass}/${JSON.parse(header).id}`;
        try {
          if (keys.has(name)) openBox(keys.get(name), box, bound);
          else sealed.push(name);
        } catch (error) {
          demand(false, `a box does not open: ${error.message}`, { stream, position });
        }
      }
    }
  }
  for (const each of new Set(sealed.filter((name) => destroyed.has(name)))) {
    const { subject, class: personalClass, at } = destroyed.get(each);
    told.erased.push(`The ${personalClass} data of ${subject} cannot be read since ${at}, as the bundle says.`);
  }
  if (sealed.length === 0) return;
  const gone = sealed.filter((name) => destroyed.has(name)).length;
  const whose = `of ${gone} of them the bundle says that the key was destroyed, of ${sealed.length - gone} it does not`;
  told.notShown.push(
    `What is in ${sealed.length} sealed boxes of personal data, and whether anybody can read it: ${whose}.`,
  );
}

// ---- Signatures of people under entries; those of passkeys: WebAuthn 3, 7.2 ----

const SIGNED_BY = { '-7': 'sha256', '-8': null, '-257': 'sha256' };

/** What a passkey was asked to sign: it is made of the log, the entry's leaf, the meaning and who signs. */
const challengeOf = (log, { leafHash: leaf, meaning, signer, passkey }) =>
  sha256(`pistor-signature/v1\n${log}\n${leaf}\n${meaning}\n${signer}\n${passkey.nonce}\n`).toString('base64url');

/** Demands that a signature stands under the entry that it names. */
function checkSigned(signed, entry, leaf, place) {
  demand(entry.position === signed.position, 'what it signs stands at another position', place);
  const [header, data] = [entry.header, entry.data].map((text) => sha256(text).toString('hex'));
  demand(header === signed.headerHash && data === signed.dataHash, 'what it signs was changed', place);
  const isOfLeaf = (signed.leafHash ?? null) === null || leaf.toString('hex') === signed.leafHash;
  demand(isOfLeaf, 'what it signs is another leaf of the log', place);
}

/** Demands that what a passkey answered is its signature over what the entry says was signed. */
function checkPasskey(signed, log, place) {
  const bytes = (name) => Buffer.from(signed.passkey[name], 'base64url');
  const client = JSON.parse(bytes('clientData'));
  // Before version 2 there was no leaf to sign, and no passkey that did.
  const isOfLeaf = typeof signed.leafHash === 'string';
  const isAsked = isOfLeaf && client.type === 'webauthn.get' && client.challenge === challengeOf(log, signed);
  demand(isAsked && client.origin === signed.passkey.origin, 'its passkey signed something else', place);
  const device = bytes('authenticatorData');
  const isThere = device.subarray(0, 32).equals(sha256(new URL(client.origin).hostname)) && (device[32] & 5) === 5;
  demand(isThere, 'its passkey did not see whoever signed', place);
  const key = createPublicKey({ key: bytes('publicKey'), format: 'der', type: 'spki' });
  const message = Buffer.concat([device, sha256(bytes('clientData'))]);
  const isRight = verify(SIGNED_BY[signed.passkey.algorithm], message, key, bytes('signature'));
  demand(isRight, 'the signature of its passkey is not right', place);
}

/** Demands it of every signature in a bundle, and counts them: as one by a passkey only what was checked. */
function checkAllSigned({ streams, origin }, leaves, found, notShown) {
  const signatures = { byPasskey: 0, bySignIn: 0, elsewhere: 0 };
  for (const { stream, events } of streams) {
    for (const { position, header, data } of events) {
      if (JSON.parse(header).type !== 'EntrySigned') continue;
      const place = { stream, position };
      const signed = JSON.parse(data).open;
      const isByPasskey = (signed.passkey ?? null) !== null;
      if (isByPasskey) {
        try {
          checkPasskey(signed, origin, place);
        } catch (error) {
          demand(error.place, 'it has a passkey’s proof that does not hold', place);
          throw error;
        }
      }
      const entry = streams.find((each) => each.stream === signed.stream)?.events[signed.revision];
      if (entry) checkSigned(signed, entry, leaves.get(signed.stream)[signed.revision], place);
      signatures[entry ? (isByPasskey ? 'byPasskey' : 'bySignIn') : 'elsewhere'] += 1;
    }
  }
  const { byPasskey, bySignIn, elsewhere } = signatures;
  if (byPasskey + bySignIn > 0) {
    found(
      `Signatures under unchanged entries: ${byPasskey + bySignIn}, ${byPasskey} of them by a passkey for just that.`,
    );
    notShown('Whose passkeys those are, and that a sign-in was theirs who signed without one: the chain says so.');
  }
  if (elsewhere > 0) notShown(`What ${elsewhere} of the signatures stand under: those entries are not in the bundle.`);
}

/**
 * Demands that the log, entry by entry, has of the bundle's streams what the bundle has, and no more.
 * @param wanted further streams that it must have where the log does
 * @param isAllCounted whether it must have every stream with an event that a report counts
 */
function checkEntries(chunks, checkpoint, leaves, wanted, isAllCounted) {
  const seen = new Map([...leaves.keys()].map((stream) => [stream, 0]));
  const peaks = [];
  let [size, rest] = [0, Buffer.alloc(0)];
  for (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    // Two bytes with its length stand before each entry.
    while (size < checkpoint.size && rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const entry = rest.subarray(2, 2 + rest.readUInt16BE(0));
      rest = rest.subarray(2 + entry.length);
      size += 1;
      let hash = leafHash(entry);
      const stream = entry.toString('utf8', 3, 3 + entry.readUInt16BE(1));
      const place = { stream, position: size };
      const revision = seen.get(stream);
      if (revision !== undefined) {
        const leaf = leaves.get(stream)[revision];
        demand(leaf, `the log has revision ${revision} of this stream, which the bundle leaves out`, place);
        demand(leaf.equals(hash), 'the log has another event there than the bundle', place);
        seen.set(stream, revision + 1);
      } else if (wanted.includes(stream)) demand(false, 'the log has this stream, which the bundle leaves out', place);
      else if (isAllCounted) {
        const { type } = JSON.parse(entry.subarray(3 + entry.readUInt16BE(1) + 24, -64).toString());
        demand(!COUNTED.test(type), 'the report counts this stream, which the bundle leaves out', place);
      }
      // Trees of equal size are joined as they come about; what is left are the peaks of the whole.
      for (let n = size; n % 2 === 0; n /= 2) hash = nodeHash(peaks.pop(), hash);
      peaks.push(hash);
    }
  }
  demand(size === checkpoint.size, `the entries end at position ${size}, before the checkpoint does`);
  const root = size === 0 ? sha256('') : peaks.reduceRight((right, left) => nodeHash(left, right));
  demand(root.equals(checkpoint.root), 'the entries are not those of the checkpoint');
}

// ---- Reports: figures that follow from events, and that anybody computes again ----

/** Types of events by which a stream comes to matter to a report, corrections of them among them. */
const COUNTED = /^(SessionPerformed|FollowUpHeld|AdverseEventReported|LotRecalled)(Corrected)?$/;
/** Types of events that figures are made of. */
const READ =
  /^(SessionPerformed|FollowUpHeld|AdverseEvent\w+|LotRecalled|RecallPatientTold|SiteLegalRulesSet|\w+Retracted)(Corrected)?$/;

/** @returns the streams that an event brings into a report about a site (null: about all) */
export function countedBy(stream, header, data, site) {
  const { type } = JSON.parse(header);
  if (!COUNTED.test(type)) return [];
  const { open } = JSON.parse(data);
  if (type.startsWith('LotRecalled')) return [stream];
  if (site !== null && open.siteId !== site) return [];
  // What is done about an adverse event that a follow-up found stands in the stream of the patient; its deadline is the site's.
  return open.adverseEvent ? [stream, `patient-${open.patientId}`, `site-${open.siteId}`] : [stream];
}

/** The entries of a stream as they read: by their latest correction that stands, without what was taken back. */
function entriesOf({ events }) {
  const [entries, entryOf, takenBack] = [[], new Map(), new Set()];
  for (const { position, recordedAt, header, data } of events) {
    const { id, type, origin, occurredAt } = JSON.parse(header);
    if (!READ.test(type)) continue;
    const { open } = JSON.parse(data);
    if (type.endsWith('Retracted')) takenBack.add(open.retracts);
    else if (type.endsWith('Corrected')) {
      const entry = entryOf.get(open.corrects);
      entry?.readings.push({ id, open });
      if (entry) entryOf.set(id, entry);
    } else {
      const entered = { type, position, recordedAt, origin, occurredAt };
      entries.push({ id, entered, readings: [{ id, open }] });
      entryOf.set(id, entries.at(-1));
    }
  }
  const standing = entries.filter(({ id }) => !takenBack.has(id));
  return standing.map(({ entered, readings }) => ({
    ...readings.findLast(({ id }) => !takenBack.has(id)).open,
    ...entered,
  }));
}

/** Days for the report of an adverse event to the authority, where a site has set none. */
const REPORTING_DAYS = { severe: 1, moderate: 15, mild: 30 };
const daysAfter = (day, days) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

/**
 * The last day for the report of what a follow-up found, while nobody has assessed it: counted from its day, or from the
 * earliest day on any clock when it was entered, where that was later; an import held what was known on its day.
 * @param rules what sites have set, in their order
 */
function deadlineOf({ siteId, at, adverseEvent, recordedAt, origin }, rules) {
  const enteredOn = new Date(Date.parse(recordedAt) - 12 * 3_600_000).toISOString().slice(0, 10);
  const knownOn = origin === 'import' || enteredOn < dayOf({ at }) ? dayOf({ at }) : enteredOn;
  const inForce = rules.findLast((each) => each.siteId === siteId && each.occurredAt.instant <= at.instant);
  return daysAfter(knownOn, (inForce?.rules.reportingDays ?? REPORTING_DAYS)[adverseEvent.severity ?? 'moderate']);
}

/** Names and numbers are compared however they are written. */
const folded = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
const dayOf = ({ at }) => at.wall.slice(0, 10);
const distinct = (values) => [...new Set(values)].sort();

/**
 * A compliance report: sessions performed, and those against a rule; adverse events, and whether the authority was told in
 * time; recalls, and who of those concerned was told. It holds ids, codes, days and counts, and nothing that an erasure
 * takes away, so that it is the same whenever it is computed from the same checkpoint.
 * @param streams all that `countedBy` names, up to the checkpoint, in any order
 */
export function complianceReport(streams, { log, checkpoint, site, from, to }) {
  const entries = streams.flatMap(entriesOf).sort((a, b) => a.position - b.position);
  const byType = new Map();
  for (const entry of entries) {
    if (!byType.has(entry.type)) byType.set(entry.type, []);
    byType.get(entry.type).push(entry);
  }
  const of = (type) => byType.get(type) ?? [];
  const isHere = ({ siteId }) => site === null || siteId === site;
  const isIn = (day) => from <= day && day <= to;
  const here = of('SessionPerformed').filter(isHere);
  const performed = here.filter((session) => isIn(dayOf(session)));
  const against = performed.filter(({ overridden }) => overridden.length > 0);

  const found = of('FollowUpHeld').filter((each) => each.adverseEvent && isHere(each) && isIn(dayOf(each)));
  const reported = of('AdverseEventReported').filter((each) => isHere(each) && isIn(each.onsetOn));
  const ofFollowUp = (each) => {
    const reportBy = deadlineOf(each, of('SiteLegalRulesSet'));
    return [each.followUpId, { ...each, ...each.adverseEvent, onsetOn: dayOf(each), reportBy }];
  };
  const adverse = new Map(found.map(ofFollowUp));
  for (const each of reported) adverse.set(each.adverseEventId, each);
  const lastOf = (type, id) => of(type).findLast(({ adverseEventId }) => adverseEventId === id);
  const adverseEvents = [...adverse].map(([id, event]) => {
    const { reportBy } = lastOf('AdverseEventAssessed', id) ?? event;
    const toldOn = lastOf('AdverseEventReportedToAuthority', id)?.on ?? null;
    const isOpen = toldOn === null || toldOn > to;
    const state = isOpen ? (reportBy < to ? 'overdue' : 'open') : toldOn <= reportBy ? 'in-time' : 'late';
    const { patientId, kind, severity = null, onsetOn, position } = event;
    return { adverseEventId: id, position, patientId, kind, severity, onsetOn, reportBy, toldOn, state };
  });
  const inState = (state) => adverseEvents.filter((event) => event.state === state).length;

  const recalled = of('LotRecalled').filter(({ recalledOn }) => isIn(recalledOn));
  const recalls = recalled.map(({ recallId, position, product, lotNumber, recalledOn, reference, cause }) => {
    const isIt = (used) => folded(used.product) === folded(product) && folded(used.lotNumber) === folded(lotNumber);
    const concerned = distinct(here.filter(({ products }) => products.some(isIt)).map(({ patientId }) => patientId));
    const told = of('RecallPatientTold').filter((each) => each.recallId === recallId && each.on <= to);
    const notTold = concerned.filter((id) => !told.some(({ patientId }) => patientId === id));
    const counts = { patients: concerned.length, told: concerned.length - notTold.length, notTold };
    return { recallId, position, product, lotNumber, recalledOn, reference, cause, ...counts };
  });

  return {
    ...{ report: 'compliance', version: 1, log, checkpoint, site, from, to },
    sessions: {
      performed: performed.length,
      maintenance: performed.filter(({ kind }) => kind === 'maintenance').length,
      patients: distinct(performed.map(({ patientId }) => patientId)).length,
      againstARule: against.length,
      byRule: distinct(against.flatMap(({ overridden }) => overridden)).map((rule) => ({
        rule,
        positions: against.filter(({ overridden }) => overridden.includes(rule)).map(({ position }) => position),
      })),
    },
    adverseEvents: {
      ...{ all: adverseEvents.length, inTime: inState('in-time'), late: inState('late') },
      ...{ overdue: inState('overdue'), open: inState('open') },
      items: adverseEvents,
    },
    recalls: { all: recalls.length, items: recalls },
  };
}

/** The bytes of a report. */
export const reportText = (report) => `${JSON.stringify(report, null, 1)}\n`;

/** More events than this are not put in the bundle of a report: it would be a file of 50 MB. */
export const BUNDLED_EVENTS_MAX = 20_000;

/** What a report says that it was computed from. */
function parametersOf({ report, origin }, checkpoint) {
  const read = JSON.parse(report.text);
  demand(isObject(read), 'the report is not an object');
  const named = Object.fromEntries(Object.keys(PARAMETERS).map((name) => [name, read[name]]));
  demandForm(named, PARAMETERS, 'the report');
  demand(named.from <= named.to, 'the report is on a period that ends before it begins');
  const { size, root } = named.checkpoint;
  const isItsOwn = named.log === origin && size === checkpoint.size && root === checkpoint.root.toString('base64');
  demand(isItsOwn, 'the report was computed from another checkpoint than this one');
  return named;
}

/** Demands that the figures of a report follow from the events in the bundle. @returns whether that was shown */
function checkReport({ report, streams }, read, leaves, found, notShown) {
  const { log, checkpoint, site, from, to } = read;
  const about = `${site ? `site ${site}` : 'all sites'}, ${from} to ${to}`;
  const { eventsLeftOut } = report;
  if (eventsLeftOut > 0) {
    demand(streams.length === 0, 'it says that it leaves the events of the report out, and has some');
    const isTooMany = eventsLeftOut > BUNDLED_EVENTS_MAX;
    demand(isTooMany, `it leaves ${eventsLeftOut} events out, which are not too many to be in it`);
    const isThere = eventsLeftOut <= checkpoint.size;
    demand(isThere, `it leaves ${eventsLeftOut} events out, and its checkpoint has only ${checkpoint.size}`);
    // Days, ids and numbers only: nothing in it could be a command of its own.
    const again = `pistor report compliance --from ${from} --to ${to} --checkpoint ${checkpoint.size}`;
    notShown(
      `That the figures follow from the log: ${eventsLeftOut} events are too many to be in it. Compute them again:`,
    );
    notShown(`${again}${site ? ` --site ${site}` : ''}; SHA-256 ${sha256(report.text).toString('hex')}.`);
    found(`It claims to be a compliance report on ${about}; no figure of it was checked.`);
    return false;
  }
  const counted = new Set();
  for (const { stream, events } of streams) {
    for (const { position, header, data } of events) {
      const names = countedBy(stream, header, data, site);
      const missing = names.find((name) => !leaves.has(name));
      demand(!missing, `the report has to look at ${missing}, which is not in the bundle`, {
        stream,
        position,
      });
      for (const name of names) counted.add(name);
    }
  }
  const other = streams.find(({ stream }) => !counted.has(stream))?.stream;
  demand(!other, 'the report does not count this stream', { stream: other });
  const again = reportText(complianceReport(streams, { log, checkpoint, site, from, to }));
  demand(again === report.text, 'the figures of the report do not follow from these events');
  found(`It is a compliance report on ${about}: computed from these events again, it is the same to the byte.`);
  return true;
}

// ---- The whole ----

/** Takes the bytes of a bundle and what the auditor has from elsewhere. */
export function verifyBundle(file, given = {}) {
  const told = { checkpoint: null, streams: 0, events: 0, found: [], notShown: [], erased: [] };
  let isProved = true;
  try {
    isProved = check(file, given, told);
  } catch (error) {
    return { outcome: 'invalid', problem: { what: error.message, ...error.place }, ...told };
  }
  const outcome = told.erased.length > 0 ? 'valid but erased' : 'valid';
  return { outcome: isProved ? outcome : 'not proved', problem: null, ...told };
}

/** The public keys in a bundle, each of the kind that its role says. */
function keysIn({ keys, origin }) {
  return keys.map(({ vkey, role, fromSize, untilSize }) => {
    const key = keyOf(vkey);
    const isItsRole = role === 'log' ? key.kind === LOG && key.name === origin : key.kind === WITNESS;
    demand(isItsRole, `the public key ${key.name} is not one of a ${role}`);
    return { ...key, fromSize, untilSize };
  });
}

/** Who has signed the checkpoint, by the keys of the auditor or else by those in the bundle. */
function checkSigners(checkpoint, inBundle, given, found, notShown) {
  const { origin, size } = checkpoint;
  const trusted = (given.keys ?? []).map(keyOf);
  const isTrusted = (key) => trusted.some(({ line }) => line === key.line);
  const signed = checkSignatures(checkpoint, [...trusted, ...inBundle], inBundle, 'the checkpoint');
  const isOfLog = (key) => key.kind === LOG && key.name === origin;
  const byLog = signed.some(({ key }) => isOfLog(key) && isTrusted(key));
  // Who has a key of the log asks whether that one has signed; who has a witness's, whether the witness has.
  demand(byLog || !trusted.some(isOfLog), `the checkpoint is not signed by a key of ${origin} that you gave`);
  const byAny = signed.some(({ key }) => isTrusted(key));
  demand(byAny || trusted.length === 0, 'the checkpoint is not signed by any key that you gave');
  found(`${origin} has signed that it holds ${size} events.`);
  if (!byLog) notShown('That the signing key is the chain’s: give the one that you know with --key.');
  const witnesses = signed.filter(({ at }) => at);
  for (const { key, at } of witnesses) {
    found(`${key.name} has witnessed it at ${at.toISOString()}${isTrusted(key) ? '' : ', by a key from the bundle'}.`);
  }
  if (!witnesses.some(({ key }) => isTrusted(key))) {
    notShown('That everybody is shown the same history: no witness that you gave a key of has signed.');
  }
}

/** Demands that a bundle of a patient or a course has what its events name, and nothing of anybody else. */
function checkRecord({ scope, streams }, leaves, found, notShown) {
  const unnamed = checkBelonging(streams, scope);
  for (const stream of unnamed) notShown(`What ${stream} has to do with it: none of its events says so.`);
  for (const { stream, events } of streams) {
    for (const { position, data } of events) {
      const missing = namedBy(stream, data, scope.kind).find((name) => !leaves.has(name));
      demand(!missing, `it names ${missing}, which is not in the bundle`, { stream, position });
      const { otherPatientId: other } = JSON.parse(data).open;
      if (other && !leaves.has(`patient-${other}`))
        notShown(`What is on record under another registration, ${quoted(other)}.`);
    }
  }
  found('Every course and consultation that they name is there.');
  const unlisted = scope.kind === 'patient' ? 'no message, and no course of an old history,' : 'no message';
  notShown(`That ${unlisted} was left out which no event names.`);
  if (scope.kind === 'course') notShown('Signatures of people under it: they are in the bundle of the patient.');
  if (scope.name !== null) {
    notShown(`That ${quoted(scope.name)} means ${scope.streams[0]}: codes are kept beside the log.`);
  }
}

function check(file, given, told) {
  const bundle = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file));
  demand(bundle?.format === 'pistor-evidence', 'this is no evidence bundle');
  const isNewer = Number.isInteger(bundle.version) && bundle.version > 2;
  demand(!isNewer, `this is version ${bundle.version} of the format: use a newer verifier`);
  const isReport = bundle.scope?.kind === 'report';
  demandForm(bundle, isReport ? { ...BUNDLE, report: REPORT } : BUNDLE, 'the bundle');
  demand(
    bundle.version === (isReport ? 2 : 1),
    `version ${bundle.version} of the format is not for this kind of bundle`,
  );
  const { scope, streams } = bundle;
  const found = (text) => told.found.push(text);
  const notShown = (text) => told.notShown.push(text);
  const checkpoint = checkpointOf(bundle.checkpoint, 'the checkpoint');
  const { origin, size } = checkpoint;
  demand(origin === bundle.origin, `the checkpoint is one of ${quoted(origin)}, not of ${bundle.origin}`);
  told.checkpoint = { origin, size, root: checkpoint.root.toString('base64') };
  checkSigners(checkpoint, keysIn(bundle), given, found, notShown);

  const leaves = new Map(streams.map((each) => [each.stream, checkStream(each, checkpoint)]));
  demand(leaves.size === streams.length, 'a stream is in it twice');
  const isThere = (name) => leaves.has(name) && (isReport || name.startsWith(`${scope.kind}-`));
  demand((isReport || scope.streams.length > 0) && scope.streams.every(isThere), 'what it is about is not in it');
  told.streams = leaves.size;
  told.events = streams.reduce((sum, { events }) => sum + events.length, 0);
  const report = isReport ? parametersOf(bundle, checkpoint) : undefined;
  const isProved = !report || checkReport(bundle, report, leaves, found, notShown);
  if (!report) found(`It is about a ${scope.kind}: ${scope.streams.join(', ')}.`);
  if (told.events > 0)
    found(
      `Its ${told.events} events are unchanged, each of its ${told.streams} streams there from its first event on.`,
    );
  if (!report) checkRecord(bundle, leaves, found, notShown);
  for (const { stream, events } of streams) {
    for (const { position, header } of events) {
      if (JSON.parse(header).type === 'PatientErased')
        told.erased.push(`${stream} was erased at position ${position}.`);
    }
  }
  checkAllSigned(bundle, leaves, found, notShown);
  checkBoxes(bundle, told);

  if (given.checkpoint === undefined) {
    notShown('That nothing was rewritten before this checkpoint was signed: give an older one with --checkpoint.');
  } else {
    const outside = checkpointOf(given.checkpoint, 'your checkpoint');
    const yours = `your checkpoint of ${outside.size} events`;
    demand(outside.origin === origin, `your checkpoint is one of ${quoted(outside.origin)}`);
    demand(outside.size <= size, `${yours} is newer than the bundle: have the bundle made anew`);
    const proof = outside.size === size ? [] : bundle.consistency.find((each) => each.size === outside.size)?.proof;
    demand(proof, `the bundle proves nothing of ${yours}: have it made with --since ${outside.size}`);
    const goesOn = isConsistent(outside, checkpoint, hashesOf(proof, 'the proof of consistency'));
    demand(goesOn, `the history does not go on from ${yours}: it was rewritten or forked`);
    found(`The history goes on from ${yours}.`);
  }

  // Of a report without its events there is nothing that could be complete.
  const isOnAll = isProved && report?.site === null;
  if (report && isProved) {
    const text = 'That no stream which it would count was left out';
    if (!isOnAll) notShown(`${text}: entries do not say sites; take the report on all sites.`);
    else if (given.entries === undefined) notShown(`${text}: give the entries of the log with --entries.`);
  }
  // The one stream beside the record whose name follows from whose it is.
  const signedIn = scope.kind === 'patient' ? scope.streams.map((name) => name.replace('patient-', 'signature-')) : [];
  if (given.entries !== undefined) {
    checkEntries(given.entries, checkpoint, leaves, signedIn, isOnAll);
    if (isProved) found(`None of the ${size} entries of the log is missing from these streams: they are complete.`);
    if (isOnAll) found('No stream that a report on all sites counts is left out.');
  } else if (isProved) {
    notShown('That no later event of these streams was left off: give the entries of the log with --entries.');
    const unsigned = signedIn.find((name) => !leaves.has(name));
    if (unsigned) notShown('That nobody has signed anything of it: give the entries of the log with --entries.');
  }
  return isProved;
}

/** The outcome in words. */
export function outcomeText({ outcome, problem, found, notShown, erased }) {
  if (problem) {
    const place = [problem.position && `position ${problem.position}`, problem.stream].filter(Boolean).join(', ');
    return `INVALID. ${printable(`${place && `At ${place}: `}${problem.what}`)}.\n`;
  }
  const open = notShown.map((text) => `- ${text}`);
  const lines = [`${outcome.toUpperCase()}.`, ...erased, ...found, '', 'Not shown by this:', ...open, ''];
  return lines.map(printable).join('\n');
}

/** A file piece by piece, since the entries of a log may be larger than memory. */
export function* chunksOf(path) {
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(1 << 20);
  for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) yield chunk.subarray(0, read);
  closeSync(file);
}

/** @returns the public keys in a file, one a line, or the one that is written in place of a file */
export const keysOf = (text) =>
  (existsSync(text) ? readFileSync(text, 'utf8') : text).split('\n').filter((line) => line.includes('+'));

/** What the command ends with. */
export const EXIT_CODES = { valid: 0, 'valid but erased': 3, 'not proved': 4, invalid: 1 };

function main(args) {
  const given = { keys: [] };
  const bundles = [];
  for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
    if (arg === '--key') given.keys.push(...keysOf(args.shift() ?? ''));
    else if (arg === '--checkpoint') given.checkpoint = readFileSync(args.shift(), 'utf8');
    else if (arg === '--entries') given.entries = chunksOf(args.shift());
    else bundles.push(arg);
  }
  if (bundles.length !== 1) throw new Error('usage: verify-bundle.mjs BUNDLE [--key …] [--checkpoint …] [--entries …]');
  const result = verifyBundle(readFileSync(bundles[0]), given);
  process.stdout.write(outcomeText(result));
  return EXIT_CODES[result.outcome];
}

if (existsSync(process.argv[1] ?? '') && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
