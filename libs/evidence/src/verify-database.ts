import type { Database } from '#libs/database/src/database.js';
import { NotFound, Refused } from '#libs/kernel/src/errors.js';
import { originOf } from '#libs/ledger/src/checkpoint.js';
import { fullTilesOf } from '#libs/ledger/src/ledger-tables.js';
import type { VerifierKey } from '#libs/ledger/src/signed-note.js';
import { chainNoOfReads, isReadsChain, readsChainOf, readsIdOf } from '#libs/read-record/src/reads-chain.js';
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
 * @throws NotFound `verify.no-log`, `verify.no-ledger` where there is none; Refused `verify.events-elsewhere`; Unavailable
 */
export async function verifyDatabase(db: Database, options: VerifyOptions): Promise<ChainVerdict[]> {
  await demandLedger(db);
  const { rows: chains } = await db.query<ChainRow>('select no, id, slug from chain order by no');
  const trees = (await hasReads(db)) ? chains.flatMap((chain) => [chain, readsChainOf(chain)]) : chains;
  const verdicts: ChainVerdict[] = [];
  const ids = trees.map(({ id }) => id);
  for (const tree of trees) verdicts.push(await verifyChain(db, tree, forChain(options, tree.id, ids)));
  const strangers = await strangersTo(db, chains);
  const [first] = verdicts;
  if (!first || strangers.length === 0) return verdicts;
  const what = `There are events of chains that do not exist: ${strangers.join(', ')}.`;
  const findings = [{ position: null, until: null, what }, ...first.findings];
  return [{ ...first, outcome: 'invalid', findings, findingsCount: first.findingsCount + 1 }, ...verdicts.slice(1)];
}

/**
 * What is given for one of several chains. A checkpoint of none of them is told with the first; where no key of a chain is
 * given, those that are kept beside its log are used.
 */
export function forChain(options: VerifyOptions, id: string, all: readonly string[]): VerifyOptions {
  const isOf = (note: string, chain: string) => note.startsWith(`${originOf(chain)}\n`);
  // What a backup holds of reads is not verified; their checkpoints are no stranger's.
  const isKnown = (note: string) => all.some((chain) => isOf(note, chain) || isOf(note, readsIdOf(chain)));
  const isForeign = (note: string) => id === all[0] && !isKnown(note);
  return {
    ...options,
    outside: options.outside.filter(({ note }) => isOf(note, id) || isForeign(note)),
    keys: options.keys.some(({ name }) => name === originOf(id)) ? options.keys : [],
  };
}

async function verifyChain(db: Database, chain: ChainRow, options: VerifyOptions): Promise<ChainVerdict> {
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
  const total = await headOf(db, chain);
  const asked = { chain, head: total, pageRows: PAGE_ROWS, aheadMax: PAGES_AHEAD_MAX[db.kind] };
  let events = 0;
  for await (const page of pagesOf(db, asked)) {
    signal?.throwIfAborted();
    await verifier.page(page);
    onProgress?.((events += page.length), Math.max(total, events), chain.slug);
  }
  // Asked after the last row: what was recorded meanwhile counts as well.
  const head = await headOf(db, chain);
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
  const { rows } = await db.query<{ there: boolean }>(`select to_regclass('read_record') is not null as there`);
  return rows[0]?.there ?? false;
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

/** Numbers of chains that events name and that do not exist, found one by one along the index. */
async function strangersTo(db: Database, chains: readonly ChainRow[]): Promise<number[]> {
  const { rows } = await db.query<{ chain: number }>(
    `with recursive found as (
       select min(chain) as chain from event_log
       union all
       select (select min(e.chain) from event_log e where e.chain > f.chain) from found f where f.chain is not null
     ) select chain from found where chain is not null`,
  );
  return rows.map(({ chain }) => chain).filter((no) => !chains.some((chain) => chain.no === no));
}
