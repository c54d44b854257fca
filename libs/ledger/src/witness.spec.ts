import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatCheckpoint } from './checkpoint.js';
import { rootOfLeaves, proveConsistency } from './merkle.js';
import { runWitness, type RunningWitness } from './run-witness.js';
import { leafHash } from './sha256.js';
import { formatNote, newSigningKey, parseNote, parseVkey, signersOf, signText, verifierKey } from './signed-note.js';
import { TreeEdge } from './tree-edge.js';
import { Witness, witnessRequest } from './witness.js';

const origin = 'pistor/01990000-0000-7000-8000-000000000001';
const log = newSigningKey();
const logKey = verifierKey(origin, log.publicKey);

const leavesOf = (count: number, history = 'one') =>
  Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`${history} ${i}`)));

function noteOf(count: number, history = 'one', key = log): string {
  const body = formatCheckpoint({ origin, size: count, root: rootOfLeaves(leavesOf(count, history)) });
  return formatNote(body, [signText(body, origin, key)]);
}

function proofOf(from: number, to: number, history = 'one'): Promise<Buffer[]> {
  const edge = TreeEdge.empty();
  edge.append(Buffer.concat(leavesOf(to, history)));
  return proveConsistency(from, to, async (tiles) => tiles.map(({ level }) => edge.hashesOf(level)));
}

let folder: string;
let stateFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pistor witness '));
  stateFile = join(folder, 'witness.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const key = newSigningKey();
const witnessKey = verifierKey('witness.example', key.publicKey, 0x04);
const open = () => new Witness({ name: 'witness.example', key, logs: [logKey], stateFile, now: () => 1_780_000_000.9 });
const show = async (witness: Witness, from: number, to: number, history = 'one') =>
  witness.addCheckpoint(witnessRequest(from, await proofOf(from, to, history), noteOf(to, history)));

describe('a witness', () => {
  it('co-signs checkpoints that continue each other, with the time', async () => {
    const witness = open();
    for (const [from, to] of [
      [0, 3],
      [3, 8],
      [8, 8],
      [8, 100],
    ] as const) {
      const { status, body } = await show(witness, from, to);
      expect(status).toBe(200);
      const { text } = parseNote(noteOf(to));
      expect(signersOf(parseNote(formatNote(text, [body.trimEnd()])), [witnessKey])).toEqual([witnessKey]);
    }
  });

  it('says how far it has come to whoever begins elsewhere', async () => {
    const witness = open();
    await show(witness, 0, 8);
    for (const old of [0, 3, 9]) {
      expect(await show(witness, old, 20)).toEqual({ status: 409, contentType: 'text/x.tlog.size', body: '8\n' });
    }
  });

  it('refuses a shrinking checkpoint', async () => {
    const witness = open();
    await show(witness, 0, 8);
    expect(await witness.addCheckpoint(witnessRequest(8, [], noteOf(5)))).toMatchObject({ status: 400 });
    expect(await witness.addCheckpoint(witnessRequest(5, [], noteOf(5)))).toMatchObject({ status: 409, body: '8\n' });
  });

  it('refuses a forked checkpoint, of the same size and of a larger one, with any proof', async () => {
    const witness = open();
    await show(witness, 0, 8);
    expect(await show(witness, 8, 8, 'two')).toMatchObject({ status: 409, body: '8\n' });
    expect(await show(witness, 8, 20, 'two')).toMatchObject({ status: 422 });
    const mixed = witnessRequest(8, await proofOf(8, 20), noteOf(20, 'two'));
    expect(await witness.addCheckpoint(mixed)).toMatchObject({ status: 422 });
    expect(await show(witness, 8, 20)).toMatchObject({ status: 200 });
  });

  it('co-signs one of two histories that are shown at once', async () => {
    const witness = open();
    const answers = await Promise.all([show(witness, 0, 8), show(witness, 0, 8, 'two')]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
  });

  it('has it on the disk before it answers, and remembers after a restart', async () => {
    await show(open(), 0, 8);
    expect(JSON.parse(readFileSync(stateFile, 'utf8'))).toEqual({
      logs: { [origin]: { size: 8, root: rootOfLeaves(leavesOf(8)).toString('base64') } },
    });
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
    expect(await show(open(), 8, 20, 'two')).toMatchObject({ status: 422 });
    const nowhere = new Witness({ name: 'w', key, logs: [logKey], stateFile: join(folder, 'nowhere') });
    mkdirSync(join(folder, 'nowhere'));
    await expect(show(nowhere, 0, 8)).rejects.toThrow();
  });

  it('does not begin anew where it cannot read what it has co-signed', () => {
    for (const text of ['', '{"logs":{"x":{"size":-1,"root":""}}}']) {
      writeFileSync(stateFile, text);
      expect(open).toThrow();
    }
  });

  it('knows the logs that it was told of, by their keys', async () => {
    const witness = open();
    const stranger = formatCheckpoint({ origin: 'pistor/other', size: 1, root: Buffer.alloc(32) });
    const strange = formatNote(stranger, [signText(stranger, 'pistor/other', log)]);
    expect(await witness.addCheckpoint(witnessRequest(0, [], strange))).toMatchObject({ status: 404 });
    const forged = noteOf(3, 'one', newSigningKey());
    expect(await witness.addCheckpoint(witnessRequest(0, [], forged))).toMatchObject({ status: 403 });
    const changed = noteOf(3).replace('\n3\n', '\n4\n');
    expect(await witness.addCheckpoint(witnessRequest(0, [], changed))).toMatchObject({ status: 403 });
  });

  it.each([
    ['nothing', ''],
    ['no old size', `\n${noteOf(3)}`],
    ['an old size of letters', `old x\n\n${noteOf(3)}`],
    ['an old size beyond 2^53', `old 9999999999999999\n\n${noteOf(3)}`],
    ['a proof of half a hash', `old 0\nAAAA\n\n${noteOf(3)}`],
    ['an endless proof', `old 0\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\n${noteOf(3)}`],
    ['no note', 'old 0\n\nhello\n'],
  ])('refuses a request with %s', async (_, text) => {
    expect(await open().addCheckpoint(text)).toMatchObject({ status: 400 });
  });

  it('takes a proof with nothing to prove from nothing only', async () => {
    const request = witnessRequest(0, [Buffer.alloc(32)], noteOf(3));
    expect(await open().addCheckpoint(request)).toMatchObject({ status: 422 });
  });
});

describe('a running witness', () => {
  let running: RunningWitness;
  beforeEach(async () => {
    running = await runWitness({ name: 'witness.example', folder, logs: [logKey], host: '127.0.0.1', port: 0 });
  });
  afterEach(() => running.close());

  const send = (path: string, init: RequestInit) => fetch(`${running.url}${path}`, init);

  it('answers add-checkpoint, by the key that it prints', async () => {
    const answer = await send('/add-checkpoint', { method: 'POST', body: witnessRequest(0, [], noteOf(3)) });
    expect(answer.status).toBe(200);
    const { text } = parseNote(noteOf(3));
    const vkey = parseVkey(running.vkey);
    expect(signersOf(parseNote(formatNote(text, [(await answer.text()).trimEnd()])), [vkey])).toEqual([vkey]);
    expect(statSync(join(folder, 'witness.key')).mode & 0o777).toBe(0o600);
  });

  it('answers nothing else', async () => {
    expect((await send('/add-checkpoint', {})).status).toBe(405);
    expect((await send('/', {})).status).toBe(404);
    const long = await send('/add-checkpoint', { method: 'POST', body: 'x'.repeat(70_000) });
    expect(long.status).toBe(413);
  });

  it('is the only one on its folder', async () => {
    const second = runWitness({ name: 'w', folder, logs: [logKey], host: '127.0.0.1', port: 0 });
    await expect(second).rejects.toMatchObject({ code: 'folder.locked' });
  });
});
