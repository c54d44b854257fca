import { parseVkey } from '#libs/ledger/src/signed-note.js';
import { writeBackup } from '#libs/backup/src/backup-writer.js';
import { asOwner } from '#test/support/test-database.js';
import { type EvidenceGiven, openEvidence } from '#test/support/evidence-given.js';
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
  const { verdicts } = await verifyBackup(inPieces(file, 10_000), { ...options, ...more });
  return verdicts[0] as ChainVerdict;
};
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
