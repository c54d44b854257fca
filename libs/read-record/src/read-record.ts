import type { Engine } from '#libs/engine/src/engine.js';
import type { Ledger } from '#libs/ledger/src/ledger.js';
import type { LedgerConfiguration } from '#libs/ledger/src/ledger.configuration.js';
import type { LedgerLogger } from '#libs/ledger/src/publisher.js';
import type { NamesOf } from '#libs/http/src/principal.js';
import { DisclosuresQuery } from './disclosures.query.js';
import { migrateReadRecord } from './read-record.migrations.js';
import { openReadsLedger } from './reads-ledger.js';
import { ReadRecorder } from './read-recorder.js';
import { type PatientOf, RecordedReads } from './reads.js';

/** Reads on record, in any process. */
export interface ReadRecord {
  /** For the HTTP edge. */
  readonly reads: RecordedReads;
  readonly disclosures: DisclosuresQuery;
  /** The tree over them; its chains are those of `readsChainOf`. */
  readonly ledger: Ledger;
}

export interface ReadRecordOptions {
  readonly ledger: LedgerConfiguration;
  readonly log: LedgerLogger;
  readonly namesOf: NamesOf;
  readonly patientOf: PatientOf;
}

/** Brings the tables up to date and puts the parts together. */
export async function openReadRecord(
  { db, chains }: Pick<Engine, 'db' | 'chains'>,
  { namesOf, patientOf, ledger, log }: ReadRecordOptions,
): Promise<ReadRecord> {
  await migrateReadRecord(db);
  return {
    reads: new RecordedReads(new ReadRecorder(db), patientOf),
    disclosures: new DisclosuresQuery(db, namesOf),
    ledger: await openReadsLedger({ db, chains }, ledger, log),
  };
}
