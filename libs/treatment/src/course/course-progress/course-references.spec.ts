import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { readModelWorld } from '#test/support/read-model-world.js';
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
import { ConsentSigned, ConsentSignedCorrected, consultationStream } from '../../consultation/consultation.events.js';
import { PatientHealthRecorded, patientStream } from '../../patient/patient.events.js';
import {
  CredentialRevoked,
  PractitionerEntryRetracted,
  practitionerStream,
} from '../../practitioner/practitioner.events.js';

const world = readModelWorld();

/** Everything that a facial course is judged by, in order. */
const references = (): StreamOfEvents[] => [...world.references(), lot(world.of.site)];
const course = (options: CourseOptions = {}) => new CourseHistory(world.of, options);
describe('facts that come after the sessions they touch', () => {
  const treated = () => course().performed('2024-01-02T10:00').performed('2024-01-16T10:00');
  const without = (stream: string) => references().filter((each) => !each.stream.startsWith(`${stream}-`));

  it.each<[string, object, () => StreamOfEvents]>([
    ['a lot', { 'lot-not-received': 2 }, () => lot(world.of.site)],
    ['a credential', { credential: 2 }, () => practitioner({ id: world.of.practitioner })],
  ])('%s mends them', async (_name, before, late) => {
    const history = treated();
    await world.record([...without(late().stream.split('-')[0] as string), ...history.streams()]);
    expect((await world.listed(history.id))?.deviations).toEqual(before);
    await world.record([late()]);
    expect((await world.listed(history.id))?.deviations).toEqual({});
  });

  it('a lot at another site does not count, and one that had expired does', async () => {
    const history = treated();
    const elsewhere = newId();
    await world.record([...without('lot'), ...history.streams(), site(elsewhere), lot(elsewhere)]);
    expect((await world.listed(history.id))?.deviations).toEqual({ 'lot-not-received': 2 });
    await world.record([lot(world.of.site, { expiresOn: '2024-01-10' })]);
    expect((await world.listed(history.id))?.deviations).toEqual({ 'lot-expired': 1 });
  });

  it('the patient', async () => {
    const history = treated();
    await world.record([...without('patient'), ...history.streams()]);
    await world.record([patient(world.of.patient, { conditions: ['pregnancy'] })]);
    expect((await world.listed(history.id))?.deviations).toEqual({ contraindication: 2 });
  });

  it('a new answer of the patient counts from when it was given', async () => {
    const history = treated();
    await world.record([...references(), ...history.streams()]);
    const health = { ...HEALTHY, medications: ['Warfarin'] };
    const at = occurredAt(zoned('2024-01-10T10:00'));
    const answered = PatientHealthRecorded(at, { patientId: world.of.patient, health });
    await world.record([{ stream: patientStream(world.of.patient), events: [answered] }]);
    expect((await world.listed(history.id))?.deviations).toEqual({ contraindication: 1 });
  });

  it('another ingredient of a product, by a lot received anywhere', async () => {
    const history = treated();
    const elsewhere = newId();
    await world.record([
      ...without('patient'),
      patient(world.of.patient, { allergies: ['Biotin'] }),
      ...history.streams(),
    ]);
    expect((await world.listed(history.id))?.deviations).toEqual({});
    await world.record([site(elsewhere), lot(elsewhere, { lotNumber: 'L2', ingredients: ['vitamin C', 'biotin'] })]);
    expect((await world.listed(history.id))?.deviations).toEqual({ contraindication: 2 });
  });

  it('the consent', async () => {
    const history = new CourseHistory(world.of, { consentOn: null }).performed('2024-01-02T10:00');
    await world.record([...references(), ...history.streams()]);
    expect((await world.listed(history.id))?.deviations).toEqual({ consent: 1 });
    const signed = ConsentSigned(occurredNow('2026-01-01T00:00:00.000Z'), {
      consultationId: history.consultationId,
      patientId: world.of.patient,
      procedure: 'facial',
      signedOn: '2024-01-02',
      validUntil: null,
    });
    await world.record([{ stream: `consultation-${history.consultationId}`, events: [signed] }]);
    expect((await world.listed(history.id))?.deviations).toEqual({});
  });

  it('[credential.revoked] a revocation, and its being taken back', async () => {
    const history = treated();
    await world.record([...references(), ...history.streams()]);
    expect((await world.listed(history.id))?.deviations).toEqual({});
    const { practitioner: practitionerId } = world.of;
    const stream = practitionerStream(practitionerId);
    const now = occurredNow('2026-01-01T00:00:00.000Z');
    const revocation = { practitionerId, procedures: ['facial'], from: '2024-01-16', reason: 'not renewed' };
    await world.record([{ stream, events: [CredentialRevoked(now, revocation)] }]);
    expect((await world.listed(history.id))?.deviations).toEqual({ credential: 1 });
    const [revoked] = (await world.models.engine.store.readStream(world.chain.id, stream)).slice(-1);
    const retracts = revoked?.header.id as string;
    const retraction = { practitionerId, retracts, retractionReason: 'another practitioner' };
    await world.record([{ stream, events: [PractitionerEntryRetracted(now, retraction)] }]);
    expect((await world.listed(history.id))?.deviations).toEqual({});
  });

  it('[consultation.entry-corrected] the consent as it was corrected', async () => {
    const history = course().performed('2024-01-02T10:00').performed('2024-01-16T10:00');
    await world.record([...references(), ...history.streams()]);
    const stream = consultationStream(history.consultationId);
    const signed = (await world.models.engine.store.readStream(world.chain.id, stream)).find(
      ({ header }) => header.type === 'ConsentSigned',
    );
    const corrected = ConsentSignedCorrected(occurredNow('2026-01-01T00:00:00.000Z'), {
      ...{ consultationId: history.consultationId, patientId: world.of.patient, procedure: 'facial' },
      ...{ signedOn: '2024-01-10', validUntil: null },
      ...{ corrects: signed?.header.id as string, correctionReason: 'misread' },
    });
    expect((await world.listed(history.id))?.deviations).toEqual({});
    await world.say(stream, corrected);
    expect((await world.listed(history.id))?.deviations).toEqual({ consent: 1 });
  });

  it('the protocol', async () => {
    const history = course({ plannedSessions: 9 }).performed('2024-01-02T10:00').performed('2024-01-03T10:00');
    await world.record([...without('protocol'), ...history.streams()]);
    expect(await world.listed(history.id)).toMatchObject({ deviations: {}, nextEarliest: null, performed: 2 });
    await world.record(protocols(world.chain.id));
    expect(await world.listed(history.id)).toMatchObject({
      deviations: { 'session-count': 1, 'interval-short': 1 },
      nextEarliest: '2024-01-17',
    });
  });
});
