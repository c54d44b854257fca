import type { Engine } from '#libs/engine/src/engine.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { newId } from '#libs/kernel/src/ids.js';
import { CheckpointFolder } from './checkpoint-folder.js';
import type { LedgerConfiguration } from './ledger.configuration.js';
import { migrateLedger } from './ledger.migrations.js';
import { LedgerKeyFile, LedgerKeys } from './ledger-keys.js';
import type { LedgerLog } from './ledger-log.js';
import { LedgerReader, type LedgerStatus } from './ledger-reader.js';
import { LedgerTables } from './ledger-tables.js';
import type { LedgerLogger } from './publisher.js';
import { Sequencer } from './sequencer.js';
import { WitnessSubmitter } from './witness-submitter.js';

/** What the ledger stands on. */
export interface LedgerEngine {
  readonly db: Engine['db'];
  readonly store: Pick<Engine['store'], 'head' | 'heads'>;
  readonly chains: Pick<Engine['chains'], 'get' | 'all' | 'now'>;
}

/** The ledger in any process, whether it moves trees on or only answers about them. */
export interface Ledger {
  readonly configuration: LedgerConfiguration;
  readonly reader: LedgerReader;
  readonly keys: LedgerKeys;
  /** For a process that works. */
  readonly sequencer: Sequencer;
  readonly witnesses: WitnessSubmitter;
  /** How the ledger of a chain stands; undefined before anything was sequenced. */
  status(chain: Chain): Promise<LedgerStatus | undefined>;
  /** What is wrong with the ledger of a chain, in one sentence; undefined where nothing is, or nobody works yet. */
  problem(chain: Chain): Promise<string | undefined>;
}

/** An event waits for its checkpoint some two seconds at most; after this time nobody works, or something hinders it. */
const LAG_MS_MAX = 60_000;

/**
 * Brings the tables up to date and puts the parts together. Nothing runs yet.
 * @param source what leaves are made of
 */
export async function openLedger(
  { db, store, chains }: LedgerEngine,
  configuration: LedgerConfiguration,
  log: LedgerLogger,
  source: LedgerLog,
): Promise<Ledger> {
  await migrateLedger(db);
  const tables = new LedgerTables(db, newId());
  const keys = new LedgerKeys(db, new LedgerKeyFile(configuration.keyFile));
  const folder = new CheckpointFolder(configuration.folder);
  const reader = new LedgerReader(tables, source, keys);
  const sequencer = new Sequencer({ tables, keys, folder, log, chains, store, source });
  const { witnesses } = configuration;
  const submitter = new WitnessSubmitter({
    ...{ chains, tables, reader, witnesses, log },
    owns: (chain) => sequencer.owns(chain),
  });
  const status = async (chain: Chain) => {
    const [head, now] = await Promise.all([store.head(chain.id), chains.now(chain)]);
    return reader.status(chain, { head, now: Date.parse(now) });
  };
  return {
    configuration,
    reader,
    keys,
    sequencer,
    witnesses: submitter,
    status,
    problem: async (chain) => sequencer.problem?.message ?? problemOf(await status(chain), submitter),
  };
}

function problemOf(status: LedgerStatus | undefined, submitter: WitnessSubmitter): string | undefined {
  if (!status) return undefined;
  const { problem, publishProblem, lagMs, unpublishedMs } = status;
  if (problem) return `${problem.code}: ${problem.detail}`;
  if (publishProblem !== null) return publishProblem;
  if (lagMs > LAG_MS_MAX) return `Events have waited for the ledger for ${Math.round(lagMs / 1000)} s.`;
  if ((unpublishedMs ?? 0) > LAG_MS_MAX) return 'Checkpoints are committed and not published.';
  return submitter.problems()[0]?.problem;
}
