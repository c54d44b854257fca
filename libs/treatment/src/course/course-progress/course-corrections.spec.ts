import type { Chain } from '#libs/event-store/src/chains.js';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import {
  CourseHistory,
  HEALTHY,
  lot,
  patient,
  practitioner,
  protocols,
  site,
  zoned,
} from '#test/support/treatment-history.js';
import { openTestReadModels, type TestReadModels } from '#test/support/treatment-read-models.js';
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
import {
  CourseEntryRetracted,
  courseStream,
  type SessionPerformed,
  SessionPerformedCorrected,
} from '../course.events.js';

let models: TestReadModels;
let chain: Chain;
let of: { site: Id; patient: Id; practitioner: Id };
let course: CourseHistory;
const NOW = occurredNow('2026-01-01T00:00:00.000Z');
const TODAY = '2024-06-01';

beforeAll(async () => {
  models = await openTestReadModels();
});
afterAll(() => models.engine.close());

beforeEach(async () => {
  chain = await models.engine.newChain();
  of = { site: newId(), patient: newId(), practitioner: newId() };
  course = new CourseHistory(of, { end: 'completed', plannedSessions: 4 })
    .performed('2024-02-01T10:00')
    .performed('2024-02-15T10:00');
  await models.record(chain, [
    ...protocols(chain.id),
    site(of.site),
    practitioner({ id: of.practitioner }),
    patient(of.patient),
    lot(of.site),
    ...course.streams(),
  ]);
});

async function eventIds(stream: string, type: string): Promise<Id[]> {
  const stored = await models.engine.store.readStream(chain.id, stream);
  return stored.filter(({ header }) => header.type === type).map(({ header }) => header.id);
}

type Performed = Parameters<typeof SessionPerformed>[1];

/** Says the nth session anew, from 0 on. */
async function correct(n: number, wall: string, changes: Partial<Performed> = {}): Promise<void> {
  const stream = courseStream(course.id);
  const { data } = course.events.filter(({ type }) => type === 'SessionPerformed')[n] as { data: Performed };
  const corrects = (await eventIds(stream, 'SessionPerformed'))[n] as Id;
  const at = zoned(wall);
  const said = { ...data, at, ...changes, corrects, correctionReason: 'taken from the wrong sheet' };
  await models.record(chain, [{ stream, events: [SessionPerformedCorrected(occurredAt(at), said)] }]);
}

const shown = () => models.courses.detail(chain, course.id, { today: TODAY });
const record = (stream: string, event: NewEvent) => models.record(chain, [{ stream, events: [event] }]);
const usage = async () => (await models.lots.usage(chain, { limit: 100 })).items;
const dayOf = async (date: string) => (await models.siteDay.day(chain, of.site, { date })).items;

describe('a corrected session date', () => {
  it('[correction.read-models] moves the maintenance window, in the course and in the list of what is due', async () => {
    expect((await shown()).maintenance).toEqual({ opens: '2024-05-01', closes: '2024-08-01', state: 'due' });
    await correct(0, '2024-03-20T10:00');
    // The first session is now the one that was the second.
    expect((await shown()).maintenance).toEqual({ opens: '2024-05-15', closes: '2024-08-15', state: 'due' });
    const { items } = await models.maintenance.list(chain, { limit: 100, today: TODAY });
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
    const retracts = (await eventIds(stream, 'SessionPerformed'))[n] as Id;
    const named = { courseId: course.id, patientId: of.patient };
    await record(stream, CourseEntryRetracted(NOW, { ...named, retracts, retractionReason: 'another patient' }));
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
    const booked = new CourseHistory(of)
      .booked('2024-03-01T15:00', { id: sessionId })
      .performed('2024-03-02T10:00', { id: sessionId });
    await models.record(chain, booked.streams());
    expect(await dayOf('2024-03-02')).toMatchObject([{ status: 'performed', sessionId }]);
    const stream = courseStream(booked.id);
    const [retracts] = (await eventIds(stream, 'SessionPerformed')) as [Id];
    const data = { courseId: booked.id, patientId: of.patient, retracts, retractionReason: 'not done' };
    await record(stream, CourseEntryRetracted(NOW, data));
    expect(await dayOf('2024-03-02')).toEqual([]);
    expect(await dayOf('2024-03-01')).toMatchObject([{ status: 'booked', sessionId, durationMinutes: null }]);
  });
});

describe('a correction of what courses are judged by', () => {
  it('[correction.read-models] of a credential changes the sessions that it covers, and its retraction all', async () => {
    const stream = practitionerStream(of.practitioner);
    const [corrects] = (await eventIds(stream, 'CredentialGranted')) as [Id];
    const data = { practitionerId: of.practitioner, procedures: ['facial'], validFrom: '2024-02-10', validTo: null };
    await record(stream, CredentialGrantedCorrected(NOW, { ...data, corrects, correctionReason: 'misread' }));
    expect((await shown()).deviations).toEqual({ credential: 1 });
    const retracted = { practitionerId: of.practitioner, retracts: corrects, retractionReason: 'of somebody else' };
    await record(stream, PractitionerEntryRetracted(NOW, retracted));
    expect((await shown()).deviations).toEqual({ credential: 2 });
  });

  it('[correction.read-models] of a consent, and its retraction, change whether the course had one', async () => {
    const stream = consultationStream(course.consultationId);
    const named = { consultationId: course.consultationId, patientId: of.patient };
    const [corrects] = (await eventIds(stream, 'ConsentSigned')) as [Id];
    const signed = { ...named, procedure: 'facial', signedOn: '2024-03-01', validUntil: null };
    await record(stream, ConsentSignedCorrected(NOW, { ...signed, corrects, correctionReason: 'misread' }));
    expect(await shown()).toMatchObject({ deviations: { consent: 1 }, consent: { signedOn: '2024-03-01' } });
    const [correction] = (await eventIds(stream, 'ConsentSignedCorrected')) as [Id];
    const back = { ...named, retracts: correction, retractionReason: 'it was right' };
    await record(stream, ConsultationEntryRetracted(NOW, back));
    expect(await shown()).toMatchObject({ deviations: {}, consent: { signedOn: '2024-01-01' } });
  });

  it('[correction.read-models] of a patient’s health changes which sessions it spoke against', async () => {
    const stream = patientStream(of.patient);
    const health = { ...HEALTHY, conditions: ['pregnancy'] };
    await record(
      stream,
      PatientHealthRecorded(occurredAt(zoned('2024-02-10T10:00')), { patientId: of.patient, health }),
    );
    expect((await shown()).deviations).toEqual({ contraindication: 1 });
    const [corrects] = (await eventIds(stream, 'PatientHealthRecorded')) as [Id];
    const said = { patientId: of.patient, health, corrects, correctionReason: 'since January' };
    await record(stream, PatientHealthRecordedCorrected(occurredAt(zoned('2024-01-20T10:00')), said));
    expect((await shown()).deviations).toEqual({ contraindication: 2 });
  });

  it('[correction.read-models] of a receipt changes the sessions that used the lot', async () => {
    const found = await models.lots.list(chain, { limit: 10 });
    const id = found.items[0]?.id as Id;
    const [corrects] = (await eventIds(`lot-${id}`, 'LotReceived')) as [Id];
    const data = { lotId: id, siteId: of.site, product: 'GlowMeso', lotNumber: 'L1', ingredients: ['biotin'] };
    const dates = { receivedOn: '2020-01-01', expiresOn: '2024-02-10' };
    const correctionReason = { code: 'typing-error' as const };
    await record(`lot-${id}`, LotReceivedCorrected(NOW, { ...data, ...dates, corrects, correctionReason }));
    expect((await shown()).deviations).toEqual({ 'lot-expired': 1 });
    await record(
      `lot-${id}`,
      LotEntryRetracted(NOW, { lotId: id, retracts: corrects, retractionReason: correctionReason }),
    );
    expect((await shown()).deviations).toEqual({ 'lot-not-received': 2 });
  });

  it('[correction.read-models] of the ingredients of a product changes whom an allergy speaks against it', async () => {
    const allergic = { ...of, patient: newId() };
    const treated = new CourseHistory(allergic).performed('2024-02-03T10:00');
    await models.record(chain, [patient(allergic.patient, { allergies: ['hyaluronic acid'] }), ...treated.streams()]);
    const deviations = async () => (await models.courses.detail(chain, treated.id, { today: TODAY })).deviations;
    expect(await deviations()).toEqual({ contraindication: 1 });
    const id = (await models.lots.list(chain, { limit: 10 })).items[0]?.id as Id;
    const [corrects] = (await eventIds(`lot-${id}`, 'LotReceived')) as [Id];
    const data = { lotId: id, siteId: of.site, product: 'GlowMeso', lotNumber: 'L1', ingredients: ['biotin'] };
    const dates = { receivedOn: '2020-01-01', expiresOn: '2030-01-01' };
    const said = { ...data, ...dates, corrects, correctionReason: { code: 'typing-error' as const } };
    await record(`lot-${id}`, LotReceivedCorrected(NOW, said));
    expect(await deviations()).toEqual({});
  });

  it('[correction.read-models] that a fact about health was learned late speaks against sessions, and calls for a review', async () => {
    const stream = patientStream(of.patient);
    const fact = { patientId: of.patient, factId: newId(), kind: 'condition' as const, until: null };
    const learned = { ...fact, since: '2024-02-10', statement: 'pregnancy' };
    await record(stream, HealthFactRecorded(occurredNow('2024-02-10T00:00:00.000Z', 'day'), learned));
    expect(await shown()).toMatchObject({ deviations: { contraindication: 1 }, reviews: 1 });
    const [corrects] = (await eventIds(stream, 'HealthFactRecorded')) as [Id];
    const said = { ...learned, since: '2024-01-10', corrects, correctionReason: 'a month earlier' };
    await record(stream, HealthFactRecordedCorrected(occurredNow('2024-01-10T00:00:00.000Z', 'day'), said));
    expect(await shown()).toMatchObject({ deviations: { contraindication: 2 }, reviews: 2 });
    await record(stream, HealthFactEnded(NOW, { patientId: of.patient, factId: fact.factId, until: '2024-02-12' }));
    expect(await shown()).toMatchObject({ deviations: { contraindication: 1 }, reviews: 1 });
  });
});
