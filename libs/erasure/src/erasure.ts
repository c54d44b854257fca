import { References } from '#libs/cqrs/src/references.js';
import type { BucketKeys } from '#libs/event-store/src/bucket-keys.js';
import type { Engine } from '#libs/engine/src/engine.js';
import type { Projection, Reactor } from '#libs/projections/src/projection.js';
import { PatientStreams } from '#libs/treatment/src/erasure.contract.js';
import { People } from '#libs/treatment/src/tasks.contract.js';
import { erasuresProjection } from './case/erasures.projection.js';
import { ErasuresQuery } from './case/erasures.query.js';
import { type Accounts, ErasureFinisher, type RemoveRows } from './effect/erasure-finisher.js';
import { ErasureRegister } from './effect/erasure-register.js';
import { ErasureReactor } from './effect/erasure.reactor.js';
import { replayErasures } from './effect/replay-erasures.js';
import { migrateErasure } from './erasure.migrations.js';

/** What erasures stand on. */
export type ErasureEngine = Pick<Engine, 'db' | 'chains' | 'boxes' | 'codes' | 'runner' | 'keys' | 'bucketKeys'>;

export interface ErasureOptions {
  /** Where the register of erasures stands, beside the keys. */
  readonly keysFolder: string;
  /** What else is kept of persons beside the log. */
  readonly removers: readonly RemoveRows[];
  /** Undefined where read models are not there: what follows for accounts is left to whoever opens this with them. */
  readonly accounts: Accounts | undefined;
  readonly log: { warn(fields: object, message: string): void };
}

/** Erasures in any process, whether it makes them final or only decides and answers. */
export interface Erasure {
  /** To be run with the other projections of the deployment. */
  readonly works: readonly (Projection | Reactor)[];
  readonly queries: ErasuresQuery;
  readonly streams: PatientStreams;
  readonly finisher: ErasureFinisher;
  readonly register: ErasureRegister;
  readonly bucketKeys: BucketKeys;
  /** Calls back when an erasure has something left to do; one at a time. */
  onErased(callback: (() => void) | undefined): void;
}

/**
 * Brings the tables up to date, puts the parts together, and erases again whoever the register of erasures has and who is
 * there all the same: before anything is served.
 * @throws RegisterUnreadable
 */
export async function openErasure(
  engine: ErasureEngine,
  { keysFolder, removers, accounts, log }: ErasureOptions,
): Promise<Erasure> {
  const { db, chains, codes, boxes } = engine;
  await migrateErasure(db);
  const register = new ErasureRegister(keysFolder);
  const finisher = new ErasureFinisher({
    ...{ ...engine, register, accounts },
    removers: [forgetCodes(engine), ...removers],
  });
  await replayErasures({ ...engine, register, finisher, log });
  let called: (() => void) | undefined;
  const streams = new PatientStreams(db);
  return {
    works: [new ErasureReactor(finisher, () => called?.()), erasuresProjection],
    queries: new ErasuresQuery({
      ...{ db, chains, runner: engine.runner, streams, finisher },
      references: new References(codes),
      people: new People(db, codes, boxes),
    }),
    ...{ streams, finisher, register, bucketKeys: engine.bucketKeys },
    onErased: (callback) => {
      called = callback;
    },
  };
}

const forgetCodes =
  ({ codes }: Pick<Engine, 'codes'>): RemoveRows =>
  (tx, chain, patientIds) =>
    codes.forget(tx, chain, 'patient', patientIds);
