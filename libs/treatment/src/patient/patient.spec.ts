import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, patient, practitioner, site, zoned } from '#test/support/treatment-history.js';
import { CourseEntryRetracted, courseStream, FollowUpHeld, FollowUpHeldCorrected } from '../course/course.events.js';

/** A patient’s record over HTTP, on a real database: what is said is stored, shown, and shown as it was corrected. */

let api: TestApi;
let patientId: string;
const [siteId, nurseId, physicianId] = [newId(), newId(), newId()];

beforeAll(async () => {
  api = await openTestApi();
  const nurse = practitioner({ id: nurseId, name: 'Nora Nurse' });
  const events = nurse.events.map((event) =>
    event.type === 'PractitionerRegistered' ? { ...event, data: { ...(event.data as object), role: 'nurse' } } : event,
  );
  await api.append(site(siteId), { ...nurse, events }, practitioner({ id: physicianId, name: 'Ann Roe' }));
});
afterAll(() => api.close());
beforeEach(async () => {
  patientId = newId();
  await api.append(patient(patientId));
});

type Body = Record<string, unknown> & {
  readonly id: string;
  readonly code?: string;
  readonly fields?: readonly { readonly rule?: string }[];
};

async function post(path: string, payload: object, headers: Record<string, string> = {}) {
  const answer = await api.app.inject({
    method: 'POST',
    url: path,
    payload,
    headers: { host: '127.0.0.1', ...headers },
  });
  return { status: answer.statusCode, body: answer.json<Body>() };
}
const of = (path: string, id = patientId) => `/v1/patients/${id}/${path}`;
async function get(path: string): Promise<Record<string, unknown>> {
  await api.followed();
  const { status, body } = await api.get(path);
  expect(status).toBe(200);
  return body;
}
const head = async () => api.pistor.engine.store.head(api.pistor.chain.id);

/** The id of the patient’s latest event of a type. */
async function eventOf(type: string, id = patientId): Promise<string> {
  const stored = await api.pistor.engine.store.readStream(api.pistor.chain.id, `patient-${id}`);
  return stored.findLast(({ header }) => header.type === type)?.header.id as string;
}

const WARFARIN = { kind: 'medication', statement: 'warfarin', since: '2024-01-10' };

describe('what is learned late', () => {
  it('[health-fact.late] is recorded, and holds from the day since when it was true', async () => {
    const { status, body } = await post(of('health-facts'), WARFARIN);
    expect(status).toBe(201);
    const health = { allergies: [], conditions: [], medications: ['warfarin'] };
    expect(await get(of('health?on=2024-01-10'))).toMatchObject({
      health,
      facts: [{ id: body.id, patientId, kind: 'medication', statement: 'warfarin', since: '2024-01-10', until: null }],
    });
    expect(await get(of('health?on=2024-01-09'))).toMatchObject({ health: { ...health, medications: [] } });
    const ended = await post(of(`health-facts/${body.id}/end`), { until: '2024-02-01' });
    expect(ended.status).toBe(200);
    expect(await get(of('health?on=2024-02-02'))).toMatchObject({ health: { ...health, medications: [] } });
  });
  it('[health-fact.repeated] is recorded once, under whatever key it is sent', async () => {
    const first = await post(of('health-facts'), WARFARIN, { 'idempotency-key': 'fact-1' });
    const before = await head();
    const again = await post(of('health-facts'), WARFARIN, { 'idempotency-key': 'fact-1' });
    const other = await post(of('health-facts'), WARFARIN, { 'idempotency-key': 'fact-2' });
    expect([again.body.id, other.body.id]).toEqual([first.body.id, first.body.id]);
    expect(await head()).toBe(before);
  });
  it('[health-fact.future] is refused with rule and what would be accepted', async () => {
    const { status, body } = await post(of('health-facts'), { ...WARFARIN, since: '2199-01-01' });
    expect(status).toBe(422);
    expect(body).toMatchObject({
      code: 'health-fact.refused',
      fields: [{ field: 'since', rule: 'health-fact.future', seen: '2199-01-01', accepted: expect.any(String) }],
    });
  });
});

describe('one person, registered twice', () => {
  it('[person.health] [patient-link.undone] is linked over both registrations, and apart again when that is undone', async () => {
    const otherId = newId();
    await api.append(patient(otherId, { allergies: ['soy'] }));
    const before = await get(of('person'));
    const linked = await post(of('links'), { patient: otherId, reason: 'same phone' });
    expect(linked.status).toBe(201);
    for (const id of [patientId, otherId]) {
      expect(await get(of('health', id))).toMatchObject({ health: { allergies: ['soy'] } });
    }
    expect(await get(of('person'))).toMatchObject({
      registrations: [
        { patient: { id: patientId }, links: [{ linkId: linked.body.id, otherPatientId: otherId }] },
        { patient: { id: otherId }, links: [{ linkId: linked.body.id, otherPatientId: patientId }] },
      ],
    });
    const twice = await post(of('links', otherId), { patient: patientId, reason: 'same phone' });
    expect(twice).toMatchObject({ status: 422, body: { fields: [{ rule: 'patient-link.linked' }] } });
    const undone = await post(of(`links/${linked.body.id}/undo`, otherId), { reason: 'sisters' });
    expect(undone.status).toBe(200);
    expect(await get(of('person'))).toEqual(before);
    expect(await get(of('health'))).toMatchObject({ health: { allergies: [] } });
    const stands = await head();
    await post(of(`links/${linked.body.id}/undo`), { reason: 'sisters' });
    expect(await head()).toBe(stands);
  });
  it('[patient-link.itself] is not linked with itself, nor with nobody', async () => {
    const itself = await post(of('links'), { patient: patientId, reason: 'same' });
    expect(itself).toMatchObject({ status: 422, body: { fields: [{ rule: 'patient-link.itself' }] } });
    const nobody = await post(of('links'), { patient: newId(), reason: 'same' });
    expect(nobody).toMatchObject({ status: 404, body: { code: 'patient.unknown' } });
  });
  it('writes both registrations or neither', async () => {
    const otherId = newId();
    await api.append(patient(otherId));
    await Promise.all(
      [patientId, otherId, patientId, otherId].map((id) =>
        post(of('links', id), { patient: id === patientId ? otherId : patientId, reason: 'same phone' }),
      ),
    );
    const linksOf = async (id: string) =>
      (await api.pistor.engine.store.readStream(api.pistor.chain.id, `patient-${id}`)).filter(
        ({ header }) => header.type === 'PatientLinked',
      ).length;
    expect([await linksOf(patientId), await linksOf(otherId)]).toEqual([1, 1]);
  });
});

describe('the end of a patient’s time here', () => {
  it('is recorded once, and a return ends a move under every registration', async () => {
    expect((await post(of('moved-away'), { on: '2024-02-01' })).status).toBe(200);
    const otherId = newId();
    await api.append(patient(otherId));
    await post(of('links'), { patient: otherId, reason: 'same phone' });
    expect(await get(of('person', otherId))).toMatchObject({ movedAwayOn: '2024-02-01' });
    expect((await post(of('returned', otherId), { on: '2024-02-10' })).status).toBe(200);
    expect(await get(of('person'))).toMatchObject({ movedAwayOn: null });
    const before = await head();
    expect((await post(of('returned', otherId), { on: '2024-02-10' })).status).toBe(200);
    expect(await head()).toBe(before);
  });
  it('[patient.died] is one day', async () => {
    expect((await post(of('died'), { on: '2024-02-01' })).status).toBe(200);
    expect((await post(of('died'), { on: '2024-02-01' })).status).toBe(200);
    const other = await post(of('died'), { on: '2024-02-02' });
    expect(other).toMatchObject({ status: 422, body: { fields: [{ rule: 'patient.died', accepted: '2024-02-01' }] } });
    expect(await get(of('person'))).toMatchObject({ diedOn: '2024-02-01' });
  });
  it('[patient.minor] has a guardian where under age', async () => {
    const grown = await post(of('guardian'), { name: 'Bob Doe', relation: 'father' });
    expect(grown).toMatchObject({ status: 422, body: { fields: [{ rule: 'patient.minor' }] } });
    const registered = await post('/v1/patients', {
      identity: { familyName: 'Doe', givenName: 'Kim', birthDate: '2015-01-01', sex: 'other' },
      preference: { language: 'en', channel: 'none', contactConsent: false },
    });
    const child = registered.body.id;
    expect(await get(of('person', child))).toMatchObject({ isMinor: true, hasGuardian: false });
    expect((await post(of('guardian', child), { name: 'Bob Doe', relation: 'father' })).status).toBe(200);
    expect(await get(of('person', child))).toMatchObject({ isMinor: true, hasGuardian: true });
  });
});

describe('mistakes', () => {
  const register = (changes: object) => ({
    data: {
      type: 'PatientRegistered',
      identity: {
        familyName: 'Güneş',
        givenName: 'İpek',
        birthDate: '1992-10-01',
        sex: 'female',
        ...changes,
      },
      preference: { language: 'tr', channel: 'email', contactConsent: true },
      health: { allergies: ['latex'], conditions: [], medications: [] },
    },
    reason: 'misread',
  });

  it('are corrected: every list and view shows what is right, the history has both', async () => {
    const entry = await eventOf('PatientRegistered');
    const corrected = await post(of(`entries/${entry}/correct`), register({}));
    expect(corrected.status).toBe(200);
    expect(await get(`/v1/patients/${patientId}`)).toMatchObject({
      familyName: 'Güneş',
      birthDate: '1992-10-01',
      health: { allergies: ['latex'] },
      revision: corrected.body.revision,
    });
    const found = await post('/v1/patients/search', { search: 'güneş' });
    expect(found.body.items).toMatchObject([{ id: patientId }]);
    const types = (await api.pistor.engine.store.readStream(api.pistor.chain.id, `patient-${patientId}`)).map(
      ({ header }) => header.type,
    );
    expect(types).toEqual(['PatientRegistered', 'PatientRegisteredCorrected']);
    const before = await head();
    expect((await post(of(`entries/${entry}/correct`), register({}))).status).toBe(200);
    expect(await head()).toBe(before);
    const correction = await eventOf('PatientRegisteredCorrected');
    expect((await post(of(`entries/${correction}/retract`), { reason: 'it was right' })).status).toBe(200);
    expect(await get(`/v1/patients/${patientId}`)).toMatchObject({ familyName: 'Şahin', health: { allergies: [] } });
  });
  it('[patient-entry.stands] [patient-entry.kind] [patient-entry.correctable] are entries of this patient', async () => {
    const otherId = newId();
    await api.append(patient(otherId));
    const elsewhere = await eventOf('PatientRegistered', otherId);
    expect(await post(of(`entries/${elsewhere}/correct`), register({}))).toMatchObject({
      status: 404,
      body: { code: 'patient-entry.unknown' },
    });
    const entry = await eventOf('PatientRegistered');
    const mixedUp = { data: { type: 'PatientDied', on: '2024-01-01' }, reason: 'misread' };
    expect(await post(of(`entries/${entry}/correct`), mixedUp)).toMatchObject({
      status: 422,
      body: { fields: [{ rule: 'patient-entry.kind', accepted: 'PatientRegistered' }] },
    });
    expect(await post(of(`entries/${entry}/retract`), { reason: 'misread' })).toMatchObject({
      status: 422,
      body: { fields: [{ rule: 'patient-entry.correctable' }] },
    });
  });
});

describe('adverse events', () => {
  const REPORT = {
    site: siteId,
    owner: nurseId,
    kind: 'infection',
    severity: 'severe',
    onsetOn: '2024-01-08',
    reportBy: '2024-01-09',
    description: 'red and warm on the cheek',
  };
  const list = async (query: string) => (await get(`/v1/adverse-events?patient=${patientId}&${query}`)).items;

  it('[adverse-event.owner] [adverse-event.closed-by-physician] are reported, assessed, and closed by a physician only', async () => {
    const { status, body } = await post(of('adverse-events'), REPORT);
    expect(status).toBe(201);
    expect(await list('state=open&overdue=true')).toMatchObject([
      { id: body.id, owner: { name: 'Nora Nurse' }, reportBy: '2024-01-09', description: REPORT.description },
    ]);
    const on = (path: string) => of(`adverse-events/${body.id}/${path}`);
    const assessment = { practitioner: nurseId, causality: 'probable', severity: 'severe', actions: ['ointment'] };
    expect((await post(on('assess'), assessment)).status).toBe(200);
    expect((await post(on('report-to-authority'), { on: '2024-01-10', reference: 'A-1' })).status).toBe(200);
    expect(await list('overdue=true')).toEqual([]);
    const closing = { outcome: 'recovered', note: 'nothing is left' };
    expect(await post(on('close'), { ...closing, physician: nurseId })).toMatchObject({
      status: 422,
      body: { fields: [{ rule: 'adverse-event.closed-by-physician', seen: 'nurse', accepted: 'physician' }] },
    });
    expect(await get(of('person'))).toMatchObject({ registrations: [{ openAdverseEventIds: [body.id] }] });
    expect((await post(on('close'), { ...closing, physician: physicianId })).status).toBe(200);
    expect(await get(`/v1/adverse-events/${body.id}`)).toMatchObject({
      state: 'closed',
      causality: 'probable',
      reportedToAuthority: { on: '2024-01-10', reference: 'A-1' },
      closure: { physician: { name: 'Ann Roe' }, outcome: 'recovered' },
    });
    expect((await post(on('reopen'), { practitioner: nurseId, reason: 'it came back' })).status).toBe(200);
    expect(await list('state=open')).toMatchObject([{ id: body.id }]);
  });
  it('[adverse-event.found-by-follow-up] are closed as well where a follow-up found them', async () => {
    const history = new CourseHistory({ site: siteId, patient: patientId, practitioner: nurseId });
    const followUpId = newId();
    history.push(
      FollowUpHeld(occurredAt(zoned('2024-01-09T10:00')), {
        courseId: history.id,
        patientId,
        followUpId,
        siteId,
        kind: 'in-person',
        at: zoned('2024-01-09T10:00'),
        reactions: [],
        adverseEvent: { kind: 'haematoma' },
      }),
    );
    await api.append(...history.streams());
    const close = of(`adverse-events/${followUpId}/close`);
    const closing = { physician: physicianId, outcome: 'recovered' };
    // The old course stands in no record of the patient: whoever closes it names it.
    expect((await post(close, closing)).status).toBe(404);
    expect((await post(close, { ...closing, course: history.id })).status).toBe(200);
    expect(await get(of('person'))).toMatchObject({ registrations: [{ courseIds: [history.id] }] });
    expect(await list('state=closed')).toMatchObject([{ id: followUpId, source: 'follow-up', kind: 'haematoma' }]);
    const before = await head();
    expect((await post(close, closing)).status).toBe(200);
    expect(await head()).toBe(before);
  });
  it('follow a correction of their report', async () => {
    const { body } = await post(of('adverse-events'), REPORT);
    const entry = await eventOf('AdverseEventReported');
    const { site: _, ...rest } = REPORT;
    const data = {
      type: 'AdverseEventReported',
      ...rest,
      site: siteId,
      session: null,
      causality: null,
      kind: 'scarring',
    };
    expect((await post(of(`entries/${entry}/correct`), { data, reason: 'mixed up' })).status).toBe(200);
    expect(await get(`/v1/adverse-events/${body.id}`)).toMatchObject({ kind: 'scarring' });
    const retract = (physician?: string) =>
      post(of(`entries/${entry}/retract`), { reason: 'another patient', ...(physician ? { physician } : {}) });
    expect(await list('state=open')).toMatchObject([{ id: body.id }]);
    const RULE = 'adverse-event.retracted-by-physician';
    expect(await retract()).toMatchObject({ status: 422, body: { fields: [{ rule: RULE, seen: 'nobody' }] } });
    expect(await retract(nurseId)).toMatchObject({ status: 422, body: { fields: [{ rule: RULE, seen: 'nurse' }] } });
    const before = await api.pistor.engine.chains.now(api.pistor.chain);
    expect((await retract(physicianId)).status).toBe(200);
    expect(await list('')).toEqual([]);
    // [adverse-event.retraction-shown] It is not lost: it says that it was taken back, by whom and why.
    expect(await get(`/v1/adverse-events/${body.id}`)).toMatchObject({
      ...{ state: 'retracted', kind: 'scarring', daysOverdue: 0, description: REPORT.description },
      retracted: { reason: 'another patient', actor: expect.any(String), physician: { name: 'Ann Roe' } },
      history: [
        {
          ...{ eventId: entry, type: 'AdverseEventReported', retracted: { reason: 'another patient' } },
          corrections: [{ reason: 'mixed up', changed: [{ field: 'kind', before: 'infection', after: 'scarring' }] }],
        },
      ],
    });
    expect(await get(`/v1/adverse-events/${body.id}?knownAt=${before}`)).toMatchObject({
      state: 'open',
      retracted: null,
    });
    expect(await list(`knownAt=${before}`)).toMatchObject([{ id: body.id, state: 'open' }]);
  });
  it('[adverse-event.retraction-shown] say that their follow-up was taken back, or says no more that it found them', async () => {
    const at = zoned('2024-01-09T10:00');
    const held = (history: CourseHistory, followUpId: string, adverseEvent?: { kind: 'haematoma' }) => ({
      ...{ courseId: history.id, patientId, followUpId, siteId, kind: 'in-person' as const, at, reactions: [] },
      ...(adverseEvent ? { adverseEvent } : {}),
    });
    const [mistaken, corrected] = [newId(), newId()];
    const history = new CourseHistory({ site: siteId, patient: patientId, practitioner: nurseId });
    for (const id of [mistaken, corrected]) {
      history.push(FollowUpHeld(occurredAt(at), held(history, id, { kind: 'haematoma' })));
    }
    await api.append(...history.streams());
    const stored = await api.pistor.engine.store.readStream(api.pistor.chain.id, courseStream(history.id));
    const [first, second] = stored
      .filter(({ header }) => header.type === 'FollowUpHeld')
      .map(({ header }) => header.id);
    const of_ = { courseId: history.id, patientId };
    const now = occurredAt(at);
    const anew = { ...held(history, corrected), corrects: second as string, correctionReason: 'only a bruise' };
    await api.append({
      stream: courseStream(history.id),
      events: [
        CourseEntryRetracted(now, { ...of_, retracts: first as string, retractionReason: 'never held' }),
        FollowUpHeldCorrected(now, anew),
      ],
    });
    expect(await get(`/v1/adverse-events/${mistaken}`)).toMatchObject({
      ...{ state: 'retracted', source: 'follow-up', kind: 'haematoma', retracted: { reason: 'never held' } },
      history: [{ type: 'FollowUpHeld' }],
    });
    expect(await get(`/v1/adverse-events/${corrected}`)).toMatchObject({
      ...{ state: 'retracted', retracted: { reason: 'only a bruise', physician: null } },
    });
  });
  it('[history.known-then] [history.as-of] are asked for as they were and as they were known', async () => {
    const { body } = await post(of('adverse-events'), REPORT);
    const reported = await api.pistor.engine.chains.now(api.pistor.chain);
    const closing = { physician: physicianId, outcome: 'recovered', note: '' };
    expect((await post(of(`adverse-events/${body.id}/close`), closing)).status).toBe(200);
    const path = `/v1/adverse-events/${body.id}`;
    expect(await list('')).toEqual(await list(`knownAt=${await api.pistor.engine.chains.now(api.pistor.chain)}`));
    expect(await list(`knownAt=${reported}`)).toMatchObject([{ id: body.id, state: 'open', closure: null }]);
    expect(await list(`asOf=2024-01-08`)).toMatchObject([{ state: 'open', daysOverdue: 0 }]);
    expect(await list(`asOf=2024-01-12`)).toMatchObject([{ state: 'open', daysOverdue: 3 }]);
    expect(await list(`asOf=2024-01-12&overdue=false`)).toEqual([]);
    expect(await list(`asOf=2024-01-07`)).toEqual([]);
    expect(await get(`${path}?asOf=2024-01-12`)).toMatchObject({ state: 'open', history: [{}] });
    expect(await get(path)).toMatchObject({ state: 'closed', history: [{}, { type: 'AdverseEventClosed' }] });
    expect(await api.get(`${path}?asOf=2024-01-07`)).toMatchObject({
      ...{ status: 404, body: { code: 'adverse-event.unknown-then' } },
    });
    expect(await api.get(`/v1/adverse-events/${newId()}`)).toMatchObject({ status: 404 });
    expect(await api.get(`/v1/adverse-events?asOf=2024-01-07`)).toMatchObject({
      ...{ status: 400, body: { code: 'history.patient-missing', fields: [{ field: 'patient' }] } },
    });
  });
  it('[adverse-event.of-patient] name a session of the course that they are about', async () => {
    const otherId = newId();
    const courseOf = (treated: string) => new CourseHistory({ site: siteId, patient: treated, practitioner: nurseId });
    const [own, other] = [
      courseOf(patientId).performed('2024-01-08T10:00'),
      courseOf(otherId).performed('2024-01-08T10:00'),
    ];
    await api.append(patient(otherId), ...own.streams(), ...other.streams());
    const sessionOf = async (course: string): Promise<string> =>
      ((await get(`/v1/courses/${course}`)) as { sessions: { id: string }[] }).sessions[0]?.id ?? '';
    const [mine, anothers] = [await sessionOf(own.id), await sessionOf(other.id)];
    expect((await post(of('adverse-events'), { ...REPORT, course: own.id })).status).toBe(201);
    const entry = await eventOf('AdverseEventReported');
    const correctTo = (session: string) =>
      post(of(`entries/${entry}/correct`), {
        data: { type: 'AdverseEventReported', ...REPORT, session, causality: null },
        reason: 'mixed up',
      });
    for (const session of [anothers, newId()]) {
      expect(await correctTo(session)).toMatchObject({ status: 404, body: { code: 'session.unknown' } });
    }
    expect((await correctTo(mine)).status).toBe(200);
  });
  it('need people and places that exist', async () => {
    expect((await post(of('adverse-events'), { ...REPORT, owner: newId() })).body.code).toBe('practitioner.unknown');
    expect((await post(of('adverse-events'), { ...REPORT, site: newId() })).body.code).toBe('site.unknown');
    expect((await post(of('adverse-events'), { ...REPORT, course: newId() })).body.code).toBe('course.unknown');
    expect(
      (await post(of(`adverse-events/${newId()}/close`), { physician: physicianId, outcome: 'fatal' })).body.code,
    ).toBe('adverse-event.unknown');
  });
});

it('tells everything on the timeline, without a word that is personal', async () => {
  await post(of('health-facts'), WARFARIN);
  await post(of('adverse-events'), {
    site: siteId,
    owner: nurseId,
    kind: 'infection',
    severity: 'severe',
    onsetOn: '2024-01-08',
    description: 'red and warm on the cheek',
  });
  await post(of('moved-away'), { on: '2024-02-01' });
  const { items } = await get(of('timeline?order=asc'));
  const titles = (items as { title: string }[]).map(({ title }) => title);
  expect(titles).toEqual([
    'Adverse event reported: infection.',
    'Medication recorded.',
    'Moved away.',
    // Nobody knows when that was: it stands where it was recorded.
    'Registered as a patient.',
  ]);
  expect(
    JSON.stringify((items as { title: string; details: object }[]).map(({ title, details }) => [title, details])),
  ).not.toMatch(/warfarin|red and warm/);
  const stored = await api.pistor.engine.store.readStream(api.pistor.chain.id, `patient-${patientId}`);
  expect(JSON.stringify(stored)).not.toMatch(/warfarin|red and warm/);
});
