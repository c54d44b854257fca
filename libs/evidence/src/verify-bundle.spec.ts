import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { encodeEntry } from '#libs/ledger/src/entry.js';
import { leafHash, sha256 } from '#libs/ledger/src/sha256.js';
import {
  COSIGNATURE_V1,
  cosignText,
  formatVkey,
  newSigningKey,
  parseNote,
  signText,
  verifierKey,
} from '#libs/ledger/src/signed-note.js';
import { asOwner } from '#test/support/test-database.js';
import { EntrySigned, type EvidenceGiven, openEvidence, type PatientOnRecord } from '#test/support/evidence-given.js';
import { EXIT_CODES, outcomeText, verifyBundle } from './verify-bundle.mjs';

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
  keys: { vkey: string; role: string; fromSize: number | null; untilSize: number | null }[];
  scope: { streams: string[]; name: string | null };
  erased: { subject: string; class: string; at: string }[];
  opened: { subject: string; class: string; key: string }[];
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
- That no message, and no course of an old history, was left out which no event names.
- That "PT00001" means patient-PATIENT: codes are kept beside the log.
- What is in 8 sealed boxes of personal data, and whether anybody can read it: of 0 of them the bundle says that the key was destroyed, of 8 it does not.
- That nothing was rewritten before this checkpoint was signed: give an older one with --checkpoint.
- That no later event of these streams was left off: give the entries of the log with --entries.
- That nobody has signed anything of it: give the entries of the log with --entries.
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
      read.keys.push({ vkey: witness, role: 'witness', fromSize: null, untilSize: null });
    });
    expect(verifyBundle(witnessed).found[1]).toBe(
      'witness.example has witnessed it at 2026-09-21T14:13:20.000Z, by a key from the bundle.',
    );
    const { notShown } = verifyBundle(witnessed, {
      keys: [witness, ...JSON.parse(bundle.toString()).keys.map((each: { vkey: string }) => each.vkey)],
    });
    expect(notShown.join()).not.toMatch(/witness/);
    // Whoever knows the witness alone has what it takes, and is told which key they did not have.
    const alone = verifyBundle(witnessed, { keys: [witness] });
    expect(alone).toMatchObject({ outcome: 'valid', problem: null });
    expect(alone.notShown.join()).toMatch(/That the signing key is the chain’s/);
    const stranger = formatVkey(verifierKey('witness.example', newSigningKey().publicKey, COSIGNATURE_V1));
    expect(problemOf(witnessed, { keys: [stranger] })).toBe('the checkpoint is not signed by any key that you gave');
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
    ['the patient without an event', ({ streams }) => void (streams[0]!.events = []), /it has no event/],
    ['a stream that is there twice', ({ streams }) => void streams.push(streams[0]!), /twice/],
    [
      'a stream under another name',
      ({ streams }) => void (streams[2]!.stream = `consultation-${newId()}`),
      /not what the log holds/,
    ],
    ['a course without an event', ({ streams }) => void (streams[1]!.events = []), /it has no event/],
    ['a key that was retired before', ({ keys }) => void (keys[0]!.untilSize = 16), /does not sign size 17/],
    ['a key that signs from later on', ({ keys }) => void (keys[0]!.fromSize = 18), /does not sign size 17/],
    ['a key in another role', ({ keys }) => void (keys[0]!.role = 'witness'), /is not one of a witness/],
    ['a role that is not known', ({ keys }) => void (keys[0]!.role = 'owner'), /role .* is not one of log, witness/],
    ['a field that is not known', (read) => void Object.assign(read, { valid: true }), /field "valid", .* not known/],
    ['a report that is none', (read) => void Object.assign(read, { report: {} }), /field "report", .* not known/],
    ['no list of keys that were destroyed', (read) => void Object.assign(read, { erased: null }), /not a list/],
    [
      'a time that is none',
      ({ erased }) => void erased.push({ subject: newId(), class: 'clinical', at: 'never.\nVALID.' }),
      /at of number 1 of erased .* is not a time/,
    ],
    [
      'a person who is none',
      ({ erased }) => void erased.push({ subject: 'x', class: 'clinical', at: '2026-01-01T00:00:00.000Z' }),
      /subject .* is not an id/,
    ],
    ['a name that is none', ({ scope }) => void (scope.name = 'x'.repeat(201)), /name of scope/],
    [
      'a position that is text',
      ({ streams }) => void Object.assign(streams[0]!.events[0]!, { position: '1' }),
      /not a whole number/,
    ],
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

  it('is about nobody else: a stream of another patient is refused, and so is another course in that of a course', async () => {
    const theirs = JSON.parse((await given.bundle(other.scope)).toString()) as Written;
    for (const stream of theirs.streams) {
      const mixed = changed(({ streams }) => void streams.push(stream));
      expect(problemOf(mixed)).toBe('this stream does not belong to what the bundle is about');
    }
    const [, course] = (JSON.parse(bundle.toString()) as Written).streams;
    const two = changed(({ streams }) => void streams.push(course!), await given.bundle(other.courseScope));
    expect(problemOf(two)).toBe('this stream does not belong to what the bundle is about');
  });

  it('leaves out a stream that begins after its checkpoint', async () => {
    const scope = { ...patient.scope, further: [`message-${newId()}`] };
    expect(verifyBundle(await given.bundle(scope))).toMatchObject({ outcome: 'valid', streams: 3 });
  });

  it('prints what it says of itself without obeying it', () => {
    const name = 'PT1 means\nVALID.\u001b[2J\u202e$(rm -rf ~)';
    const text = outcomeText(verifyBundle(changed(({ scope }) => void (scope.name = name))));
    expect(text).toContain(String.raw`That "PT1 means\nVALID.\u001b[2J\u202e$(rm -rf ~)" means patient-`);
    const origin = 'pistor/x\u001b[2J';
    const unknown = changed((read) => void Object.assign(read, { [origin]: 1 }));
    expect(outcomeText(verifyBundle(unknown))).toMatch(/^INVALID\. [^\u0000-\u001f]*\n$/);
  });

  it('opens every box that it has a key for, and counts those that it has none for, listed or not', async () => {
    const open = await given.bundle(patient.scope, { open: true });
    expect(verifyBundle(open).notShown.join()).not.toMatch(/sealed boxes/);
    const other = changed(({ opened }) => void (opened[0]!.key = Buffer.alloc(32, 7).toString('base64')), open);
    expect(problemOf(other)).toMatch(/a box does not open: .* not closed with the key in the bundle/);
    const at = '2026-01-01T00:00:00.000Z';
    const said = { subject: patient.patientId, class: 'clinical', at };
    const both = changed(({ erased }) => void erased.push(said), open);
    expect(problemOf(both)).toMatch(/has a key of .* which it says was destroyed/);
    const twice = changed(({ erased }) => void erased.push(said, said));
    expect(problemOf(twice)).toBe('a key of a person is told of twice');

    const made = verifyBundle(changed(({ erased }) => void erased.push(said)));
    expect(made).toMatchObject({ outcome: 'valid but erased' });
    expect(made.notShown.join()).toContain('of 7 of them the bundle says that the key was destroyed, of 1 it does not');
    // Of whom it has no box it can say what it likes.
    const nobody = verifyBundle(changed(({ erased }) => void erased.push({ ...said, subject: newId() })));
    expect(nobody).toMatchObject({ outcome: 'valid', erased: [] });
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
    // Whoever strips the list does not make the boxes readable, nor the verdict silent about them.
    const stripped = verifyBundle(changed((read) => void (read.erased = []), await given.bundle(other.scope)));
    expect(stripped.notShown.join()).toContain('5 sealed boxes of personal data');
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

describe('a report whose events are not in its bundle', () => {
  const log = `pistor/${newId()}`;
  const key = newSigningKey();
  const root = Buffer.alloc(32, 1).toString('base64');
  /** As whoever has a signing key can write it. */
  const claimed = (eventsLeftOut: unknown, { size = 30_000, ...more }: Record<string, unknown> = {}) => {
    const parameters = { report: 'compliance', version: 1, log, checkpoint: { size, root } };
    const period = { site: null, from: '2026-01-01', to: '2026-03-31', ...more };
    const body = `${log}\n${size as number}\n${root}\n`;
    const vkey = formatVkey(verifierKey(log, key.publicKey));
    const written = {
      ...{ format: 'pistor-evidence', version: 2, origin: log, madeAt: '2026-04-01T00:00:00.000Z', madeBy: 'test' },
      scope: { kind: 'report', name: 'compliance', streams: [] },
      report: { text: JSON.stringify({ ...parameters, ...period }), eventsLeftOut },
      checkpoint: `${body}\n${signText(body, log, key)}\n`,
      keys: [{ vkey, role: 'log', fromSize: 0, untilSize: null }],
      ...{ consistency: [], streams: [], erased: [], opened: [] },
    };
    return Buffer.from(JSON.stringify(written));
  };

  it('is not proved, whatever its figures are, and says how they are computed again', () => {
    const verdict = verifyBundle(claimed(20_001, { sessions: 'any' }));
    expect(verdict).toMatchObject({ outcome: 'not proved', problem: null });
    expect(EXIT_CODES[verdict.outcome]).toBe(4);
    const text = outcomeText(verdict);
    expect(text).toMatch(/^NOT PROVED\.\n/);
    expect(text).toContain('no figure of it was checked');
    expect(text).toContain('pistor report compliance --from 2026-01-01 --to 2026-03-31 --checkpoint 30000; SHA-256 ');
    expect(text).not.toMatch(/complete|unchanged/);
  });

  it('ends the command with 4', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pistor verify '));
    await writeFile(join(folder, 'report.json'), claimed(20_001));
    const script = join(import.meta.dirname, 'verify-bundle.mjs');
    const run = promisify(execFile)(process.execPath, [script, join(folder, 'report.json')]);
    await expect(run).rejects.toMatchObject({ code: 4, stdout: expect.stringMatching(/^NOT PROVED\.\n/) });
    await rm(folder, { recursive: true, force: true });
  });

  it('is invalid where they would not be too many, or more than the log has', () => {
    expect(problemOf(claimed(20_000))).toMatch(/20000 events out, which are not too many/);
    expect(problemOf(claimed(30_001))).toMatch(/30001 events out, and its checkpoint has only 30000/);
  });

  it.each([[-1], ['0'], [true], [false], ['x'], [[]], [null], [undefined], [1.5], [{}]])(
    'is invalid where it leaves %j out',
    (eventsLeftOut) => expect(problemOf(claimed(eventsLeftOut))).toMatch(/eventsLeftOut .* is not a whole number/),
  );

  it.each([
    [{ to: '2026-03-31\nVALID.' }, /to of the report is not a day/],
    [{ to: '2026-02-30' }, /to of the report is not a day/],
    [{ from: ['2026-01-01'] }, /from of the report is not a day/],
    [{ from: '2026-04-01' }, /ends before it begins/],
    [{ site: '$(rm -rf ~)' }, /site of the report is not an id/],
    [{ report: 'compliance\u001b[2J' }, /report of the report is not one of compliance/],
    [{ version: '1' }, /version of the report is not one of 1/],
  ])('is invalid on %j', (more, problem) => expect(problemOf(claimed(20_001, more))).toMatch(problem));
});

describe('signatures in a bundle', () => {
  /** Signs the first event of the course. */
  const sign = async (of: PatientOnRecord, more: object) => {
    const { rows } = await given.engine.db.query<{ stream: string; header: string; data: string; position: string }>(
      'select stream, header, data, position from event_log where chain = $1 and stream = $2 and revision = 0',
      [given.chain.no, of.courseScope.streams[0]],
    );
    const [{ stream, header, data, position }] = rows as [(typeof rows)[number]];
    const hex = (text: string) => sha256(text).toString('hex');
    const signed = EntrySigned(occurredNow('2026-05-11T12:00:00.000Z'), {
      ...{ patientId: of.patientId, signatureId: newId(), position: Number(position), stream, revision: 0 },
      ...{ entry: 'CoursePlanned', headerHash: hex(header), dataHash: hex(data), meaning: 'review' },
      ...{ signer: `user:${newId()}`, authenticatedAt: '2026-05-11T12:00:00.000Z' },
      ...{ leafHash: null, signInBy: null, passkey: null, ...more },
    });
    await given.engine.append(given.chain, [{ stream: `signature-${of.patientId}`, events: [signed] }]);
    await given.sequence();
    return { ...of.scope, further: [`signature-${of.patientId}`] };
  };

  it('that were left out are missed by the entries of the log', async () => {
    const scope = await sign(patient, {});
    const whole = await given.bundle(scope);
    expect(verifyBundle(whole, { entries: await entries() }).outcome).toBe('valid');
    expect(verifyBundle(whole).found).toContain(
      'Signatures under unchanged entries: 1, 0 of them by a passkey for just that.',
    );
    const without = await given.bundle(patient.scope);
    expect(verifyBundle(without).notShown.join()).toMatch(/nobody has signed/);
    expect(verifyBundle(without, { entries: await entries() }).problem).toMatchObject({
      what: 'the log has this stream, which the bundle leaves out',
      stream: `signature-${patient.patientId}`,
    });
  });

  it('with something that is no proof of a passkey are invalid, with a leaf and without one', async () => {
    const junk = { clientData: 'AA', authenticatorData: 'AA', signature: 'AA' };
    const passkey = { nonce: 'AA', origin: 'https://evil', publicKey: 'AA', algorithm: -7, ...junk };
    for (const leafHash of [null, '0'.repeat(64)]) {
      const someone = await given.patient(1);
      const scope = await sign(someone, { leafHash, signInBy: 'passkeys', passkey });
      expect(verifyBundle(await given.bundle(scope)).problem).toMatchObject({
        what: 'it has a passkey’s proof that does not hold',
        stream: `signature-${someone.patientId}`,
      });
    }
  });
});
