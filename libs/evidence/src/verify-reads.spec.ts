import { newId } from '#libs/kernel/src/ids.js';
import { parseVkey } from '#libs/ledger/src/signed-note.js';
import { asOwner } from '#test/support/test-database.js';
import { type EvidenceGiven, openEvidence } from '#test/support/evidence-given.js';
import { verdictText } from './verdict-text.js';
import { type ChainVerdict, verifyDatabase, type VerifyOptions } from './verify-database.js';

let given: EvidenceGiven;
let options: VerifyOptions;

/** Reads that are committed in each test. */
const READS = 5;
const PATIENTS = Array.from({ length: 3 }, () => newId());
const reads = async (more: Partial<VerifyOptions> = {}): Promise<ChainVerdict> => {
  const [events, found] = await verifyDatabase(given.engine.db, { ...options, ...more });
  expect(events?.outcome).toBe('valid');
  return found as ChainVerdict;
};

beforeEach(async () => {
  given = await openEvidence();
  await given.patient(2);
  await given.sequence();
  options = { keys: (await given.vkeys()).map(parseVkey), outside: [] };
  await given.read(PATIENTS.slice(0, 1));
  await given.read([...PATIENTS].reverse());
  await given.read(null);
  await given.read(PATIENTS.slice(1));
  await given.read(PATIENTS.slice(2));
  await given.sequenceReads();
});

afterEach(() => given.close());

const placesOf = ({ findings }: ChainVerdict) => findings.map(({ position, until }) => [position, until]);
/** As whoever rules the database can do it. */
const tamper = (sql: string) => asOwner(given.engine.db, sql);

it('finds nothing in what nobody has tampered with', async () => {
  expect(await reads()).toMatchObject({ outcome: 'valid', events: READS, committed: READS, readsToo: true });
  expect(await reads({ outside: [{ from: 'a witness', note: await given.outsideReads() }] })).toMatchObject({
    outcome: 'valid',
    outside: 1,
  });
});

const read = (where: string) => `update read_record set ${where} where position = 2`;
it.each([
  ['header', read(`header = replace(header, 'user:', 'user:0')`)],
  ['data', read(`data = '{"patients":null}'`)],
  ['time', read(`recorded_at = recorded_at - interval '1 hour'`)],
  ['patients, to nobody', read(`patients = '{}'`)],
  ['patients, to anybody', read('patients = null')],
  ['patients, by one', read('patients = patients[1:2]')],
  ['patients, to others', read(`patients = array[gen_random_uuid()]`)],
  ['patients, in a shape that finds nobody', read('patients = array[patients, patients]')],
])('finds the one whose %s was changed', async (_what, sql) => {
  await tamper(sql);
  const verdict = await reads();
  expect(verdict.outcome).toBe('invalid');
  expect(placesOf(verdict)).toEqual([[2, 2]]);
});

it('finds one of anybody that was given to somebody', async () => {
  await tamper(`update read_record set patients = array[gen_random_uuid()] where position = 3`);
  expect((await reads()).findings).toEqual([
    {
      position: 3,
      until: 3,
      what: 'The patients beside the data, who are told of it, are not those in it.',
    },
  ]);
});

it('finds one that is not committed yet and has other patients beside it', async () => {
  await given.read(PATIENTS.slice(0, 1));
  await tamper(`update read_record set patients = '{}' where position = 6`);
  expect(placesOf(await reads())).toEqual([[6, 6]]);
});

it('finds one that was taken out, and all of them', async () => {
  await tamper('delete from read_record where position = 2');
  expect(placesOf(await reads())[0]).toEqual([2, 2]);
  await tamper('drop table read_record; drop table read_head');
  expect(placesOf(await reads())).toEqual([[1, 5]]);
});

it('finds those of a chain that does not exist', async () => {
  await tamper(
    `insert into read_record select 9999, position, recorded_at, header, data, patients from read_record where position = 1`,
  );
  const [events] = await verifyDatabase(given.engine.db, options);
  expect(events).toMatchObject({
    outcome: 'invalid',
    findings: [{ what: 'There are reads of chains that do not exist: 9999.' }],
  });
});

it('says that none are looked at where there never were any, unless a checkpoint from elsewhere says that there were', async () => {
  const note = await given.outsideReads();
  await tamper('drop table read_record; drop table read_head');
  for (const table of ['tree', 'tile', 'checkpoint', 'signature', 'publication', 'key']) {
    await tamper(`delete from ledger_${table} where chain < 0`);
  }
  const verdicts = await verifyDatabase(given.engine.db, options);
  expect(verdicts).toMatchObject([{ outcome: 'valid', readsToo: false }]);
  expect(verdictText(verdicts[0] as ChainVerdict)).toMatch(/Not shown by this:[^]*Who has seen whose data/);
  expect((await reads({ outside: [{ from: 'a witness', note }] })).findings).toMatchObject([
    { position: 1, until: 5, what: expect.stringMatching(/its tail was cut off/) },
  ]);
});
