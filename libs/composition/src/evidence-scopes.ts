import { References } from '#libs/cqrs/src/references.js';
import type { Engine } from '#libs/engine/src/engine.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import { BundleWriter, type PublicKey } from '#libs/evidence/src/bundle-writer.js';
import { ComplianceReports } from '#libs/evidence/src/compliance-reports.js';
import type { Evidence } from '#libs/evidence/src/evidence.js';
import type { EvidenceScope, EvidenceScopes } from '#libs/evidence/src/evidence.scope.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import { formatVkey } from '#libs/ledger/src/signed-note.js';
import { messageStream } from '#libs/messaging/src/message/message.events.js';
import { MESSAGES } from '#libs/messaging/src/messages/messages.projection.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { signatureStream } from '#libs/signature/src/signature.events.js';
import { courseStream } from '#libs/treatment/src/course/course.events.js';
import { patientStream } from '#libs/treatment/src/patient/patient.events.js';
import { PATIENT_TIMELINE } from '#libs/treatment/src/patient/patient-timeline/patient-timeline.projection.js';
import type { Pistor } from './pistor.js';

/** @param version of this software */
export function evidenceOf({ engine, ledger, configuration, log }: EvidenceParts, version: string): Evidence {
  const { db, store, keys } = engine;
  const publicKeys = async (chain: Chain): Promise<PublicKey[]> => [
    ...(await ledger.reader.keysOf(chain)).map(({ vkey, fromSize, untilSize }) => ({
      ...{ vkey, role: 'log' as const, fromSize, untilSize },
    })),
    ...ledger.configuration.witnesses.map(({ key }) => ({
      ...{ vkey: formatVkey(key), role: 'witness' as const, fromSize: null, untilSize: null },
    })),
  ];
  return {
    ledger,
    scopes: evidenceScopes(engine),
    reports: new ComplianceReports({ db, store, ledger: ledger.reader }),
    log,
    writer: new BundleWriter({
      ...{ db, store, ledger: ledger.reader, keys, publicKeys, version },
      // Who has opened a folder has it alone, and may be no server.
      commit: configuration.mode === 'embedded' ? () => ledger.sequencer.tick() : undefined,
    }),
  };
}

/** What of a process evidence is made from. */
type EvidenceParts = Pick<Pistor, 'engine' | 'ledger' | 'configuration' | 'log'>;

/**
 * Which streams belong to a patient or a course. Courses and consultations are found by what events name, which a verifier
 * repeats; the read models add what no event names: messages, and courses of old histories that were planned before the
 * patient's stream named them.
 */
export function evidenceScopes({ db, store, codes }: Pick<Engine, 'db' | 'store' | 'codes'>): EvidenceScopes {
  const references = new References(codes);
  const streamsOf = async (sql: string, chain: Chain, id: Id): Promise<StreamName[]> => {
    const { rows } = await db.query<{ stream: StreamName }>(sql, [chain.no, id]);
    return rows.map(({ stream }) => stream);
  };
  const scopeOf = async (
    chain: Chain,
    kind: 'patient' | 'course',
    reference: string,
    { stream, further }: { stream: StreamName; further: readonly StreamName[] },
  ): Promise<EvidenceScope> => {
    const [first] = await store.readStream(chain.id, stream, { limit: 1 });
    if (!first) throw new NotFound(`${kind}.unknown`, `There is no such ${kind}.`);
    return { kind, name: isId(reference) ? null : reference, streams: [stream], further };
  };
  const signaturesOf = async (chain: Chain, patientId: Id): Promise<StreamName[]> => {
    const stream = signatureStream(patientId);
    return (await store.readStream(chain.id, stream, { limit: 1 })).length > 0 ? [stream] : [];
  };
  return {
    patient: async (chain, reference) => {
      const id = await references.resolve(chain, 'patient', reference);
      const onTimeline = await streamsOf(STREAMS_OF_PATIENT, chain, id);
      const messages = await streamsOf(MESSAGES_OF_PATIENT, chain, id);
      return scopeOf(chain, 'patient', reference, {
        stream: patientStream(id),
        further: [...onTimeline, ...messages, ...(await signaturesOf(chain, id))],
      });
    },
    course: async (chain, reference) => {
      const id = await references.resolve(chain, 'course', reference);
      const further = await streamsOf(MESSAGES_OF_COURSE, chain, id);
      return scopeOf(chain, 'course', reference, { stream: courseStream(id), further });
    },
    site: (chain, reference) => references.resolve(chain, 'site', reference),
  };
}

const STREAMS_OF_PATIENT = `
  select stream from "${schemaOf(PATIENT_TIMELINE)}".entry where chain = $1 and patient_id = $2
  group by stream order by min(position)`;

const messagesBy = (column: 'patient_id' | 'course_id') => `
  select '${messageStream('')}' || message_id as stream from "${schemaOf(MESSAGES)}".message
  where chain = $1 and ${column} = $2 order by due_at, message_id`;
const MESSAGES_OF_PATIENT = messagesBy('patient_id');
const MESSAGES_OF_COURSE = messagesBy('course_id');
