import { newId } from '#libs/kernel/src/ids.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { stepwise } from '#libs/protocols/src/built-in/stepwise.protocol.js';
import { clearConsultation } from '#test/support/cleared-consultation.js';
import { allNo } from '#test/support/course-given.js';
import { openTestApi, rulesOf, type TestApi } from '#test/support/test-api.js';
import { patient, practitioner, site } from '#test/support/treatment-history.js';
import { PractitionerRegistered, practitionerStream } from '../practitioner/practitioner.events.js';
import { consultationViewSchema } from './consultation.contract.js';
import { ConsentSigned, ConsultationConcluded, ConsultationHeld, consultationStream } from './consultation.events.js';

/** Consultations as a client sees them: over HTTP, with everything behind it. */
let api: TestApi;
const [siteId, physicianId, nurseId] = [newId(), newId(), newId()];
const HASH = 'cd'.repeat(32);

beforeAll(async () => {
  api = await openTestApi();
  const nurse = PractitionerRegistered(
    { instant: '2026-01-01T00:00:00.000Z', precision: 'unknown' },
    { practitionerId: nurseId, role: 'nurse', name: 'Ayşe Kaya' },
  );
  await api.append(site(siteId), practitioner({ id: physicianId, procedures: ['facial', 'stepwise'] }), {
    stream: practitionerStream(nurseId),
    events: [nurse],
  });
  await api.made('/v1/lots', {
    ...{ site: siteId, product: 'GlowMeso', lotNumber: 'L1', ingredients: ['hyaluronic acid', 'zinc'] },
    ...{ receivedOn: '2026-01-01', expiresOn: '2030-01-01' },
  });
});
afterAll(() => api.close());

const view = async (id: string) => consultationViewSchema.parse((await api.get(`/v1/consultations/${id}`)).body);
const missingRules = async (id: string) => [...new Set((await view(id)).missing.map(({ rule }) => rule))];
const eventOf = async (id: string, type: string) =>
  (await view(id)).entries.find((entry) => entry.type === type)?.event ?? '';

async function registered(health: object = {}): Promise<string> {
  const id = newId();
  await api.append(patient(id, health));
  return id;
}

async function held(patientId: string, procedure = 'facial', notes: object = {}): Promise<string> {
  const who = { patient: patientId, site: siteId, practitioner: physicianId, procedure };
  return api.made('/v1/consultations', { ...who, at: '2026-03-02T09:00', notes });
}

const noted = Object.fromEntries(facial.consultation.map(({ code }) => [code, `of ${code}`]));
const no = facial.screening.contraindications.map(({ code }) => ({ code, answer: 'no' }));
const butYes = (code: string, more: object = {}) =>
  no.map((answer) => (answer.code === code ? { code, answer: 'yes', ...more } : answer));
const cleared = { practitioner: physicianId, conclusion: { outcome: 'cleared' } };
const signature = { procedure: 'facial', signedOn: '2026-03-02', formHash: HASH };

describe('a consultation', () => {
  it('is cleared once everything is there, and a course is planned on it', async () => {
    const who = { patient: await registered(), site: siteId, practitioner: physicianId, procedure: 'stepwise' };
    const today = new Date().toISOString().slice(0, 10);
    const yesterday = new Date(Date.parse(today) - 86_400_000).toISOString().slice(0, 10);
    const id = await clearConsultation(api.made, { ...who, on: yesterday });
    const { patient: _, procedure: protocol, ...where } = who;
    expect((await api.post('/v1/courses', { consultation: id, ...where, protocol, plannedSessions: 5 })).status).toBe(
      201,
    );
    await api.followed();
    expect(await view(id)).toMatchObject({
      ...{ status: 'cleared', missing: [], heldOn: yesterday, contraindications: [], reviews: [] },
      conclusion: { conclusion: { outcome: 'cleared' }, on: yesterday, practitioner: { name: 'Zoë García' } },
      consents: [{ procedure: 'stepwise', formHash: 'ab'.repeat(32), guardianSigned: false, withdrawnOn: null }],
      tests: [
        { test: 'blood-test', required: true, pending: false, results: [{ acceptable: true }] },
        { test: 'urine-test', required: true, pending: false, results: [{ acceptable: true }] },
      ],
    });
    expect((await view(id)).conclusion?.validUntil?.slice(0, 4)).toBe(String(Number(yesterday.slice(0, 4)) + 1));
  });

  it('[consultation.notes] [consultation.questionnaire] shows what is still missing, until nothing is', async () => {
    const id = await held(await registered(), 'facial', { goals: 'fresher skin' });
    const first = await view(id);
    expect(first.missing.map(({ field }) => field).slice(0, 2)).toEqual(['notes.expectations', 'notes.concerns']);
    expect(first.questionnaire[0]).toMatchObject({ code: 'pregnancy', facts: ['S0-C1'], answer: null });
    const refused = await api.post(`/v1/consultations/${id}/conclusion`, cleared);
    expect([refused.status, refused.body['code']]).toEqual([422, 'consultation.not-clearable']);
    expect(refused.body['fields']).toEqual(first.missing);
    await api.made(`/v1/consultations/${id}/notes`, { practitioner: physicianId, notes: noted });
    expect(await missingRules(id)).toEqual(['consultation.questionnaire']);
    await api.made(`/v1/consultations/${id}/questionnaire`, { answers: no });
    expect(await missingRules(id)).toEqual([]);
    await api.made(`/v1/consultations/${id}/conclusion`, cleared);
    expect((await view(id)).status).toBe('cleared');
  });

  it('[consultation.concluded] is concluded anew after a deferral, and not after a refusal', async () => {
    const id = await held(await registered(), 'facial', noted);
    const deferred = { practitioner: physicianId, conclusion: { outcome: 'deferred', until: '2099-01-01' } };
    expect(rulesOf(await api.post(`/v1/consultations/${id}/conclusion`, deferred))).toEqual(['consultation.reason']);
    await api.made(`/v1/consultations/${id}/conclusion`, { ...deferred, reason: 'an infection heals first' });
    expect((await view(id)).conclusion).toMatchObject({ reason: 'an infection heals first', validUntil: null });
    await api.made(`/v1/consultations/${id}/questionnaire`, { answers: no });
    await api.made(`/v1/consultations/${id}/conclusion`, {
      practitioner: physicianId,
      conclusion: { outcome: 'refused' },
      reason: 'other expectations',
    });
    expect(rulesOf(await api.post(`/v1/consultations/${id}/conclusion`, cleared))).toEqual(['consultation.concluded']);
  });

  it('[consultation.repeated] gives the first answer to the same request, and adds nothing to what was said before', async () => {
    const id = await held(await registered(), 'facial', noted);
    const [key, asked] = [newId(), { answers: no }];
    const first = await api.post(`/v1/consultations/${id}/questionnaire`, asked, key);
    expect((await api.post(`/v1/consultations/${id}/questionnaire`, asked, key)).body).toEqual(first.body);
    await api.made(`/v1/consultations/${id}/questionnaire`, asked);
    await api.made(`/v1/consultations/${id}/conclusion`, cleared);
    await api.made(`/v1/consultations/${id}/conclusion`, cleared);
    expect((await view(id)).entries.map(({ type }) => type)).toEqual([
      'ConsultationHeld',
      'QuestionnaireAnswered',
      'ConsultationConcluded',
    ]);
  });

  it('is not found under what is no consultation', async () => {
    for (const unknown of [newId(), 'C1']) {
      expect(await api.get(`/v1/consultations/${unknown}`)).toMatchObject({
        status: 404,
        body: { code: 'consultation.unknown' },
      });
    }
    expect((await api.post(`/v1/consultations/${newId()}/conclusion`, cleared)).status).toBe(404);
  });

  it('of an old history, which has no answers and no form, stands as it was', async () => {
    const [id, patientId] = [newId(), await registered()];
    const of = { consultationId: id, patientId };
    const at = { instant: '2025-03-01T07:00:00.000Z', precision: 'instant' as const };
    await api.append({
      stream: consultationStream(id),
      origin: 'import',
      events: [
        ConsultationHeld(at, { ...of, siteId, practitionerId: physicianId, procedure: 'facial', notes: {} }),
        ConsultationConcluded(at, {
          ...of,
          practitionerId: physicianId,
          conclusion: { outcome: 'cleared' },
          reason: '',
        }),
        ConsentSigned(at, { ...of, procedure: 'facial', signedOn: '2025-03-01', validUntil: null }),
      ],
    });
    expect(await view(id)).toMatchObject({
      ...{ status: 'cleared', missing: [], conclusion: { validUntil: '2026-03-01' } },
      consents: [{ formHash: null, formVersion: null, guardianSigned: false }],
    });
  });
});

describe('what is found in a consultation', () => {
  it('[questionnaire.knowledge] is in the patient’s record, and stands in the next consultation', async () => {
    const patientId = await registered();
    const id = await held(patientId, 'facial', noted);
    await api.made(`/v1/consultations/${id}/questionnaire`, {
      answers: butYes('anticoagulant', { details: ['Warfarin'], since: '2025-11-01' }),
    });
    expect(await missingRules(id)).toEqual(['consultation.contraindication']);
    const next = await held(patientId, 'facial', noted);
    await api.made(`/v1/consultations/${next}/questionnaire`, { answers: no });
    expect((await view(next)).contraindications).toMatchObject([
      { code: 'anticoagulant', source: 'health-record', facts: ['S0-C7'], overridable: true, override: null },
    ]);
    await api.followed();
    const timeline = (await api.get(`/v1/patients/${patientId}/timeline`)).body.items as { title: string }[];
    const titles = timeline.map(({ title }) => title);
    expect(titles).toEqual(expect.arrayContaining(['Medication recorded.', 'Health questionnaire answered.']));
    expect(JSON.stringify(timeline)).not.toMatch(/warfarin/i);
  });

  it('[override.physician] is overridden by a physician, and by no nurse', async () => {
    const id = await held(await registered(), 'facial', noted);
    await api.made(`/v1/consultations/${id}/questionnaire`, { answers: butYes('breastfeeding') });
    const accepted = { code: 'breastfeeding', reason: 'will pause for two days' };
    const byNurse = await api.post(`/v1/consultations/${id}/overrides`, { ...accepted, practitioner: nurseId });
    expect([byNurse.status, rulesOf(byNurse)]).toEqual([422, ['override.physician']]);
    expect(byNurse.body['fields'][0]).toMatchObject({ facts: ['S2-Q1'], seen: 'nurse' });
    await api.made(`/v1/consultations/${id}/overrides`, { ...accepted, practitioner: physicianId });
    expect((await view(id)).contraindications).toMatchObject([
      { code: 'breastfeeding', override: { practitioner: { id: physicianId }, reason: 'will pause for two days' } },
    ]);
    await api.made(`/v1/consultations/${id}/conclusion`, cleared);
    const refused = await held(await registered(), 'facial', noted);
    await api.made(`/v1/consultations/${refused}/questionnaire`, { answers: butYes('pregnancy') });
    const never = { code: 'pregnancy', reason: 'late', practitioner: physicianId };
    expect(rulesOf(await api.post(`/v1/consultations/${refused}/overrides`, never))).toEqual(['override.allowed']);
  });

  it('[consultation.allergy] [consultation.products] checks an allergy against what the lots of the planned products hold', async () => {
    await api.followed();
    const id = await held(await registered({ allergies: ['Zinc'] }), 'facial', noted);
    await api.made(`/v1/consultations/${id}/questionnaire`, { answers: no });
    expect(await missingRules(id)).toEqual(['consultation.products']);
    const consider = (products: object[]) => api.post(`/v1/consultations/${id}/products`, { products });
    expect((await consider([{ product: 'GlowMeso' }])).status).toBe(200);
    expect(await view(id)).toMatchObject({
      products: [{ product: 'GlowMeso', ingredients: ['hyaluronic acid', 'zinc'] }],
      missing: [{ rule: 'consultation.allergy', facts: ['S0-C5'] }],
    });
    const unknown = await consider([{ product: 'GlowMeso', lotNumber: 'L9' }]);
    expect([unknown.status, unknown.body['code']]).toEqual([404, 'lot.unknown']);
    await consider([{ product: 'GlowMeso', lotNumber: 'L1' }]);
    expect(await missingRules(id)).toEqual(['consultation.allergy']);
    await consider([{ product: 'Other', ingredients: ['biotin'] }]);
    expect(await missingRules(id)).toEqual([]);
    await consider([{ product: 'Unknown' }]);
    expect((await view(id)).products).toEqual([{ product: 'Unknown', ingredients: null }]);
  });

  it('[consultation.tests] asks for tests and takes their results', async () => {
    const id = await held(await registered(), 'stepwise', noted);
    await api.made(`/v1/consultations/${id}/questionnaire`, { answers: no });
    await api.made(`/v1/consultations/${id}/tests`, { test: 'blood-test' });
    expect((await view(id)).tests[0]).toMatchObject({ test: 'blood-test', pending: true, results: [] });
    const result = { test: 'blood-test', on: '2026-03-01', values: [{ name: 'Hb', value: '9.1', unit: 'g/dl' }] };
    await api.made(`/v1/consultations/${id}/tests/results`, { ...result, acceptable: false });
    expect((await view(id)).missing).toMatchObject([
      { field: 'tests.blood-test', facts: ['S3-L1'], seen: 'not acceptable, 2026-03-01' },
      { field: 'tests.urine-test', seen: 'no result' },
    ]);
  });
});

describe('a consent', () => {
  it('[consent.form] needs the hash of the form', async () => {
    const id = await held(await registered());
    const { formHash: _, ...without } = signature;
    const refused = await api.post(`/v1/consultations/${id}/consents`, without);
    expect([refused.status, refused.body['fields'][0].field]).toEqual([400, 'formHash']);
    await api.made(`/v1/consultations/${id}/consents`, { ...signature, formId: 'consent-facial', formVersion: '3.1' });
    expect((await view(id)).consents).toMatchObject([{ formHash: HASH, formId: 'consent-facial', formVersion: '3.1' }]);
  });

  it('[consent.guardian] of a minor needs a guardian, who is named', async () => {
    const minor = await api.made('/v1/patients', {
      identity: { familyName: 'Aydın', givenName: 'Ece', birthDate: '2012-05-01', sex: 'female' },
      preference: { language: 'tr', channel: 'none', contactConsent: false },
    });
    const id = await held(minor);
    const sign = (signedBy: string) => api.post(`/v1/consultations/${id}/consents`, { ...signature, signedBy });
    const refused = await sign('patient');
    expect([refused.status, refused.body['fields'][0]]).toMatchObject([
      422,
      { rule: 'consent.guardian', field: 'signedBy', seen: 'patient', accepted: 'guardian' },
    ]);
    expect(rulesOf(await sign('guardian'))).toEqual(['consent.guardian']);
    await api.made(`/v1/patients/${minor}/guardian`, { name: 'Zehra Aydın', relation: 'mother' });
    expect((await sign('guardian')).status).toBe(200);
    expect((await view(id)).consents).toMatchObject([{ guardianSigned: true }]);
  });

  it('[consent.validity] is withdrawn, and shown as it was', async () => {
    const id = await held(await registered());
    await api.made(`/v1/consultations/${id}/consents`, signature);
    await api.made(`/v1/consultations/${id}/consents/withdraw`, { procedure: 'facial', at: '2026-03-05T10:00' });
    expect((await view(id)).consents).toMatchObject([{ signedOn: '2026-03-02', withdrawnOn: '2026-03-05' }]);
  });
});

it('[consultation.patient-died] is not held with a patient who died before that day', async () => {
  const patient = await registered();
  await api.made(`/v1/patients/${patient}/died`, { on: '2026-03-01' });
  const data = { patient, site: siteId, practitioner: physicianId, procedure: 'facial', at: '2026-03-02T09:00' };
  const refused = await api.post('/v1/consultations', data);
  expect([refused.status, rulesOf(refused)]).toEqual([422, ['consultation.patient-died']]);
});

it('[consultation.before-birth] is not held with a patient who was not born by that day', async () => {
  const data = { patient: await registered(), site: siteId, practitioner: physicianId, procedure: 'facial' };
  const refused = await api.post('/v1/consultations', { ...data, at: '1901-01-02T09:00' });
  expect([refused.status, rulesOf(refused)]).toEqual([422, ['consultation.before-birth']]);
});

it('takes no consent to a procedure that no protocol is about', async () => {
  const id = await held(await registered());
  const signed = { procedure: 'nonsense', signedOn: '2026-03-01', formHash: 'ab'.repeat(32), signedBy: 'patient' };
  const refused = await api.post(`/v1/consultations/${id}/consents`, signed);
  expect([refused.status, refused.body['code']]).toEqual([404, 'protocol.unknown']);
});

it('[consent.withdrawn] ends with a withdrawal that was recorded before it', async () => {
  const id = await held(await registered());
  const sign = (signedOn: string) => api.made(`/v1/consultations/${id}/consents`, { ...signature, signedOn });
  await sign('2026-02-01');
  await api.made(`/v1/consultations/${id}/consents/withdraw`, { procedure: 'facial', at: '2026-03-05T10:00' });
  await sign('2026-03-04');
  expect((await view(id)).consents).toMatchObject([{ withdrawnOn: '2026-03-05' }, { withdrawnOn: '2026-03-05' }]);
});

describe('an entry of a consultation', () => {
  const correct = (id: string, event: string, data: object) =>
    api.post(`/v1/consultations/${id}/entries/${event}/correct`, { data, reason: 'entered wrongly' });

  it('[consultation.entry-permission] gives no permission that the command would be refused', async () => {
    const id = await held(await registered());
    const refusal = { practitioner: physicianId, conclusion: { outcome: 'refused' }, reason: 'an infection' };
    await api.made(`/v1/consultations/${id}/conclusion`, refusal);
    const event = await eventOf(id, 'ConsultationConcluded');
    const refused = await correct(id, event, { type: 'ConsultationConcluded', ...cleared });
    expect([refused.status, refused.body['code']]).toEqual([422, 'consultation-entry.refused']);
    expect(rulesOf(refused)).toContain('consultation.questionnaire');
    expect(
      (await correct(id, event, { type: 'ConsultationConcluded', ...refusal, reason: 'two infections' })).status,
    ).toBe(200);
    await api.made(`/v1/consultations/${id}/consents`, signature);
    const unsigned = { ...signature, type: 'ConsentSigned', formHash: undefined, validUntil: '2026-12-31' };
    expect((await correct(id, await eventOf(id, 'ConsentSigned'), unsigned)).status).toBe(200);
    expect((await view(id)).consents).toMatchObject([{ formHash: HASH, validUntil: '2026-12-31' }]);
  });

  it('[consultation.entry-permission] overrides by a physician and signs by a guardian, corrected or not', async () => {
    const child = await api.made('/v1/patients', {
      identity: { familyName: 'Aydın', givenName: 'Ece', birthDate: '2012-05-01', sex: 'female' },
      preference: { language: 'tr', channel: 'none', contactConsent: false },
    });
    await api.made(`/v1/patients/${child}/guardian`, { name: 'Zehra Aydın', relation: 'mother' });
    const id = await held(child);
    await api.made(`/v1/consultations/${id}/questionnaire`, { answers: butYes('breastfeeding') });
    const override = { code: 'breastfeeding', practitioner: physicianId, reason: 'will pause' };
    await api.made(`/v1/consultations/${id}/overrides`, override);
    await api.made(`/v1/consultations/${id}/consents`, { ...signature, signedBy: 'guardian' });
    const overridden = await eventOf(id, 'ContraindicationOverridden');
    const byNurse = { type: 'ContraindicationOverridden', ...override, practitioner: nurseId };
    expect(rulesOf(await correct(id, overridden, byNurse))).toEqual(['override.physician']);
    const other = { type: 'ContraindicationOverridden', ...override, code: 'pregnancy' };
    expect(rulesOf(await correct(id, overridden, other))).toEqual(['override.found']);
    const byPatient = { type: 'ConsentSigned', ...signature, signedBy: 'patient' };
    expect(rulesOf(await correct(id, await eventOf(id, 'ConsentSigned'), byPatient))).toEqual(['consent.guardian']);
  });

  it('[consultation.entry-corrected] is corrected by an event beside it', async () => {
    const id = await held(await registered());
    await api.made(`/v1/consultations/${id}/consents`, signature);
    const event = await eventOf(id, 'ConsentSigned');
    const data = { type: 'ConsentSigned', ...signature, signedOn: '2026-02-27', validUntil: '2027-02-27' };
    expect((await correct(id, event, data)).status).toBe(200);
    const { consents, entries, revision } = await view(id);
    expect(consents).toMatchObject([{ signedOn: '2026-02-27', validUntil: '2027-02-27', formHash: HASH }]);
    expect(entries.find((entry) => entry.event === event)?.correctedBy).toHaveLength(1);
    expect((await correct(id, event, data)).body['revision']).toBe(revision);
    const [stream] = [consultationStream(id)];
    const log = (await api.get(`/v1/events?stream=${stream}`)).body.items as { type: string }[];
    expect(log.map(({ type }) => type).sort()).toEqual(['ConsentSigned', 'ConsentSignedCorrected', 'ConsultationHeld']);
  });

  it('[consultation.entry-corrected] is corrected in every kind, and what it changes is judged anew', async () => {
    const patientId = await registered();
    const id = await held(patientId, 'facial', noted);
    await api.made(`/v1/consultations/${id}/notes`, { practitioner: physicianId, notes: { goals: 'others' } });
    await api.made(`/v1/consultations/${id}/questionnaire`, {
      answers: butYes('breastfeeding'),
      at: '2026-03-02T09:20',
    });
    await api.made(`/v1/consultations/${id}/products`, { products: [{ product: 'Other', ingredients: ['biotin'] }] });
    await api.made(`/v1/consultations/${id}/tests`, { test: 'blood-test' });
    await api.made(`/v1/consultations/${id}/tests/results`, { test: 'urine-test', on: '2026-03-01', acceptable: true });
    const override = { code: 'breastfeeding', practitioner: physicianId, reason: 'will pause' };
    await api.made(`/v1/consultations/${id}/overrides`, override);
    await api.made(`/v1/consultations/${id}/conclusion`, cleared);
    await api.made(`/v1/consultations/${id}/consents`, signature);
    await api.made(`/v1/consultations/${id}/consents/withdraw`, { procedure: 'facial' });
    const anew: object[] = [
      {
        ...{ type: 'ConsultationHeld', site: siteId, practitioner: nurseId, procedure: 'facial' },
        ...{ at: '2026-03-01T11:00', notes: { ...noted, concerns: 'pain' } },
      },
      { type: 'ConsultationNoted', practitioner: physicianId, notes: { goals: 'fewer lines' } },
      { type: 'QuestionnaireAnswered', answers: butYes('immune-disorder') },
      { type: 'ProductsConsidered', products: [{ product: 'GlowMeso', lotNumber: 'L1' }] },
      { type: 'TestRequested', test: 'skin-test' },
      { type: 'TestResultRecorded', test: 'urine-test', on: '2026-02-28', acceptable: false },
      { type: 'ContraindicationOverridden', ...override, reason: 'will pause for two days' },
      { type: 'ConsultationConcluded', ...cleared, at: '2026-03-03T08:00' },
      { type: 'ConsentWithdrawn', procedure: 'facial', at: '2026-03-04T10:00' },
    ];
    for (const data of anew) {
      const { type } = data as { type: string };
      const { status, body } = await correct(id, await eventOf(id, type), data);
      expect([type, status, body['fields']]).toEqual([type, 200, undefined]);
    }
    const now = await view(id);
    expect(now).toMatchObject({
      ...{ heldOn: '2026-03-01', practitioner: { id: nurseId }, notes: { goals: 'fewer lines', concerns: 'pain' } },
      products: [{ product: 'GlowMeso', ingredients: ['hyaluronic acid', 'zinc'] }],
      conclusion: { on: '2026-03-03' },
      consents: [{ withdrawnOn: '2026-03-04' }],
    });
    expect(now.tests).toMatchObject([
      { test: 'skin-test', pending: true },
      { test: 'urine-test', results: [{ on: '2026-02-28', acceptable: false }] },
    ]);
    // What the first answer said went from the patient's record with it.
    expect(now.contraindications?.map(({ code, source }) => [code, source])).toEqual([['immune-disorder', 'answer']]);
  });

  it('[consultation.entry] [consultation.entry-same] [consultation.entry-first] is taken back, and is what it is', async () => {
    const id = await held(await registered());
    await api.made(`/v1/consultations/${id}/consents`, signature);
    const event = await eventOf(id, 'ConsentSigned');
    const wrong = await correct(id, event, { type: 'TestRequested', test: 'blood-test' });
    expect([wrong.status, rulesOf(wrong)]).toEqual([422, ['consultation.entry-same']]);
    const retract = (entry: string) =>
      api.post(`/v1/consultations/${id}/entries/${entry}/retract`, { reason: 'another patient' });
    expect(rulesOf(await retract(await eventOf(id, 'ConsultationHeld')))).toEqual(['consultation.entry-first']);
    expect((await retract(event)).status).toBe(200);
    expect((await view(id)).consents).toEqual([]);
    const again = await retract(event);
    expect([again.status, rulesOf(again)]).toEqual([404, ['consultation.entry']]);
    expect((await correct(id, event, { type: 'ConsentSigned', ...signature })).status).toBe(404);
  });
});

describe('what a consultation said about the patient', () => {
  const facts = async (patientId: string) => {
    await api.followed();
    const { body } = await api.get(`/v1/patients/${patientId}/health`);
    return body as { health: { conditions: string[] }; facts: { statement: string; consultationId: string | null }[] };
  };
  const pregnant = async (patientId: string) => (await facts(patientId)).health.conditions.includes('pregnancy');
  const answer = (id: string, answers: object[]) => api.made(`/v1/consultations/${id}/questionnaire`, { answers });
  const say = { code: 'pregnancy', answer: 'yes', since: '2026-02-01' };
  const correct = (id: string, event: string, data: object) =>
    api.post(`/v1/consultations/${id}/entries/${event}/correct`, { data, reason: 'a slip of the pen' });
  const toNo = async (id: string) =>
    correct(id, await eventOf(id, 'QuestionnaireAnswered'), {
      type: 'QuestionnaireAnswered',
      answers: [{ code: 'pregnancy', answer: 'no' }],
    });
  const recorded = async () => (await api.pistor.engine.store.readAll(api.pistor.chain.id)).slice(-2);

  it('[questionnaire.knowledge-taken-back] goes from the record with the answer, in one append that names the cause', async () => {
    const patientId = await registered();
    const id = await held(patientId);
    await answer(id, [say]);
    expect((await facts(patientId)).facts).toMatchObject([{ statement: 'pregnancy', consultationId: id }]);
    expect((await toNo(id)).status).toBe(200);
    expect(await pregnant(patientId)).toBe(false);
    const [correction, back] = await recorded();
    expect([correction?.header.type, back?.header.type]).toEqual([
      'QuestionnaireAnsweredCorrected',
      'PatientEntryRetracted',
    ]);
    expect(back?.header.commandId).toBe(correction?.header.commandId);
    const { body } = await api.get(`/v1/patients/${patientId}/health?knownAt=${correction?.recordedAt ?? ''}`);
    expect(body['facts']).toHaveLength(0);
    // Once the correction itself is taken back, the patient says it again.
    expect(
      (await api.post(`/v1/consultations/${id}/entries/${correction?.header.id}/retract`, { reason: 'it was right' }))
        .status,
    ).toBe(200);
    expect((await facts(patientId)).facts).toMatchObject([{ statement: 'pregnancy', since: '2026-02-01' }]);
  });

  it('[questionnaire.knowledge-taken-back] goes with an entry that is taken back', async () => {
    const patientId = await registered();
    const id = await held(patientId);
    await answer(id, [say]);
    const event = await eventOf(id, 'QuestionnaireAnswered');
    await api.made(`/v1/consultations/${id}/entries/${event}/retract`, { reason: 'another patient' });
    expect(await pregnant(patientId)).toBe(false);
  });

  it('[questionnaire.knowledge-taken-back] stays where another consultation says it, until that one is corrected too', async () => {
    const patientId = await registered();
    const [a, b] = [await held(patientId), await held(patientId)];
    await answer(a, [say]);
    await answer(b, [say]);
    expect((await toNo(a)).status).toBe(200);
    expect(await pregnant(patientId)).toBe(true);
    expect((await toNo(b)).status).toBe(200);
    expect(await pregnant(patientId)).toBe(false);
  });

  it('[questionnaire.knowledge-taken-back] stays where it was recorded by itself, before or after, or corrected by hand', async () => {
    const fact = { kind: 'condition', statement: 'pregnancy', since: '2026-02-01' };
    const before = await registered();
    await api.made(`/v1/patients/${before}/health-facts`, fact);
    const after = await registered();
    const byHand = await registered();
    for (const patientId of [before, after, byHand]) {
      const id = await held(patientId);
      await answer(id, [say]);
      if (patientId === after) await api.made(`/v1/patients/${after}/health-facts`, fact);
      if (patientId === byHand) {
        const stored = await api.pistor.engine.store.readStream(api.pistor.chain.id, `patient-${byHand}`);
        const event = stored.find(({ header }) => header.type === 'HealthFactRecorded')?.header.id ?? '';
        const data = { type: 'HealthFactRecorded', ...fact, since: '2026-01-15' };
        await api.made(`/v1/patients/${byHand}/entries/${event}/correct`, { data, reason: 'she knows better' });
      }
      expect((await toNo(id)).status).toBe(200);
      expect(await pregnant(patientId)).toBe(true);
    }
  });
});

describe('a result that is corrected after the clearance', () => {
  const day = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);

  it('[test.corrected] ends it, holds what is planned and marks what was done for review, until it is corrected back', async () => {
    const patientId = await registered();
    const who = { patient: patientId, site: siteId, practitioner: physicianId, procedure: 'stepwise' };
    const id = await clearConsultation(api.made, { ...who, on: day(-20) });
    const { patient: _, procedure: protocol, ...where } = who;
    const plan = { consultation: id, ...where, protocol, plannedSessions: 5 };
    const course = await api.made('/v1/courses', plan);
    const book = () => api.made(`/v1/courses/${course}/sessions`, { kind: 'course', ...where, at: `${day(20)}T10:00` });
    const performed = await book();
    await api.made(`/v1/courses/${course}/sessions/${performed}/perform`, {
      ...{ areas: ['face'], device: 'needle', depthMm: 2, durationMinutes: 45, identifiers: ['name', 'birth-date'] },
      products: [{ product: 'GlowMeso', lotNumber: 'L1', volumeMl: 1, area: 'face' }],
      check: allNo(stepwise),
    });
    const planned = await book();
    const standing = async () => {
      const { body } = await api.get(`/v1/courses/${course}/standing`);
      const session = (body['sessions'] as { id: string; blocked: boolean; fields: { rule: string }[] }[]).find(
        (each) => each.id === planned,
      );
      return session?.fields.map(({ rule }) => rule);
    };
    const reviews = async () => {
      await api.followed();
      const { body } = await api.get(`/v1/courses/${course}`);
      const sessions = body['sessions'] as { id: string; needsReview: boolean }[];
      return sessions.filter(({ needsReview }) => needsReview).map((each) => each.id);
    };
    expect([await standing(), await reviews()]).toEqual([[], []]);
    const event = (await view(id)).entries.find(({ type }) => type === 'TestResultRecorded')?.event ?? '';
    const result = { type: 'TestResultRecorded', test: 'blood-test', on: day(-20), values: [] };
    const correct = (acceptable: boolean) =>
      api.made(`/v1/consultations/${id}/entries/${event}/correct`, {
        data: { ...result, acceptable },
        reason: 'the laboratory has mixed up samples',
      });
    await correct(false);
    expect(await standing()).toEqual(['session.health-review']);
    expect(await reviews()).toEqual([performed]);
    const other = await api.post('/v1/courses', plan);
    expect([other.status, rulesOf(other)]).toEqual([422, ['consultation.expired']]);
    await correct(true);
    expect([await standing(), await reviews()]).toEqual([[], []]);
    expect((await api.post('/v1/courses', plan)).status).toBe(201);
  });
});
