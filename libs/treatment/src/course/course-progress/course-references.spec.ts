import type { Chain } from '#libs/event-store/src/chains.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import type { StreamOfEvents } from '#test/support/test-engine.js';
import {
  CourseHistory,
  type CourseOptions,
  HEALTHY,
  lot,
  patient,
  practitioner,
  protocols,
  site,
  zoned,
} from '#test/support/treatment-history.js';
import { openTestReadModels, type TestReadModels } from '#test/support/treatment-read-models.js';
import { ConsentSigned, ConsentSignedCorrected, consultationStream } from '../../consultation/consultation.events.js';
import { PatientHealthRecorded, patientStream } from '../../patient/patient.events.js';
import {
  CredentialRevoked,
  PractitionerEntryRetracted,
  practitionerStream,
} from '../../practitioner/practitioner.events.js';
import type { CoursesParams } from './course-progress.query.js';

const PAGE: CoursesParams = { limit: 100 };

let models: TestReadModels;
let chain: Chain;
/** Whom the courses of a test are about. */
let of: { site: string; patient: string; practitioner: string };

beforeAll(async () => {
  models = await openTestReadModels();
});
afterAll(() => models.engine.close());
beforeEach(async () => {
  chain = await models.engine.newChain();
  of = { site: newId(), patient: newId(), practitioner: newId() };
});

/** Everything that a facial course is judged by, in order. */
const references = (): StreamOfEvents[] => [
  ...protocols(chain.id),
  site(of.site),
  practitioner({ id: of.practitioner }),
  patient(of.patient),
  lot(of.site),
];
const course = (options: CourseOptions = {}) => new CourseHistory(of, options);
const one = async (id: string, params: Partial<CoursesParams> = {}) => {
  const { items } = await models.courses.list(chain, { ...PAGE, ...params });
  return items.find((item) => item.id === id);
};

describe('facts that come after the sessions they touch', () => {
  const treated = () => course().performed('2024-01-02T10:00').performed('2024-01-16T10:00');
  const without = (stream: string) => references().filter((each) => !each.stream.startsWith(`${stream}-`));

  it.each<[string, object, () => StreamOfEvents]>([
    ['a lot', { 'lot-not-received': 2 }, () => lot(of.site)],
    ['a credential', { credential: 2 }, () => practitioner({ id: of.practitioner })],
  ])('%s mends them', async (_name, before, late) => {
    const history = treated();
    await models.record(chain, [...without(late().stream.split('-')[0] as string), ...history.streams()]);
    expect((await one(history.id))?.deviations).toEqual(before);
    await models.record(chain, [late()]);
    expect((await one(history.id))?.deviations).toEqual({});
  });

  it('a lot at another site does not count, and one that had expired does', async () => {
    const history = treated();
    const elsewhere = newId();
    await models.record(chain, [...without('lot'), ...history.streams(), site(elsewhere), lot(elsewhere)]);
    expect((await one(history.id))?.deviations).toEqual({ 'lot-not-received': 2 });
    await models.record(chain, [lot(of.site, { expiresOn: '2024-01-10' })]);
    expect((await one(history.id))?.deviations).toEqual({ 'lot-expired': 1 });
  });

  it('the patient', async () => {
    const history = treated();
    await models.record(chain, [...without('patient'), ...history.streams()]);
    await models.record(chain, [patient(of.patient, { conditions: ['pregnancy'] })]);
    expect((await one(history.id))?.deviations).toEqual({ contraindication: 2 });
  });

  it('a new answer of the patient counts from when it was given', async () => {
    const history = treated();
    await models.record(chain, [...references(), ...history.streams()]);
    const health = { ...HEALTHY, medications: ['Warfarin'] };
    const at = occurredAt(zoned('2024-01-10T10:00'));
    const answered = PatientHealthRecorded(at, { patientId: of.patient, health });
    await models.record(chain, [{ stream: patientStream(of.patient), events: [answered] }]);
    expect((await one(history.id))?.deviations).toEqual({ contraindication: 1 });
  });

  it('another ingredient of a product, by a lot received anywhere', async () => {
    const history = treated();
    const elsewhere = newId();
    await models.record(chain, [
      ...without('patient'),
      patient(of.patient, { allergies: ['Biotin'] }),
      ...history.streams(),
    ]);
    expect((await one(history.id))?.deviations).toEqual({});
    await models.record(chain, [
      site(elsewhere),
      lot(elsewhere, { lotNumber: 'L2', ingredients: ['vitamin C', 'biotin'] }),
    ]);
    expect((await one(history.id))?.deviations).toEqual({ contraindication: 2 });
  });

  it('the consent', async () => {
    const history = new CourseHistory(of, { consentOn: null }).performed('2024-01-02T10:00');
    await models.record(chain, [...references(), ...history.streams()]);
    expect((await one(history.id))?.deviations).toEqual({ consent: 1 });
    const signed = ConsentSigned(occurredNow('2026-01-01T00:00:00.000Z'), {
      consultationId: history.consultationId,
      patientId: of.patient,
      procedure: 'facial',
      signedOn: '2024-01-02',
      validUntil: null,
    });
    await models.record(chain, [{ stream: `consultation-${history.consultationId}`, events: [signed] }]);
    expect((await one(history.id))?.deviations).toEqual({});
  });

  it('[credential.revoked] a revocation, and its being taken back', async () => {
    const history = treated();
    await models.record(chain, [...references(), ...history.streams()]);
    expect((await one(history.id))?.deviations).toEqual({});
    const { practitioner: practitionerId } = of;
    const stream = practitionerStream(practitionerId);
    const now = occurredNow('2026-01-01T00:00:00.000Z');
    const revocation = { practitionerId, procedures: ['facial'], from: '2024-01-16', reason: 'not renewed' };
    await models.record(chain, [{ stream, events: [CredentialRevoked(now, revocation)] }]);
    expect((await one(history.id))?.deviations).toEqual({ credential: 1 });
    const [revoked] = (await models.engine.store.readStream(chain.id, stream)).slice(-1);
    const retracts = revoked?.header.id as string;
    const retraction = { practitionerId, retracts, retractionReason: 'another practitioner' };
    await models.record(chain, [{ stream, events: [PractitionerEntryRetracted(now, retraction)] }]);
    expect((await one(history.id))?.deviations).toEqual({});
  });

  it('[consultation.entry-corrected] the consent as it was corrected', async () => {
    const history = course().performed('2024-01-02T10:00').performed('2024-01-16T10:00');
    await models.record(chain, [...references(), ...history.streams()]);
    const stream = consultationStream(history.consultationId);
    const signed = (await models.engine.store.readStream(chain.id, stream)).find(
      ({ header }) => header.type === 'ConsentSigned',
    );
    const corrected = ConsentSignedCorrected(occurredNow('2026-01-01T00:00:00.000Z'), {
      ...{ consultationId: history.consultationId, patientId: of.patient, procedure: 'facial' },
      ...{ signedOn: '2024-01-10', validUntil: null },
      ...{ corrects: signed?.header.id as string, correctionReason: 'misread' },
    });
    expect((await one(history.id))?.deviations).toEqual({});
    await models.record(chain, [{ stream, events: [corrected] }]);
    expect((await one(history.id))?.deviations).toEqual({ consent: 1 });
  });

  it('the protocol', async () => {
    const history = course({ plannedSessions: 9 }).performed('2024-01-02T10:00').performed('2024-01-03T10:00');
    await models.record(chain, [...without('protocol'), ...history.streams()]);
    expect(await one(history.id)).toMatchObject({ deviations: {}, nextEarliest: null, performed: 2 });
    await models.record(chain, protocols(chain.id));
    expect(await one(history.id)).toMatchObject({
      deviations: { 'session-count': 1, 'interval-short': 1 },
      nextEarliest: '2024-01-17',
    });
  });
});
