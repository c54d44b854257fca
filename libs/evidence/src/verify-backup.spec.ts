import { createHash } from 'node:crypto';
import { newId } from '#libs/kernel/src/ids.js';
import { parseVkey } from '#libs/ledger/src/signed-note.js';
import { writeBackup } from '#libs/backup/src/backup-writer.js';
import { asOwner } from '#test/support/test-database.js';
import { type EvidenceGiven, openEvidence } from '#test/support/evidence-given.js';
import { verdictText } from './verdict-text.js';
import { verifyBackup } from './verify-backup.js';
import type { ChainVerdict, VerifyOptions } from './verify-database.js';

let given: EvidenceGiven;
let outside: string;
let options: VerifyOptions;

beforeEach(async () => {
  given = await openEvidence();
  for (let n = 0; n < 6; n++) {
    await given.patient(96);
    await given.sequence();
  }
  outside = await given.outside();
  options = { keys: (await given.vkeys()).map(parseVkey), outside: [] };
});
afterEach(() => given.close());

const backup = async (): Promise<Buffer> => {
  const { db, master } = given.engine;
  const chunks: Buffer[] = [];
  for await (const chunk of writeBackup({ db, master, version: 'test' })) chunks.push(chunk);
  return Buffer.concat(chunks);
};
async function* inPieces(file: Buffer, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += bytes) yield file.subarray(at, at + bytes);
}
const verify = async (file: Buffer, more: Partial<VerifyOptions> = {}): Promise<ChainVerdict> => {
  const [first] = await verifyAll(file, more);
  return first as ChainVerdict;
};
const verifyAll = async (file: Buffer, more: Partial<VerifyOptions> = {}): Promise<ChainVerdict[]> =>
  (await verifyBackup(inPieces(file, 10_000), { ...options, ...more })).verdicts;
const tamper = (sql: string) => asOwner(given.engine.db, sql);

it('of an untouched log is valid without being restored, and goes on from a checkpoint from elsewhere', async () => {
  const told: number[][] = [];
  const verdict = await verify(await backup(), {
    outside: [{ from: 'a witness', note: outside }],
    onProgress: (events, total) => told.push([events, total]),
  });
  expect(verdict).toMatchObject({
    outcome: 'valid',
    events: 600,
    committed: 600,
    checkpoints: 6,
    signed: 600,
    outside: 1,
  });
  expect(told.at(-1)).toEqual([600, 600]);
});

it('tells that a key signed after it was retired', async () => {
  await tamper('update ledger_key set until_size = 500');
  expect((await verify(await backup())).findings).toMatchObject([
    { position: 600, what: expect.stringMatching(/does not sign size 600/) },
  ]);
});

it('tells the position of each row that was changed before it was taken', async () => {
  await tamper(`update event_log set data = replace(data, '"number":', '"number":1') where position in (77, 432)`);
  await tamper(`update event_log set recorded_at = recorded_at + interval '1 microsecond' where position = 500`);
  const { findings } = await verify(await backup());
  expect(findings.map(({ position, until }) => [position, until])).toEqual([
    [77, 77],
    [432, 432],
    [500, 500],
  ]);
});

it('tells a tile that was changed, and one that is missing', async () => {
  await tamper(`update ledger_tile set hashes = set_byte(hashes, 0, (get_byte(hashes, 0) + 1) % 256) where n = 1`);
  expect((await verify(await backup())).findings).toMatchObject([
    { position: 257, what: expect.stringMatching(/tile/) },
  ]);
  await tamper(`delete from ledger_tile where n = 1`);
  expect((await verify(await backup())).findings).toEqual([
    { position: 257, until: 512, what: 'Tile 0/1 is missing.' },
  ]);
});

it('tells the number of rows of a command and the root of the tree that were changed', async () => {
  await tamper('update event_log set command_events = null where position = 432');
  await tamper(`alter table ledger_tree disable trigger all; update ledger_tree set root = sha256('other')`);
  const { findings } = await verify(await backup());
  expect(findings.map(({ position, until }) => [position, until])).toEqual([
    [432, 432],
    [600, 600],
  ]);
});

describe('the reads of a backup', () => {
  beforeEach(async () => {
    for (const patients of [[newId()], [newId(), newId()].reverse(), null, [newId()]]) await given.read(patients);
    await given.sequenceReads();
  });

  it('are valid as they were committed, and go on from a checkpoint of theirs from elsewhere', async () => {
    const note = await given.outsideReads();
    expect(await verifyAll(await backup(), { outside: [{ from: 'a witness', note }] })).toMatchObject([
      { outcome: 'valid', events: 600, outside: 0, readsToo: true },
      { outcome: 'valid', events: 4, head: 4, committed: 4, signed: 4, outside: 1, readsToo: true },
    ]);
  });

  it.each([
    ['who asked', `update read_record set header = replace(header, 'user:', 'user:0') where position = 2`, 2],
    ['who is told of one', `update read_record set patients = '{}' where position = 2`, 2],
    ['who is told of one of anybody', `update read_record set patients = '{}' where position = 3`, 3],
    ['that it was', `delete from read_record where position = 2`, 2],
    ['that the last one was', `delete from read_record where position = 4; update read_head set position = 3`, 4],
  ])('tell the position of the one of which it was changed %s', async (_what, sql, position) => {
    await tamper(sql);
    const [events, reads] = (await verifyAll(await backup())) as [ChainVerdict, ChainVerdict];
    expect(events.outcome).toBe('valid');
    expect(reads.findings[0]).toMatchObject({ position, until: position });
  });

  it('are missed where their table is, as long as anything of them is committed', async () => {
    await tamper('drop table read_record; drop table read_head');
    expect(await verifyAll(await backup())).toMatchObject([
      { outcome: 'valid' },
      { outcome: 'invalid', findings: [{ position: 1, until: 4 }] },
    ]);
    await tamper('alter table ledger_tree disable trigger all');
    for (const table of ['tree', 'tile', 'checkpoint', 'signature', 'publication', 'key']) {
      await tamper(`delete from ledger_${table} where chain < 0`);
    }
    const verdicts = await verifyAll(await backup());
    expect(verdicts).toMatchObject([{ outcome: 'valid', readsToo: false }]);
    expect(verdictText(verdicts[0] as ChainVerdict)).toMatch(/Who has seen whose data/);
  });
});

describe('rows of chains that do not exist', () => {
  const ELSEWHERE = `select 9999, position, stream, revision, recorded_at, gen_random_uuid(), 1, header, data from event_log`;

  it.each([
    ['an event', `insert into event_log ${ELSEWHERE} where position = 1`, /chains that do not exist: 9999/],
    [
      'an event past the end',
      'update event_log set position = 601 where position = 600',
      /there is one at position 601/,
    ],
    ['an event before the first', 'update event_log set position = 0 where position = 1', /there is one at position 0/],
  ])('are not left out of a backup unseen: %s', async (_what, sql, said) => {
    await tamper(sql);
    await expect(backup()).rejects.toMatchObject({
      code: 'backup.log-has-strangers',
      message: expect.stringMatching(said),
    });
  });

  it('are told where a backup has them', async () => {
    await given.read(null);
    await tamper('insert into read_record select 9999, position, recorded_at, header, data, patients from read_record');
    await tamper(`insert into ledger_key select -9998, key_id, vkey, from_size, until_size from ledger_key limit 1`);
    expect((await verify(await backup())).findings.map(({ what }) => what)).toEqual([
      'There is a ledger of chains that do not exist: -9998.',
      'There are reads of chains that do not exist: 9999.',
    ]);
  });

  it('are told of a backup whose manifest does not name the chain, with no other verdict', async () => {
    await given.read(null);
    const file = resealed(await backup(), (manifest) => ({ ...manifest, chains: [] }));
    const { no } = given.chain;
    expect(await verifyAll(file)).toMatchObject([
      {
        chain: '(no chain)',
        outcome: 'invalid',
        findings: [
          { what: `There are reads of chains that do not exist: ${no}.` },
          { what: `There is a ledger of chains that do not exist: ${no}.` },
          { what: `There are events of chains that do not exist: ${no}.` },
        ],
      },
    ]);
  });

  /** With another manifest and a seal that fits it, as whoever has no master key can make it. */
  function resealed(file: Buffer, change: (manifest: Record<string, unknown>) => object): Buffer {
    const [from, until] = [file.indexOf('\n') + 1, file.indexOf('\n', file.indexOf('\n') + 1)];
    const sealFrom = file.lastIndexOf('\n', file.length - 2) + 1;
    const { manifest } = JSON.parse(file.toString('utf8', from, until));
    const { seal } = JSON.parse(file.toString('utf8', sealFrom));
    const body = Buffer.concat([
      file.subarray(0, from),
      Buffer.from(JSON.stringify({ manifest: change(manifest) })),
      file.subarray(until, sealFrom),
    ]);
    const sha256 = createHash('sha256').update(body).digest('hex');
    return Buffer.concat([body, Buffer.from(`${JSON.stringify({ seal: { ...seal, bytes: body.length, sha256 } })}\n`)]);
  }
});

it('is older than a checkpoint from elsewhere, and says so', async () => {
  const older = await backup();
  await given.patient(20);
  await given.sequence();
  const note = await given.outside();
  expect((await verify(older)).outcome).toBe('valid');
  expect((await verify(older, { outside: [{ from: 'a witness', note }] })).findings).toMatchObject([
    { position: 601, until: 624, what: expect.stringMatching(/older backup/) },
  ]);
});

it('is refused when a byte of it was changed, or its end is missing', async () => {
  const file = await backup();
  const flipped = Buffer.from(file);
  flipped[Math.floor(file.length * 0.7)]! ^= 1;
  await expect(verify(flipped)).rejects.toMatchObject({ code: 'backup.damaged' });
  await expect(verify(file.subarray(0, -100))).rejects.toMatchObject({ code: 'backup.damaged' });
});

it('is told from one that has no ledger in it', async () => {
  await tamper('drop table ledger_tree cascade');
  const older = await backup();
  // What the sequencer gives back when it stops.
  await tamper('create table ledger_tree (owner uuid, lease_until timestamptz); grant all on ledger_tree to public');
  await expect(verify(older)).rejects.toMatchObject({ code: 'verify.no-ledger' });
});
