import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BundleWriter, type BundleOptions } from '../../libs/evidence/src/bundle-writer.js';
import type { EvidenceScope } from '../../libs/evidence/src/evidence.scope.js';
import type { Chain } from '../../libs/event-store/src/chains.js';
import { type EventType, eventType, type NewEvent } from '../../libs/event-store/src/event-type.js';
import { personal } from '../../libs/event-store/src/personal-data.js';
import { type Id, newId } from '../../libs/kernel/src/ids.js';
import { silentLog } from '../../libs/kernel/src/log.js';
import { CheckpointFolder } from '../../libs/ledger/src/checkpoint-folder.js';
import { leafHashInto, NO_PREVIOUS } from '../../libs/ledger/src/entry.js';
import { LedgerKeyFile, LedgerKeys } from '../../libs/ledger/src/ledger-keys.js';
import { DatabaseLog } from '../../libs/ledger/src/ledger-log.js';
import { LedgerReader } from '../../libs/ledger/src/ledger-reader.js';
import { LedgerTables } from '../../libs/ledger/src/ledger-tables.js';
import { migrateLedger } from '../../libs/ledger/src/ledger.migrations.js';
import { HASH_BYTES } from '../../libs/ledger/src/sha256.js';
import { Sequencer } from '../../libs/ledger/src/sequencer.js';
import { ReadLog } from '../../libs/read-record/src/read-log.js';
import { migrateReadRecord } from '../../libs/read-record/src/read-record.migrations.js';
import { ReadRecorder } from '../../libs/read-record/src/read-recorder.js';
import { readsChainOf } from '../../libs/read-record/src/reads-chain.js';
import { EntrySigned } from '../../libs/signature/src/signature.events.js';
import { z } from 'zod';
import { openTestEngine, type TestEngine } from './test-engine.js';

export { EntrySigned };

const PatientRegistered = eventType('PatientRegistered', {
  subject: 'patientId',
  schema: z.strictObject({ patientId: z.uuid(), name: personal('contact', z.string()) }),
});
const CourseEntered = eventType('CourseEntered', {
  schema: z.strictObject({ patientId: z.uuid(), courseId: z.uuid() }),
});
const CoursePlanned = eventType('CoursePlanned', {
  schema: z.strictObject({ courseId: z.uuid(), patientId: z.uuid(), consultationId: z.uuid() }),
});
const ConsultationHeld = eventType('ConsultationHeld', {
  subject: 'patientId',
  schema: z.strictObject({ consultationId: z.uuid(), patientId: z.uuid(), notes: personal('clinical', z.string()) }),
});
const SessionPerformed = eventType('SessionPerformed', {
  subject: 'patientId',
  schema: z.strictObject({
    courseId: z.uuid(),
    patientId: z.uuid(),
    number: z.int(),
    reactions: personal('clinical', z.array(z.string())),
  }),
});
const TYPES: readonly EventType[] = [
  PatientRegistered,
  CourseEntered,
  CoursePlanned,
  ConsultationHeld,
  SessionPerformed,
  EntrySigned,
];

/** A patient with one course. */
export interface PatientOnRecord {
  readonly patientId: Id;
  readonly scope: EvidenceScope;
  readonly courseScope: EvidenceScope;
}

/** A log with its ledger on a real database, sequenced when it is told to. */
export interface EvidenceGiven {
  readonly engine: TestEngine;
  readonly chain: Chain;
  readonly tables: LedgerTables;
  readonly keys: LedgerKeys;
  /** Registers a patient with a course of so many sessions. */
  patient(sessions: number): Promise<PatientOnRecord>;
  /** Commits and signs everything that is recorded. */
  sequence(): Promise<void>;
  /** Puts a read on record; null: of anybody. */
  read(patients: readonly Id[] | null): Promise<void>;
  /** Commits and signs all reads that are on record. */
  sequenceReads(): Promise<void>;
  /** The newest checkpoint as it stands outside the database. */
  outside(): Promise<string>;
  /** That of the reads. */
  outsideReads(): Promise<string>;
  vkeys(): Promise<string[]>;
  /** Makes a ledger of what is recorded now, as a forger would who holds the key and not what stands outside. */
  forge(): Promise<void>;
  /** The first leaves of the log, one after the other. */
  leaves(count: number): Promise<Buffer>;
  bundle(scope: EvidenceScope, options?: BundleOptions): Promise<Buffer>;
  close(): Promise<void>;
}

export async function openEvidence(): Promise<EvidenceGiven> {
  const engine = await openTestEngine(TYPES);
  const folder = await mkdtemp(join(tmpdir(), 'pistor ledger '));
  const { db, store, chains } = engine;
  await migrateLedger(db);
  await migrateReadRecord(db);
  const chain = await engine.newChain();
  const tables = new LedgerTables(db, newId());
  const keys = new LedgerKeys(db, new LedgerKeyFile(join(folder, 'ledger.key')));
  const outside = new CheckpointFolder(join(folder, 'checkpoints'));
  const source = new DatabaseLog(db);
  const log = { warn: silentLog.warn.bind(silentLog), error: silentLog.error.bind(silentLog) };
  const sequencer = new Sequencer({
    tables,
    keys,
    folder: outside,
    log,
    chains,
    store,
    source,
    times: { checkpointMs: 0 },
  });
  const reads = readsChainOf(chain);
  const readLog = new ReadLog(db);
  const recorder = new ReadRecorder(db);
  const headOfReads = async () => (await readLog.heads()).get(chain.no) ?? 0;
  const readSequencer = new Sequencer({
    tables,
    keys,
    folder: outside,
    log,
    chains: { get: () => Promise.resolve(reads) },
    store: { head: headOfReads, heads: async () => new Map([[reads.id, await headOfReads()]]) },
    source: readLog,
    times: { checkpointMs: 0 },
  });
  const publicKeys = async () =>
    (await keys.list(chain)).map(({ vkey, fromSize, untilSize }) => ({
      vkey,
      role: 'log' as const,
      fromSize,
      untilSize,
    }));
  const writer = new BundleWriter({
    db,
    store,
    ledger: new LedgerReader(tables, source, keys),
    keys: engine.keys,
    publicKeys,
    version: 'test',
  });

  return {
    engine,
    chain,
    tables,
    keys,
    patient: async (sessions) => {
      const [patientId, courseId, consultationId] = [newId(), newId(), newId()];
      const at = (type: EventType, data: object): NewEvent =>
        ({ type: type.type, occurredAt: { precision: 'instant', at: '2026-03-02T09:00:00.000Z' }, data }) as never;
      const patient = `patient-${patientId}`;
      const course = `course-${courseId}`;
      const consultation = `consultation-${consultationId}`;
      await engine.append(chain, [
        { stream: patient, events: [at(PatientRegistered, { patientId, name: 'Ayşe Yılmaz' })] },
        {
          stream: consultation,
          events: [at(ConsultationHeld, { consultationId, patientId, notes: 'nickel allergy' })],
        },
        { stream: patient, events: [at(CourseEntered, { patientId, courseId })] },
        { stream: course, events: [at(CoursePlanned, { courseId, patientId, consultationId })] },
        ...Array.from({ length: sessions }, (_, n) => ({
          stream: course,
          events: [at(SessionPerformed, { courseId, patientId, number: n + 1, reactions: [`rash ${n}`] })],
        })),
      ]);
      return {
        patientId,
        scope: { kind: 'patient', name: 'PT00001', streams: [patient], further: [] },
        courseScope: { kind: 'course', name: 'C000001', streams: [course], further: [] },
      };
    },
    sequence: () => sequencer.tick(),
    read: (patients) =>
      recorder.record(chain, {
        principal: `user:${newId()}`,
        session: null,
        purpose: 'treatment',
        operation: 'getPatient',
        kind: 'read',
        correlationId: newId(),
        patients,
      }),
    sequenceReads: () => readSequencer.tick(),
    outsideReads: () => readFile(join(folder, 'checkpoints', reads.id, 'checkpoint'), 'utf8'),
    outside: () => readFile(join(folder, 'checkpoints', chain.id, 'checkpoint'), 'utf8'),
    forge: async () => {
      const elsewhere = new CheckpointFolder(join(folder, 'forged'));
      const forger = new Sequencer({
        tables: new LedgerTables(db, newId()),
        keys,
        folder: elsewhere,
        log,
        chains,
        store,
        source,
      });
      await forger.tick();
      await forger.stop();
    },
    leaves: async (count) => {
      const leaves = Buffer.alloc(count * HASH_BYTES);
      const last = new Map<string, number>();
      for (const [i, event] of (await source.read(chain, 1, count)).entries()) {
        const before = last.get(event.stream);
        const [previous, at] = before === undefined ? [NO_PREVIOUS, 0] : [leaves, before];
        leafHashInto(leaves, i * HASH_BYTES, event, previous, at);
        last.set(event.stream, i * HASH_BYTES);
      }
      return leaves;
    },
    vkeys: async () => (await keys.list(chain)).map(({ vkey }) => vkey),
    bundle: async (scope, options) => {
      const parts: string[] = [];
      for await (const part of writer.write(chain, scope, options)) parts.push(part);
      return Buffer.from(parts.join(''));
    },
    close: async () => {
      await sequencer.stop();
      await readSequencer.stop();
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
