import type { Database } from '#libs/database/src/database.js';
import { type StrangerRows, strangersIn } from '#libs/backup/src/stranger-rows.js';
import { NotFound, Refused } from '#libs/kernel/src/errors.js';
import { originOf } from '#libs/ledger/src/checkpoint.js';
import { fullTilesOf } from '#libs/ledger/src/ledger-tables.js';
import type { VerifierKey } from '#libs/ledger/src/signed-note.js';
import { chainNoOfReads, isReadsChain, readsChainOf } from '#libs/read-record/src/reads-chain.js';
import { keptLedger, type LedgerRows } from './kept-ledger.js';
import { pagesOf } from './log-pages.js';
import { type LogVerdict, LogVerifier, type OutsideCheckpoint } from './verify-log.js';

export interface VerifyOptions {
  /** Keys that the auditor has; without any, those that are kept beside the log are used. */
  readonly keys: readonly VerifierKey[];
  readonly outside: readonly OutsideCheckpoint[];
  readonly onProgress?: (events: number, total: number, chain: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Heads of streams that are held in memory at a time. */
  readonly streamsMax?: number;
}

/** What came out for a chain of a database or a backup. */
export interface ChainVerdict extends LogVerdict {
  readonly chain: string;
  readonly origin: string;
  /** Events that the chain says it has. */
  readonly head: number;
  /** Events that the ledger says it has committed. */
  readonly ledgerSize: number;
  /** Whether the keys that signatures were checked by came from elsewhere. */
  readonly keysGiven: boolean;
  /** Persons whose keys were destroyed. */
  readonly erased: number;
  /** Whether the reads of the chain were looked at as well, which have a verdict of their own. */
  readonly readsToo: boolean;
}

/** At some 600 bytes each, 3 MB. */
const PAGE_ROWS = 5_000;

/**
 * The server is done with a page long before it was looked at; the second one bridges where it is not, at a gap or far
 * away. An embedded database has one session, and what waits in it stands before the tiles of the page that is looked at.
 */
const PAGES_AHEAD_MAX = { postgres: 2, pglite: 1 } as const;

/** 100 MB; what is forgotten is looked up in the database, one by one, which takes as long as some twenty rows. */
const STREAMS_MAX = 1_000_000;

interface ChainRow {
  readonly no: number;
  readonly id: string;
  readonly slug: string;
}

/**
 * Verifies every chain of a database, which is changed in nothing: not even its tables are brought up to date.
 * @returns a verdict at least: the absence of any is no success
 * @throws NotFound `verify.no-log`, `verify.no-ledger`, `verify.no-chain` where there is none; Refused
 *   `verify.events-elsewhere`; Unavailable
 */
export async function verifyDatabase(db: Database, options: VerifyOptions): Promise<ChainVerdict[]> {
  await demandLedger(db);
  const { rows: chains } = await db.query<ChainRow>('select no, id, slug from chain order by no');
  const keepsReads = await hasReads(db);
  const committed = await treesOf(db);
  const trees = treesWithReads(chains, options, (no) => keepsReads || committed.has(no));
  const verdicts: ChainVerdict[] = [];
  for (const tree of trees) {
    const verdict = await verifyChain(db, tree, forChain(options, tree.id, trees), keepsReads);
    verdicts.push({ ...verdict, readsToo: hasReadsToo(tree, trees) });
  }
  return withStrangers(verdicts, await strangersIn(db), options);
}

/** Whether the reads of a chain are among what is looked at; of reads, that they are. */
export const hasReadsToo = ({ no }: Pick<ChainRow, 'no'>, trees: readonly Pick<ChainRow, 'no'>[]): boolean =>
  trees.some((each) => each.no === -Math.abs(no));

/**
 * The chains, each with its reads after it. An older version has put none on record; but where a tree is committed over
 * some, or stands outside, they must be there.
 * @param areKept whether there are any by the number of their tree
 */
export function treesWithReads<Of extends ChainRow>(
  chains: readonly Of[],
  { outside }: VerifyOptions,
  areKept: (no: number) => boolean,
): Of[] {
  return chains.flatMap((chain) => {
    const reads = readsChainOf(chain);
    return areKept(reads.no) || outside.some(({ note }) => isNoteOf(note, reads.id)) ? [chain, reads] : [chain];
  });
}

/**
 * Tells rows of chains that do not exist with the first verdict, or with one of no chain where there is nothing else to
 * be told.
 * @throws NotFound `verify.no-chain` where there is nothing at all, inside and outside
 */
export function withStrangers(
  verdicts: readonly ChainVerdict[],
  strangers: StrangerRows,
  { outside }: VerifyOptions,
): ChainVerdict[] {
  const told = strangers.told();
  const [first = OF_NO_CHAIN, ...others] = verdicts;
  if (first === OF_NO_CHAIN) {
    told.push(...outside.map(({ from }) => `There is no chain, and the checkpoint from ${from} is one of a chain.`));
    if (told.length === 0) {
      throw new NotFound('verify.no-chain', 'There is no chain here, and no row of one: there is nothing to verify.');
    }
  }
  if (told.length === 0) return [...verdicts];
  const findings = [...told.map((what) => ({ position: null, until: null, what })), ...first.findings];
  return [{ ...first, outcome: 'invalid', findings, findingsCount: first.findingsCount + told.length }, ...others];
}

const OF_NO_CHAIN: ChainVerdict = {
  outcome: 'invalid',
  ...{ findings: [], findingsCount: 0, events: 0, committed: 0, checkpoints: 0, signed: 0, outside: 0, beside: 0 },
  ...{ chain: '(no chain)', origin: '', head: 0, ledgerSize: 0, keysGiven: false, erased: 0, readsToo: false },
};

const isNoteOf = (note: string, id: string): boolean => note.startsWith(`${originOf(id)}\n`);

/**
 * What is given for one of several chains. A checkpoint of none of them is told with the first; where no key of a chain is
 * given, those that are kept beside its log are used.
 */
export function forChain(options: VerifyOptions, id: string, all: readonly { readonly id: string }[]): VerifyOptions {
  const isForeign = (note: string) => id === all[0]?.id && !all.some((each) => isNoteOf(note, each.id));
  return {
    ...options,
    outside: options.outside.filter(({ note }) => isNoteOf(note, id) || isForeign(note)),
    keys: options.keys.some(({ name }) => name === originOf(id)) ? options.keys : [],
  };
}

async function verifyChain(
  db: Database,
  chain: ChainRow,
  options: VerifyOptions,
  keepsReads: boolean,
): Promise<Omit<ChainVerdict, 'readsToo'>> {
  const { outside, onProgress, signal, streamsMax = STREAMS_MAX } = options;
  const rows = await readLedger(db, chain);
  const { kept, keys } = keptLedger(
    rows,
    (tiles) => fullTilesOf(db, chain, tiles),
    async (stream, revision) => {
      if (isReadsChain(chain)) return revision + 1;
      const found = await db.query<{ position: string }>({
        name: 'verify_position_of',
        text: 'select position from event_log where chain = $1 and stream = $2 and revision = $3',
        values: [chain.no, stream, revision],
      });
      return found.rows[0] && Number(found.rows[0].position);
    },
  );
  const keysGiven = options.keys.length > 0;
  const verifier = new LogVerifier({ kept, keys: keysGiven ? options.keys : keys, outside, streamsMax });
  // A table of reads that is not there any more has none.
  const isThere = keepsReads || !isReadsChain(chain);
  const total = isThere ? await headOf(db, chain) : 0;
  const asked = { chain, head: total, pageRows: PAGE_ROWS, aheadMax: PAGES_AHEAD_MAX[db.kind] };
  let events = 0;
  for await (const page of isThere ? pagesOf(db, asked) : []) {
    signal?.throwIfAborted();
    await verifier.page(page);
    onProgress?.((events += page.length), Math.max(total, events), chain.slug);
  }
  // Asked after the last row: what was recorded meanwhile counts as well.
  const head = isThere ? await headOf(db, chain) : 0;
  const { rows: erased } = await db.query<{ persons: number }>(
    'select count(distinct subject)::integer as persons from subject_key where chain = $1 and destroyed_at is not null',
    [chain.no],
  );
  return {
    ...(await verifier.finish(head)),
    chain: chain.slug,
    origin: kept.origin,
    head,
    ledgerSize: kept.size,
    keysGiven,
    erased: erased[0]?.persons ?? 0,
  };
}

async function hasReads(db: Database): Promise<boolean> {
  const { rows } = await db.query<{ there: boolean }>(
    `select to_regclass('read_record') is not null and to_regclass('read_head') is not null as there`,
  );
  return rows[0]?.there ?? false;
}

/** The numbers of trees that anything was committed of. */
async function treesOf(db: Database): Promise<ReadonlySet<number>> {
  const { rows } = await db.query<{ chain: number }>(
    'select chain from ledger_tree union select chain from ledger_checkpoint union select chain from ledger_key',
  );
  return new Set(rows.map(({ chain }) => chain));
}

async function demandLedger(db: Database): Promise<void> {
  const { rows } = await db.query<{ log: boolean; ledger: boolean; place: boolean }>(
    `select to_regclass('event_log') is not null as log, to_regclass('ledger_tree') is not null as ledger,
            to_regclass('log_place') is not null as place`,
  );
  if (!rows[0]?.log) throw new NotFound('verify.no-log', 'There is no log here: no Pistor has been started on it yet.');
  if (!rows[0].ledger) {
    throw new NotFound(
      'verify.no-ledger',
      'There is no ledger here: the database is of an older version. Bring it up to date first: pistor migrate.',
    );
  }
  const { rows: places } = rows[0].place
    ? await db.query<{ place: string }>('select place from log_place')
    : { rows: [] };
  if (places[0]?.place === 'kurrentdb') {
    throw new Refused(
      'verify.events-elsewhere',
      'The events of this database are kept in KurrentDB. Verify their entries: pistor evidence entries, and a bundle with them.',
    );
  }
}

async function headOf(db: Database, chain: ChainRow): Promise<number> {
  const { rows } = isReadsChain(chain)
    ? await db.query<{ position: string }>('select position from read_head where chain = $1', [chainNoOfReads(chain)])
    : await db.query<{ position: string }>('select position from chain where no = $1', [chain.no]);
  return Number(rows[0]?.position ?? 0);
}

async function readLedger(db: Database, chain: ChainRow): Promise<LedgerRows> {
  // One statement, one instant: the tree moves on meanwhile.
  const { rows } = await db.query<{
    size: string | null;
    root: Buffer;
    edge: Buffer;
    checkpoints: { size: number; root: string; body: string }[];
    signatures: LedgerRows['signatures'];
    keys: LedgerRows['keys'];
  }>(
    `select t.size, t.root, t.edge,
       (select coalesce(json_agg(json_build_object('size', size, 'root', encode(root, 'hex'), 'body', body) order by size), '[]')
          from ledger_checkpoint where chain = c.no) as checkpoints,
       (select coalesce(json_agg(json_build_object('size', size, 'line', line) order by signed_at, key_id), '[]')
          from ledger_signature where chain = c.no) as signatures,
       (select coalesce(json_agg(json_build_object('vkey', vkey, 'fromSize', from_size, 'untilSize', until_size) order by from_size), '[]')
          from ledger_key where chain = c.no) as keys
     from (select $1::integer as no) c left join ledger_tree t on t.chain = c.no`,
    [chain.no],
  );
  const row = rows[0];
  return {
    chainId: chain.id,
    tree: row?.size == null ? undefined : { size: Number(row.size), root: row.root, edge: row.edge },
    checkpoints: (row?.checkpoints ?? []).map((each) => ({ ...each, root: Buffer.from(each.root, 'hex') })),
    signatures: row?.signatures ?? [],
    keys: row?.keys ?? [],
  };
}
