#!/usr/bin/env node
// Shows what stands in an evidence bundle of Pistor, in the order of positions, and what is personal in it where the
// bundle was made with its keys (`--open`). Needs Node.js 20 and verify-bundle.mjs beside it, no network and no database.
//
//     node show-bundle.mjs BUNDLE
//
// What is shown is only what verify-bundle.mjs found valid. Whoever wants to believe it reads that file first.
import { createDecipheriv, createHmac } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { outcomeText, verifyBundle } from './verify-bundle.mjs';

/**
 * Each box has a key of its own, which follows from the person's key of the class and the box's salt, together with a
 * commitment to it. Without the commitment one ciphertext could be made that opens to two texts under two keys.
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

/** A box: format (1 byte), salt (16), commitment (32), tag (16), then AES-256-GCM, bound to where it stands. */
function openBox(classKey, text, bound) {
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
 * The events of a bundle that was found valid, oldest first.
 * @throws Error where a box does not open with the key that the bundle has for it
 */
export function eventsIn(file) {
  const { origin, streams, opened } = JSON.parse(file);
  const keys = new Map(opened.map((each) => [`${each.subject}/${each.class}`, Buffer.from(each.key, 'base64')]));
  const chain = origin.slice('pistor/'.length);
  const events = streams.flatMap(({ stream, events }) => events.map((event) => ({ stream, ...event })));
  return events
    .sort((a, b) => a.position - b.position)
    .map(({ stream, revision, position, recordedAt, header, data }) => {
      const { id, type, occurredAt, actor, site } = JSON.parse(header);
      const { open, subject, boxes = {} } = JSON.parse(data);
      const personal = {};
      for (const [personalClass, box] of Object.entries(boxes)) {
        const key = keys.get(`${subject}/${personalClass}`);
        const bound = `${chain}/${subject}/${personalClass}/${id}`;
        personal[personalClass] = key === undefined ? '(sealed)' : openBox(key, box, bound);
      }
      return { position, stream, revision, type, recordedAt, occurredAt, actor, site, open, personal };
    });
}

if (existsSync(process.argv[1] ?? '') && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const file = readFileSync(process.argv[2] ?? '');
    const verdict = verifyBundle(file);
    process.stderr.write(outcomeText(verdict));
    if (verdict.problem) process.exitCode = 1;
    else for (const event of eventsIn(file)) process.stdout.write(`${JSON.stringify(event)}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
