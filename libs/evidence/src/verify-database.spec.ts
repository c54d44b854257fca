import type { Database } from '#libs/database/src/database.js';
import { newSigningKey, signText } from '#libs/ledger/src/signed-note.js';
import { parseNote, parseVkey } from '#libs/ledger/src/signed-note.js';
import { TreeEdge } from '#libs/ledger/src/tree-edge.js';
import { asOwner } from '#test/support/test-database.js';
import { type EvidenceGiven, openEvidence } from '#test/support/evidence-given.js';
import { verdictText } from './verdict-text.js';
import { type ChainVerdict, verifyDatabase, type VerifyOptions } from './verify-database.js';

/** Events that are committed in each test, by some checkpoints. */
const EVENTS = 700;
let given: EvidenceGiven;
let db: Database;
let options: VerifyOptions;
/** The newest checkpoint, as it stood outside before anything was tampered with. */
let outside: string;
let no: number;

beforeEach(async () => {
  given = await openEvidence();
  db = given.engine.db;
  no = given.chain.no;
  for (let n = 0; n < 7; n++) {
    await given.patient(96);
    await given.sequence();
  }
  outside = await given.outside();
  options = { keys: (await given.vkeys()).map(parseVkey), outside: [] };
});
afterEach(() => given.close());

const verify = async (more: Partial<VerifyOptions> = {}): Promise<ChainVerdict> => {
  const [verdict] = await verifyDatabase(db, { ...options, ...more });
  return verdict as ChainVerdict;
};
const placesOf = ({ findings }: ChainVerdict) => findings.map(({ position, until }) => [position, until]);
/** As whoever rules the database can do it. */
const tamper = (sql: string) => asOwner(db, sql);

it('finds nothing in what nobody has tampered with, and says what it cannot exclude', async () => {
  const verdict = await verify();
  expect(verdict).toMatchObject({
    outcome: 'valid',
    findings: [],
    events: EVENTS,
    head: EVENTS,
    committed: EVENTS,
    ledgerSize: EVENTS,
    checkpoints: 7,
    signed: EVENTS,
    keysGiven: true,
  });
  expect(verdictText(verdict)).toMatch(/VALID\. 700 events/);
  expect(verdictText(verdict)).toMatch(/was not made anew, or put back to an older backup/);
  const withOne = await verify({ outside: [{ from: 'a witness', note: outside }] });
  expect(withOne).toMatchObject({ outcome: 'valid', outside: 1 });
  expect(verdictText(withOne)).not.toMatch(/Not shown/);
});

it('tells how far it is, and ends when it is told to', async () => {
  const told: number[][] = [];
  await verify({ onProgress: (events, total) => told.push([events, total]) });
  expect(told.at(-1)).toEqual([EVENTS, EVENTS]);
  await expect(verify({ signal: AbortSignal.abort() })).rejects.toThrow();
});

it('holds events that are not committed yet against nobody', async () => {
  await given.patient(3);
  const verdict = await verify();
  expect(verdict).toMatchObject({ outcome: 'valid', events: EVENTS + 7, committed: EVENTS });
  expect(verdictText(verdict)).toMatch(/the last 7 events .* not committed them yet/);
});

const rows = (where: string) => `update event_log set ${where}`;
const ONE_ROW: readonly (readonly [string, string])[] = [
  ['data', rows(`data = replace(data, '"number":', '"number":1') where position = 432`)],
  ['data, by a blank', rows(`data = data || ' ' where position = 432`)],
  ['header', rows(`header = replace(header, '"user', '"USER') || ' ' where position = 432`)],
  ['time of recording', rows(`recorded_at = recorded_at + interval '1 millisecond' where position = 432`)],
  [
    'time of recording, by a microsecond',
    rows(`recorded_at = recorded_at + interval '1 microsecond' where position = 432`),
  ],
  ['command id', rows(`command_id = gen_random_uuid() where position = 432`)],
  ['number of rows of its command, to none', rows(`command_events = null where position = 432`)],
  ['number of rows of its command', rows(`command_events = 3 where position = 432`)],
];
it.each(ONE_ROW)('finds the row whose %s was changed', async (_what, sql) => {
  await tamper(sql);
  const verdict = await verify();
  expect(verdict.outcome).toBe('invalid');
  expect(placesOf(verdict)).toEqual([[432, 432]]);
});

it('finds rows whose data or positions were swapped', async () => {
  await tamper(
    `update event_log e set data = o.data from event_log o
     where (e.position, o.position) in ((100, 600), (600, 100)) and e.chain = o.chain`,
  );
  expect(placesOf(await verify())).toEqual([
    [100, 100],
    [600, 600],
  ]);
});

it('finds rows whose positions were swapped', async () => {
  await tamper(
    `update event_log set position = -1 where position = 100; update event_log set position = 100 where position = 600;
     update event_log set position = 600 where position = -1`,
  );
  const places = placesOf(await verify());
  expect(places).toContainEqual([100, 100]);
  expect(places).toContainEqual([600, 600]);
});

it('finds a row that was deleted in the middle', async () => {
  await tamper('delete from event_log where position = 250');
  expect(placesOf(await verify())[0]).toEqual([250, 250]);
});

it('finds a tail that was cut off, also when the chain was set back with it', async () => {
  await tamper('delete from event_log where position > 650');
  expect(placesOf(await verify())).toEqual([[651, 700]]);
  await tamper('update chain set position = 650');
  expect(placesOf(await verify())).toEqual([[651, 700]]);
});

const moved = (table: string, by: number) =>
  `update ${table} set position = -position - ${by} where position >= 300; update ${table} set position = -position where position < 0;`;
it('finds a row that was put in, by the place from which everything has moved', async () => {
  await tamper(
    `${moved('event_log', 1)}
     insert into event_log select chain, 300, 'course-new', 0, recorded_at, gen_random_uuid(), 1, header, data from event_log where position = 302;
     update chain set position = position + 1`,
  );
  const verdict = await verify();
  expect(verdict.findings.find(({ what }) => /not what the ledger has committed/.test(what))?.position).toBe(300);
});

it('finds a row that was put in past the end, before the first, or under a chain that does not exist', async () => {
  const put = (chain: string, position: number | bigint) =>
    tamper(
      `insert into event_log select ${chain}, ${position}, 'course-x${position}', 0, recorded_at, gen_random_uuid(), 1, header, data
       from event_log where position = 1`,
    );
  await put('chain', 701);
  expect((await verify()).findings).toMatchObject([
    { position: 701 },
    { position: 701, what: expect.stringMatching(/past it/) },
  ]);
  await put('chain', 0);
  expect((await verify()).findings[0]).toMatchObject({ position: 0 });
  await put('chain', -(2n ** 63n));
  await put('chain', 2n ** 63n - 1n);
  const farthest = await verify();
  expect(farthest.events).toBe(EVENTS + 4);
  expect(farthest.findings[0]).toMatchObject({ position: Number(-(2n ** 63n)) });
  expect(farthest.findings).toContainEqual(expect.objectContaining({ until: Number(2n ** 63n - 1n) }));
  await put('9999', 1);
  expect((await verify()).findings[0]?.what).toMatch(/chains that do not exist: 9999/);
});

it('finds that no repeated command would be known again', async () => {
  await tamper(rows('command_events = null'));
  expect((await verify()).findings).toMatchObject([
    { position: 1, until: 700, what: expect.stringMatching(/number beside it .* is missing/) },
  ]);
});

it('finds the root of the tree that was changed, also where a checkpoint of its size is right', async () => {
  await tamper(`alter table ledger_tree disable trigger all; update ledger_tree set root = sha256('other')`);
  expect((await verify()).findings).toEqual([
    {
      position: 700,
      until: 700,
      what:
        'The root of the tree of size 700 is not that of the log at that size, though that of the checkpoint of ' +
        'size 700 is: it was changed.',
    },
  ]);
});

describe('where no chain is left', () => {
  const verdicts = (more: Partial<VerifyOptions> = {}) => verifyDatabase(db, { ...options, ...more });

  it('finds its events, its reads and its ledger', async () => {
    await given.read(null);
    await tamper('delete from chain');
    const found = await verdicts();
    expect(found).toMatchObject([{ outcome: 'invalid', findingsCount: 3 }]);
    expect(found[0]?.findings.map(({ what }) => what)).toEqual([
      `There are events of chains that do not exist: ${no}.`,
      `There are reads of chains that do not exist: ${no}.`,
      `There is a ledger of chains that do not exist: ${no}.`,
    ]);
    expect(verdictText(found[0] as ChainVerdict)).toMatch(/^\(no chain\): INVALID\./);
  });

  const LEDGER = ['tree', 'tile', 'checkpoint', 'signature', 'publication', 'key'].map((name) => `ledger_${name}`);
  const emptied = (tables: readonly string[]) => tables.map((table) => `delete from ${table};`).join(' ');

  it.each(['event_log', 'ledger_checkpoint', 'ledger_key', 'ledger_tile'])('finds what is left in %s', async (left) => {
    await tamper(`delete from chain; ${emptied(['event_log', ...LEDGER].filter((each) => each !== left))}`);
    expect(await verdicts()).toMatchObject([{ outcome: 'invalid', findingsCount: 1 }]);
  });

  it('finds that there was one, by a checkpoint from elsewhere, and never says that nothing is valid', async () => {
    await tamper(`delete from chain; ${emptied(['event_log', ...LEDGER])}`);
    expect(await verdicts({ outside: [{ from: 'a witness', note: outside }] })).toMatchObject([
      { outcome: 'invalid', findings: [{ what: expect.stringMatching(/checkpoint from a witness/) }] },
    ]);
    await expect(verdicts()).rejects.toMatchObject({ code: 'verify.no-chain' });
  });
});

it('finds a tile that was changed, and the edge of the tree', async () => {
  await tamper(
    `update ledger_tile set hashes = set_byte(hashes, 32 * 9, (get_byte(hashes, 32 * 9) + 1) % 256) where n = 1`,
  );
  const verdict = await verify();
  expect(verdict.findings).toMatchObject([{ position: 256 + 10, what: expect.stringMatching(/it is the tile/) }]);
  await tamper(`update ledger_tree set edge = set_byte(edge, 32 * 2, (get_byte(edge, 32 * 2) + 1) % 256)`);
  expect(placesOf(await verify())).toContainEqual([515, 515]);
  await tamper(`delete from ledger_tile where n = 1`);
  expect((await verify()).findings).toContainEqual({ position: 257, until: 512, what: 'Tile 0/1 is missing.' });
  await tamper(`update ledger_tree set edge = ''`);
  expect((await verify()).findings[0]?.what).toMatch(/right edge of the tree cannot be read/);
});

it('finds a checkpoint that was changed, and one that was signed with another key', async () => {
  const forged = Buffer.alloc(32, 7);
  await tamper(`update ledger_checkpoint set root = '\\x${forged.toString('hex')}' where size = 300`);
  const places = placesOf(await verify());
  expect(places).toEqual([
    [300, 300],
    [300, 300],
  ]);
});

it('finds a checkpoint under which another key has signed', async () => {
  const key = newSigningKey();
  const { text } = parseNote(outside);
  const line = signText(text, `pistor/${given.chain.id}`, key);
  await tamper(`update ledger_signature set line = '${line}' where size = 700`);
  expect((await verify()).findings).toMatchObject([
    { position: 700, what: 'Nobody whose key is known has signed the checkpoint of size 700.' },
  ]);
});

it('finds that a key signed what is not its to sign, whoever gave that key', async () => {
  await tamper('update ledger_key set until_size = 600');
  const found = [{ position: 700, what: expect.stringMatching(/^The key pistor.* does not sign size 700\.$/) }];
  expect((await verify()).findings).toMatchObject(found);
  expect((await verify({ keys: [] })).findings).toMatchObject(found);
  expect((await verify({ outside: [{ from: 'a witness', note: outside }] })).findingsCount).toBe(2);
  await tamper('update ledger_key set until_size = null, from_size = 200');
  expect(placesOf(await verify())).toEqual([[100, 100]]);
});

it('finds a history that was made anew as a whole, by a checkpoint from elsewhere only', async () => {
  await tamper(rows(`data = replace(data, 'number', 'nummer') where position = 432`));
  await tamper(
    `alter table ledger_tree disable trigger all; delete from ledger_tile; delete from ledger_checkpoint; delete from ledger_signature;
     delete from ledger_publication; delete from ledger_tree`,
  );
  const { rows: anew } = await db.query<{ n: number }>('select count(*)::int as n from ledger_tree where chain = $1', [
    no,
  ]);
  expect(anew).toEqual([{ n: 0 }]);
  // A sequencer of the forger's own, which knows nothing of the folder outside.
  await given.forge();
  expect((await verify()).outcome).toBe('valid');
  const verdict = await verify({ outside: [{ from: 'a witness', note: outside }] });
  expect(verdict.findings).toMatchObject([
    { position: 1, until: 700, what: expect.stringMatching(/rewritten, or it is another branch/) },
  ]);
});

it('finds that an older backup was put back, by a checkpoint from elsewhere only', async () => {
  // As the database was at its fourth checkpoint.
  await tamper(
    `alter table ledger_tree disable trigger all;
     delete from event_log where position > 400; update chain set position = 400;
     delete from ledger_checkpoint where size > 400; delete from ledger_signature where size > 400;
     delete from ledger_publication where size > 400; delete from ledger_tile where n = 1`,
  );
  const root = (await db.query<{ root: Buffer }>('select root from ledger_checkpoint where size = 400')).rows[0]!.root;
  const leaves = await given.leaves(400);
  const edge = TreeEdge.empty();
  edge.append(leaves);
  await db.transaction(async (tx) => {
    await tx.query('set local role none');
    await tx.query('update ledger_tree set size = 400, position = 400, root = $1, edge = $2', [root, edge.bytes()]);
  });
  expect((await verify()).outcome).toBe('valid');
  expect((await verify({ outside: [{ from: 'a witness', note: outside }] })).findings).toEqual([
    {
      position: 401,
      until: 700,
      what: 'The log ends at position 400, before the checkpoint from a witness (size 700): its tail was cut off, or an older backup was restored.',
    },
  ]);
});

it('tells how many persons were erased, whose events are all there', async () => {
  await tamper(
    `update subject_key set wrapped = null, destroyed_at = now() where subject = (select min(subject::text)::uuid from subject_key)`,
  );
  const verdict = await verify();
  expect(verdict).toMatchObject({ outcome: 'valid', erased: 1 });
  expect(verdictText(verdict)).toMatch(/personal data of 1 person was erased/);
});
