#!/usr/bin/env node
// Shows what stands in an evidence bundle of Pistor, in the order of positions, and what is personal in it where the
// bundle was made with its keys (`--open`). Needs Node.js 20 and verify-bundle.mjs beside it, no network and no database.
//
//     node show-bundle.mjs BUNDLE
//
// What is shown is only what verify-bundle.mjs found valid. Whoever wants to believe it reads that file first.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openBox, outcomeText, printable, verifyBundle } from './verify-bundle.mjs';

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
    else for (const event of eventsIn(file)) process.stdout.write(`${printable(JSON.stringify(event))}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
