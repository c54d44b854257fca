import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import type { Id } from '#libs/kernel/src/ids.js';
import { encodeEntry } from '#libs/ledger/src/entry.js';
import { leafHash, sha256 } from '#libs/ledger/src/sha256.js';
import {
  COSIGNATURE_V1,
  cosignText,
  formatVkey,
  newSigningKey,
  parseNote,
  verifierKey,
} from '#libs/ledger/src/signed-note.js';
import { asOwner } from '#test/support/test-database.js';
import { type EvidenceGiven, openEvidence, type PatientOnRecord } from '#test/support/evidence-given.js';
import { outcomeText, verifyBundle } from './verify-bundle.mjs';

let given: EvidenceGiven;
let patient: PatientOnRecord;
let other: PatientOnRecord;
let bundle: Buffer;
/** Of the log when it held the first patient only. */
let older: string;

beforeAll(async () => {
  given = await openEvidence();
  patient = await given.patient(6);
  await given.sequence();
  older = await given.outside();
  other = await given.patient(3);
  await given.sequence();
  bundle = await given.bundle(patient.scope, { since: [10] });
});
afterAll(() => given.close());

interface Written {
  checkpoint: string;
  keys: { vkey: string; role: string }[];
  scope: { streams: string[] };
  consistency: { size: number; proof: string[] }[];
  streams: {
    stream: string;
    events: { revision: number; position: number; header: string; data: string; proof: string[] }[];
  }[];
}
/** The bundle with something changed. */
function changed(change: (bundle: Written) => void, from = bundle): Buffer {
  const read = JSON.parse(from.toString()) as Written;
  change(read);
  return Buffer.from(JSON.stringify(read));
}
const problemOf = (file: Buffer, what = {}) => verifyBundle(file, what).problem?.what;

/** The entries of the whole log, as the ledger serves them in bundles of 256. */
async function entries(): Promise<Buffer[]> {
  const { rows } = await given.engine.db.query<Record<string, string> & { ms: number; revision: number }>(
    `select position, stream, revision, date_part('epoch', recorded_at) * 1000 as ms, header, data from event_log
     where chain = $1 order by position`,
    [given.chain.no],
  );
  const leaves = new Map<string, Buffer>();
  return rows.map(({ position, stream, revision, ms, header, data }) => {
    const previous = leaves.get(stream as string) ?? Buffer.alloc(32);
    const entry = encodeEntry({
      stream: stream as string,
      revision,
      position: Number(position),
      recordedAtMs: Math.round(ms),
      header: header as string,
      dataHash: sha256(data as string),
      previous,
    });
    leaves.set(stream as string, leafHash(entry));
    return Buffer.concat([Buffer.of(entry.length >> 8, entry.length & 255), entry]);
  });
}

describe('a bundle', () => {
  it('is valid by the keys in it, and says that they are only that', () => {
    const verdict = verifyBundle(bundle);
    expect(verdict).toMatchObject({ outcome: 'valid', problem: null, streams: 3, events: 10 });
    const ids = new Map([
      [given.chain.id, 'CHAIN'],
      [patient.patientId, 'PATIENT'],
    ]);
    expect(
      outcomeText(verdict).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => ids.get(id as Id) ?? id),
    ).toBe(`VALID.
pistor/CHAIN has signed that it holds 17 events.
It is about a patient: patient-PATIENT.
Its 10 events are unchanged, each of its 3 streams there from its first event on.
Every course and consultation that they name is there.

Not shown by this:
- That the signing key is the chain’s: give the one that you know with --key.
- That everybody is shown the same history: no witness that you gave a key of has signed.
- That PT00001 means patient-PATIENT: codes are kept beside the log.
- That nothing was rewritten before this checkpoint was signed: give an older one with --checkpoint.
- That no later event of these streams was left off: give the entries of the log with --entries.
`);
  });

  it('is valid by the key that the auditor has, and by no other', async () => {
    const keys = await given.vkeys();
    expect(verifyBundle(bundle, { keys })).toMatchObject({ outcome: 'valid' });
    const stranger = formatVkey(verifierKey(`pistor/${given.chain.id}`, newSigningKey().publicKey));
    expect(problemOf(bundle, { keys: [stranger] })).toMatch(/not signed by a key of .* that you gave/);
  });

  it('goes on from an older checkpoint that it has a proof for, and from its own', async () => {
    expect(verifyBundle(bundle, { checkpoint: older }).found).toContain(
      'The history goes on from your checkpoint of 10 events.',
    );
    expect(verifyBundle(bundle, { checkpoint: await given.outside() }).outcome).toBe('valid');
    const without = await given.bundle(patient.scope);
    expect(problemOf(without, { checkpoint: older })).toMatch(/made with --since 10/);
  });

  it('is told from one of another history, where the older checkpoint is not its own', () => {
    const forged = older.replace(/\n([A-Za-z0-9+/]{43}=)\n/, `\n${Buffer.alloc(32, 7).toString('base64')}\n`);
    expect(problemOf(bundle, { checkpoint: forged })).toMatch(/does not go on from your checkpoint of 10 events/);
  });

  it('is complete by the entries of the log, and incomplete where its end was left off', async () => {
    const whole = await entries();
    const verdict = verifyBundle(bundle, { entries: whole });
    expect(verdict.found.at(-1)).toMatch(/None of the 17 entries .* they are complete/);
    expect(verdict.notShown.join()).not.toMatch(/--entries/);

    const shorter = changed(({ streams }) => void streams[1]?.events.pop());
    expect(verifyBundle(shorter)).toMatchObject({ outcome: 'valid' });
    expect(verifyBundle(shorter).notShown.join()).toMatch(/no later event .* left off/);
    expect(verifyBundle(shorter, { entries: whole }).problem).toEqual({
      what: 'the log has revision 6 of this stream, which the bundle leaves out',
      stream: expect.stringMatching(/^course-/),
      position: 10,
    });
    // In pieces that end anywhere, and one entry short or changed.
    const file = Buffer.concat(whole);
    const pieces = [file.subarray(0, 1), file.subarray(1, 700), file.subarray(700)];
    expect(verifyBundle(bundle, { entries: pieces }).outcome).toBe('valid');
    expect(problemOf(bundle, { entries: whole.slice(0, -1) })).toMatch(/end at position 16/);
    const another = Buffer.from(file);
    another[another.length - 1]! ^= 1;
    expect(problemOf(bundle, { entries: [another] })).toBe('the entries are not those of the checkpoint');
  });

  it('is told of with whose witness has signed it, and when', () => {
    const key = newSigningKey();
    const witness = formatVkey(verifierKey('witness.example', key.publicKey, COSIGNATURE_V1));
    const witnessed = changed((read) => {
      const { text } = parseNote(read.checkpoint);
      read.checkpoint += `${cosignText(text, 'witness.example', key, 1_790_000_000)}\n`;
      read.keys.push({ vkey: witness, role: 'witness' });
    });
    expect(verifyBundle(witnessed).found[1]).toBe(
      'witness.example has witnessed it at 2026-09-21T14:13:20.000Z, by a key from the bundle.',
    );
    const { notShown } = verifyBundle(witnessed, {
      keys: [witness, ...JSON.parse(bundle.toString()).keys.map((each: { vkey: string }) => each.vkey)],
    });
    expect(notShown.join()).not.toMatch(/witness/);
  });

  const tampered: readonly (readonly [string, (bundle: Written) => void, RegExp])[] = [
    ['an event that is left out', ({ streams }) => void streams[1]?.events.splice(2, 1), /revision 2 is missing/],
    ['the first event that is left out', ({ streams }) => void streams[1]?.events.shift(), /revision 0 is missing/],
    [
      'two events that are swapped',
      ({ streams: [, course] }) => void course?.events.splice(2, 2, course.events[3]!, course.events[2]!),
      /revision 2 is missing/,
    ],
    [
      'two data that are swapped',
      ({ streams: [, course] }) => {
        const [a, b] = course!.events.slice(2, 4);
        [a!.data, b!.data] = [b!.data, a!.data];
      },
      /not what the log holds/,
    ],
    [
      'a course that is left out',
      ({ streams }) => void streams.splice(1, 1),
      /it names course-.*, which is not in the bundle/,
    ],
    ['a consultation that is left out', ({ streams }) => void streams.splice(2, 1), /it names consultation-/],
    ['the patient who is left out', ({ streams }) => void streams.splice(0, 1), /what it is about is not in it/],
    ['the patient without an event', ({ streams }) => void (streams[0]!.events = []), /what it is about is not in it/],
    ['a stream that is there twice', ({ streams }) => void streams.push(streams[0]!), /twice/],
    ['a stream under another name', ({ streams }) => void (streams[2]!.stream += '0'), /not what the log holds/],
    [
      'another kind of thing that it is about',
      ({ scope }) => void ((scope as { kind?: string }).kind = 'course'),
      /what it is about/,
    ],
    ['nothing that it is about', ({ scope }) => void (scope.streams = []), /what it is about/],
    ['no signature', (read) => void (read.checkpoint = read.checkpoint.split('\u2014')[0]!), /not written as one/],
    [
      'a signature of a key that is not told',
      (read) => void (read.checkpoint += `\u2014 stranger ${Buffer.alloc(68).toString('base64')}\n`),
      /whose key is not known/,
    ],
    [
      'a larger size',
      (read) => void (read.checkpoint = read.checkpoint.replace('\n17\n', '\n18\n')),
      /signature .* is not right/,
    ],
  ];
  it.each(tampered)('is invalid with %s', (_what, change, problem) => {
    expect(problemOf(changed(change))).toMatch(problem);
  });

  it('is invalid with any byte of an event, a proof or the checkpoint changed', () => {
    const text = bundle.toString('latin1');
    const notes = [text.indexOf('"checkpoint":"') + 14, text.indexOf('","keys"')] as const;
    const streams = [text.indexOf('"streams":[\n{') + 11, text.indexOf('],\n"erased"')] as const;
    const places = fc.oneof(
      fc.integer({ min: notes[0], max: notes[1] - 1 }),
      fc.integer({ min: streams[0], max: streams[1] - 1 }).filter((at) => text[at] !== '\n'),
    );
    fc.assert(
      fc.property(places, fc.integer({ min: 1, max: 255 }), (at, by) => {
        const flipped = Buffer.from(bundle);
        flipped[at]! ^= by;
        expect(verifyBundle(flipped).outcome).toBe('invalid');
      }),
      { numRuns: 2_000 },
    );
  });

  it('is invalid when it is cut off anywhere, and is never taken for a wrong outcome', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bundle.length - 3 }), (length) => {
        expect(verifyBundle(bundle.subarray(0, length)).outcome).toBe('invalid');
      }),
      { numRuns: 200 },
    );
  });

  it('of a course has its consultation and needs no other course', async () => {
    const verdict = verifyBundle(await given.bundle(other.courseScope));
    expect(verdict).toMatchObject({ outcome: 'valid', streams: 2, events: 5 });
  });

  it('is valid but erased once a key of the person was destroyed, and every proof holds as before', async () => {
    await asOwner(
      given.engine.db,
      `update subject_key set wrapped = null, destroyed_at = now() where subject = '${other.patientId}'`,
    );
    const verdict = verifyBundle(await given.bundle(other.scope));
    expect(verdict).toMatchObject({ outcome: 'valid but erased', problem: null, events: 7 });
    expect(verdict.erased).toHaveLength(2);
    expect(outcomeText(verdict)).toMatch(/^VALID BUT ERASED\.\n/);
  });
});

describe('the verifier as a command', () => {
  const run = promisify(execFile);
  const file = join(import.meta.dirname, 'verify-bundle.mjs');

  it('runs alone in an empty folder, and ends with what the outcome is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pistor verify '));
    try {
      const copy = join(folder, 'verify-bundle.mjs');
      await copyFile(file, copy);
      await writeFile(join(folder, 'b.json'), bundle);
      await writeFile(
        join(folder, 'bad.json'),
        changed(({ streams }) => void streams[1]?.events.shift()),
      );
      await writeFile(join(folder, 'key'), `${(await given.vkeys()).join('\n')}\n`);
      await writeFile(join(folder, 'older'), older);
      await writeFile(join(folder, 'entries'), Buffer.concat(await entries()));
      const all = ['b.json', '--key', 'key', '--checkpoint', 'older', '--entries', 'entries'];
      const { stdout } = await run(process.execPath, [copy, ...all], { cwd: folder });
      expect(stdout).toMatch(/^VALID\.\n/);
      const ends = async (...args: string[]) =>
        run(process.execPath, [copy, ...args], { cwd: folder }).then(
          () => 0,
          (error: { code: number }) => error.code,
        );
      expect(await ends('bad.json')).toBe(1);
      expect(await ends('missing.json')).toBe(2);
      expect(await ends()).toBe(2);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
