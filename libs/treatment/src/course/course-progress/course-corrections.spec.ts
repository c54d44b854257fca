import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { type Performed, readModelWorld, TODAY } from '#test/support/read-model-world.js';
import { CourseHistory, HEALTHY, lot, patient, zoned } from '#test/support/treatment-history.js';
import {
  ConsentSignedCorrected,
  ConsultationEntryRetracted,
  consultationStream,
} from '../../consultation/consultation.events.js';
import { LotEntryRetracted, LotReceivedCorrected } from '../../lot/lot.events.js';
import {
  HealthFactEnded,
  HealthFactRecorded,
  HealthFactRecordedCorrected,
  PatientHealthRecorded,
  PatientHealthRecordedCorrected,
  patientStream,
} from '../../patient/patient.events.js';
import {
  CredentialGrantedCorrected,
  PractitionerEntryRetracted,
  practitionerStream,
} from '../../practitioner/practitioner.events.js';
import { CourseEntryRetracted, courseStream } from '../course.events.js';

const world = readModelWorld();
let course: CourseHistory;
const NOW = occurredNow('2026-01-01T00:00:00.000Z');

beforeEach(async () => {
  course = new CourseHistory(world.of, { end: 'completed', plannedSessions: 4 })
    .performed('2024-02-01T10:00')
    .performed('2024-02-15T10:00');
  await world.record([...world.references(), lot(world.of.site), ...course.streams()]);
});

/** Says the nth session anew, from 0 on. */
const correct = (n: number, wall: string, changes: Partial<Performed> = {}) =>
  world.correctSession(course, { at: zoned(wall), ...changes }, n);

const shown = () => world.shown(course);
const usage = async () => (await world.models.lots.usage(world.chain, { limit: 100 })).items;
const dayOf = async (date: string) => (await world.models.siteDay.day(world.chain, world.of.site, { date })).items;

describe('a corrected session date', () => {
  it('[correction.read-models] moves the maintenance window, in the course and in the list of what is due', async () => {
    expect((await shown()).maintenance).toEqual({ opens: '2024-05-01', closes: '2024-08-01', state: 'due' });
    await correct(0, '2024-03-20T10:00');
    // The first session is now the one that was the second.
    expect((await shown()).maintenance).toEqual({ opens: '2024-05-15', closes: '2024-08-15', state: 'due' });
    const { items } = await world.models.maintenance.list(world.chain, { limit: 100, today: TODAY });
    expect(items).toMatchObject([{ course: { id: course.id }, opens: '2024-05-15', closes: '2024-08-15' }]);
  });

  it('[correction.read-models] changes the deviations that follow from it', async () => {
    expect((await shown()).deviations).toEqual({});
    await correct(1, '2024-02-10T10:00');
    expect((await shown()).deviations).toEqual({ 'interval-short': 1 });
    await correct(1, '2024-02-15T10:00');
    expect((await shown()).deviations).toEqual({});
  });

  it('[correction.read-models] moves the session to another day of the site', async () => {
    await correct(0, '2024-02-03T09:00', { durationMinutes: 50 });
    expect(await dayOf('2024-02-01')).toEqual([]);
    expect(await dayOf('2024-02-03')).toMatchObject([
      { status: 'performed', at: '2024-02-03T09:00', durationMinutes: 50 },
    ]);
  });
});

describe('a corrected lot', () => {
  it('[correction.read-models] is what the session used, and no other', async () => {
    expect(await usage()).toMatchObject([{ lot: 'L1', sessions: 2 }]);
    await correct(0, '2024-02-01T10:00', { products: [{ product: 'GlowMeso', lotNumber: 'L9' }] });
    expect(await usage()).toMatchObject([
      { lot: 'L1', sessions: 1 },
      { lot: 'L9', sessions: 1 },
    ]);
    expect((await shown()).deviations).toEqual({ 'lot-not-received': 1 });
  });

  it('[correction.read-models] leaves nothing of a second product that was not used', async () => {
    const both = [
      { product: 'GlowMeso', lotNumber: 'L1' },
      { product: 'HairVita', lotNumber: 'H1' },
    ];
    await correct(0, '2024-02-01T10:00', { products: both });
    expect(await usage()).toHaveLength(2);
    await correct(0, '2024-02-01T10:00', { products: both.slice(0, 1) });
    expect(await usage()).toMatchObject([{ lot: 'L1', sessions: 2 }]);
  });
});

describe('a session that was taken back', () => {
  const retract = async (n: number) => {
    const stream = courseStream(course.id);
    const retracts = await world.entryOf(stream, 'SessionPerformed', n);
    const named = { courseId: course.id, patientId: world.of.patient };
    await world.say(stream, CourseEntryRetracted(NOW, { ...named, retracts, retractionReason: 'another patient' }));
  };

  it('[correction.read-models] counts nowhere any more', async () => {
    await retract(0);
    expect(await shown()).toMatchObject({ performed: 1, first: '2024-02-15' });
    expect(await usage()).toMatchObject([{ lot: 'L1', sessions: 1 }]);
    expect(await dayOf('2024-02-01')).toEqual([]);
    expect(await dayOf('2024-02-15')).toHaveLength(1);
  });

  it('[correction.read-models] is booked again at the site where it had been booked', async () => {
    const sessionId = newId();
    const booked = new CourseHistory(world.of)
      .booked('2024-03-01T15:00', { id: sessionId })
      .performed('2024-03-02T10:00', { id: sessionId });
    await world.record(booked.streams());
    expect(await dayOf('2024-03-02')).toMatchObject([{ status: 'performed', sessionId }]);
    const stream = courseStream(booked.id);
    const retracts = await world.entryOf(stream, 'SessionPerformed');
    const data = { courseId: booked.id, patientId: world.of.patient, retracts, retractionReason: 'not done' };
    await world.say(stream, CourseEntryRetracted(NOW, data));
    expect(await dayOf('2024-03-02')).toEqual([]);
    expect(await dayOf('2024-03-01')).toMatchObject([{ status: 'booked', sessionId, durationMinutes: null }]);
  });
});

describe('a correction of what courses are judged by', () => {
  it('[correction.read-models] of a credential changes the sessions that it covers, and its retraction all', async () => {
    const stream = practitionerStream(world.of.practitioner);
    const corrects = await world.entryOf(stream, 'CredentialGranted');
    const data = {
      practitionerId: world.of.practitioner,
      procedures: ['facial'],
      validFrom: '2024-02-10',
      validTo: null,
    };
    await world.say(stream, CredentialGrantedCorrected(NOW, { ...data, corrects, correctionReason: 'misread' }));
    expect((await shown()).deviations).toEqual({ credential: 1 });
    const retracted = {
      practitionerId: world.of.practitioner,
      retracts: corrects,
      retractionReason: 'of somebody else',
    };
    await world.say(stream, PractitionerEntryRetracted(NOW, retracted));
    expect((await shown()).deviations).toEqual({ credential: 2 });
  });

  it('[correction.read-models] of a consent, and its retraction, change whether the course had one', async () => {
    const stream = consultationStream(course.consultationId);
    const named = { consultationId: course.consultationId, patientId: world.of.patient };
    const corrects = await world.entryOf(stream, 'ConsentSigned');
    const signed = { ...named, procedure: 'facial', signedOn: '2024-03-01', validUntil: null };
    await world.say(stream, ConsentSignedCorrected(NOW, { ...signed, corrects, correctionReason: 'misread' }));
    expect(await shown()).toMatchObject({ deviations: { consent: 1 }, consent: { signedOn: '2024-03-01' } });
    const correction = await world.entryOf(stream, 'ConsentSignedCorrected');
    const back = { ...named, retracts: correction, retractionReason: 'it was right' };
    await world.say(stream, ConsultationEntryRetracted(NOW, back));
    expect(await shown()).toMatchObject({ deviations: {}, consent: { signedOn: '2024-01-01' } });
  });

  it('[correction.read-models] of a patient’s health changes which sessions it spoke against', async () => {
    const stream = patientStream(world.of.patient);
    const health = { ...HEALTHY, conditions: ['pregnancy'] };
    await world.say(
      stream,
      PatientHealthRecorded(occurredAt(zoned('2024-02-10T10:00')), { patientId: world.of.patient, health }),
    );
    expect((await shown()).deviations).toEqual({ contraindication: 1 });
    const corrects = await world.entryOf(stream, 'PatientHealthRecorded');
    const said = { patientId: world.of.patient, health, corrects, correctionReason: 'since January' };
    await world.say(stream, PatientHealthRecordedCorrected(occurredAt(zoned('2024-01-20T10:00')), said));
    expect((await shown()).deviations).toEqual({ contraindication: 2 });
  });

  it('[correction.read-models] of a receipt changes the sessions that used the lot', async () => {
    const found = await world.models.lots.list(world.chain, { limit: 10 });
    const id = found.items[0]?.id as Id;
    const corrects = await world.entryOf(`lot-${id}`, 'LotReceived');
    const data = { lotId: id, siteId: world.of.site, product: 'GlowMeso', lotNumber: 'L1', ingredients: ['biotin'] };
    const dates = { receivedOn: '2020-01-01', expiresOn: '2024-02-10' };
    const correctionReason = { code: 'typing-error' as const };
    await world.say(`lot-${id}`, LotReceivedCorrected(NOW, { ...data, ...dates, corrects, correctionReason }));
    expect((await shown()).deviations).toEqual({ 'lot-expired': 1 });
    await world.say(
      `lot-${id}`,
      LotEntryRetracted(NOW, { lotId: id, retracts: corrects, retractionReason: correctionReason }),
    );
    expect((await shown()).deviations).toEqual({ 'lot-not-received': 2 });
  });

  it('[correction.read-models] of the ingredients of a product changes whom an allergy speaks against it', async () => {
    const allergic = { ...world.of, patient: newId() };
    const treated = new CourseHistory(allergic).performed('2024-02-03T10:00');
    await world.record([patient(allergic.patient, { allergies: ['hyaluronic acid'] }), ...treated.streams()]);
    const deviations = async () => (await world.shown(treated)).deviations;
    expect(await deviations()).toEqual({ contraindication: 1 });
    const id = (await world.models.lots.list(world.chain, { limit: 10 })).items[0]?.id as Id;
    const corrects = await world.entryOf(`lot-${id}`, 'LotReceived');
    const data = { lotId: id, siteId: world.of.site, product: 'GlowMeso', lotNumber: 'L1', ingredients: ['biotin'] };
    const dates = { receivedOn: '2020-01-01', expiresOn: '2030-01-01' };
    const said = { ...data, ...dates, corrects, correctionReason: { code: 'typing-error' as const } };
    await world.say(`lot-${id}`, LotReceivedCorrected(NOW, said));
    expect(await deviations()).toEqual({});
  });

  it('[correction.read-models] that a fact about health was learned late speaks against sessions, and calls for a review', async () => {
    const stream = patientStream(world.of.patient);
    const fact = { patientId: world.of.patient, factId: newId(), kind: 'condition' as const, until: null };
    const learned = { ...fact, since: '2024-02-10', statement: 'pregnancy' };
    await world.say(stream, HealthFactRecorded(occurredNow('2024-02-10T00:00:00.000Z', 'day'), learned));
    expect(await shown()).toMatchObject({ deviations: { contraindication: 1 }, reviews: 1 });
    const corrects = await world.entryOf(stream, 'HealthFactRecorded');
    const said = { ...learned, since: '2024-01-10', corrects, correctionReason: 'a month earlier' };
    await world.say(stream, HealthFactRecordedCorrected(occurredNow('2024-01-10T00:00:00.000Z', 'day'), said));
    expect(await shown()).toMatchObject({ deviations: { contraindication: 2 }, reviews: 2 });
    await world.say(
      stream,
      HealthFactEnded(NOW, { patientId: world.of.patient, factId: fact.factId, until: '2024-02-12' }),
    );
    expect(await shown()).toMatchObject({ deviations: { contraindication: 1 }, reviews: 1 });
  });
});
