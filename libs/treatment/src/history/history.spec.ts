import { setTimeout as sleep } from 'node:timers/promises';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { openTestApi, type TestApi } from '#test/support/test-api.js';
import { CourseHistory, HEALTHY, lot, patient, practitioner, site, zoned } from '#test/support/treatment-history.js';
import {
  CourseEntryRetracted,
  courseStream,
  FollowUpHeld,
  type SessionPerformed,
  SessionPerformedCorrected,
} from '../course/course.events.js';
import { courseDetailSchema } from '../course/course-progress/course-progress.contract.js';
import { patientViewSchema } from '../directory/directory.contract.js';
import {
  HealthFactRecorded,
  PatientHealthRecorded,
  PatientHealthRecordedCorrected,
  PatientLinked,
  patientStream,
  PatientUnlinked,
} from '../patient/patient.events.js';
import { ConsentWithdrawn, consultationStream } from '../consultation/consultation.events.js';
import { practitionerStream } from '../practitioner/practitioner.events.js';
import { patientTimelineSchema } from '../patient/patient-timeline/patient-timeline.contract.js';
import { type CourseHistory as CourseHistoryView, courseHistorySchema } from './course-history.contract.js';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

let of: { site: Id; patient: Id; practitioner: Id };
let course: CourseHistory;
/** Of the performed session. */
let eventId: Id;

beforeEach(async () => {
  of = { site: newId(), patient: newId(), practitioner: newId() };
  course = new CourseHistory(of).performed('2024-02-03T23:30');
  await api.append(site(of.site), practitioner({ id: of.practitioner }), patient(of.patient), lot(of.site));
  await api.append(...course.streams());
  eventId = await lastEventOf(courseStream(course.id));
});

async function lastEventOf(stream: string): Promise<Id> {
  const { engine, chain } = api.pistor;
  return (await engine.store.readStream(chain.id, stream)).at(-1)?.header.id as Id;
}

/** Waits a little, so that what comes next is recorded later. @returns the last moment before */
async function recordLater(stream: string, event: NewEvent): Promise<string> {
  const before = await api.pistor.engine.chains.now(api.pistor.chain);
  await sleep(5);
  await api.append({ stream, events: [event] });
  return before;
}

type Performed = Parameters<typeof SessionPerformed>[1];

/** Says the session anew. @returns the last moment before */
function correct(wall: string, depthMm: number, corrects = eventId, correctionReason = 'taken from the wrong sheet') {
  const { data } = course.events[1] as { data: Performed };
  const at = zoned(wall);
  const said = { ...data, at, depthMm, notes: 'a small haematoma', corrects, correctionReason };
  return recordLater(courseStream(course.id), SessionPerformedCorrected(occurredAt(at), said));
}

const retract = (retracts: Id) => {
  const data = {
    courseId: course.id,
    patientId: of.patient,
    retracts,
    retractionReason: 'entered for another patient',
  };
  return recordLater(courseStream(course.id), CourseEntryRetracted(occurredNow(new Date().toISOString()), data));
};

async function get<Shown = Record<string, unknown>>(path: string, schema?: { parse(body: unknown): Shown }) {
  await api.followed();
  const { status, body } = await api.get(`/v1/${path}`);
  return { status, body: (schema && status === 200 ? schema.parse(body) : body) as Shown };
}

const detail = async (query = '') => (await get(`courses/${course.id}${query}`, courseDetailSchema)).body;
const history = async (query = '') => (await get(`courses/${course.id}/history${query}`, courseHistorySchema)).body;
const timeline = async (query = '') =>
  (await get(`patients/${of.patient}/timeline${query}`, patientTimelineSchema)).body;
const sessionOf = ({ items }: Pick<CourseHistoryView, 'items'>) =>
  items.find(({ type }) => type === 'SessionPerformed');

it('[correction.both-shown] shows what was entered and what it reads now, why, who and when, in both histories', async () => {
  await correct('2024-02-05T10:00', 3);
  const items = [sessionOf(await history()), sessionOf(await timeline('?order=asc'))];
  for (const item of items) {
    expect(item).toMatchObject({
      eventId,
      occurredAt: '2024-02-05T07:00:00.000Z',
      wall: '2024-02-05T10:00',
      details: { depthMm: 3 },
      entered: { occurredAt: '2024-02-03T20:30:00.000Z', wall: '2024-02-03T23:30', details: { depthMm: 2 } },
      retracted: null,
      corrections: [
        {
          eventId: await lastEventOf(courseStream(course.id)),
          recordedAt: expect.stringMatching(/Z$/),
          actor: 'user:test',
          reason: 'taken from the wrong sheet',
          retracted: null,
        },
      ],
    });
    expect(item?.corrections[0]?.changed).toEqual([
      { field: 'occurredAt', before: '2024-02-03T20:30:00.000Z', after: '2024-02-05T07:00:00.000Z' },
      expect.objectContaining({ field: 'at' }),
      { field: 'depthMm', before: 2, after: 3 },
      { field: 'notes', before: null, after: 'a small haematoma' },
    ]);
  }
  expect(items[0]).toEqual(items[1]);
});

it('[correction.retraction-shown] keeps what was taken back in both histories, and out of the course', async () => {
  await retract(eventId);
  const retracted = { actor: 'user:test', reason: 'entered for another patient', eventId: expect.any(String) };
  expect(sessionOf(await history())?.retracted).toMatchObject(retracted);
  expect(sessionOf(await timeline())?.retracted).toMatchObject(retracted);
  expect(await detail()).toMatchObject({ performed: 0, sessions: [] });
});

it('[correction.retraction-shown] shows a correction that was taken back, and what it read before', async () => {
  await correct('2024-02-05T10:00', 3);
  await retract(await lastEventOf(courseStream(course.id)));
  for (const item of [sessionOf(await history()), sessionOf(await timeline())]) {
    expect(item).toMatchObject({ wall: '2024-02-03T23:30', details: { depthMm: 2 }, retracted: null });
    expect(item?.corrections).toMatchObject([{ retracted: { reason: 'entered for another patient' } }]);
  }
});

it('[history.known-then] shows a course, its history and a timeline as they were known before a correction', async () => {
  const knownAt = await correct('2024-02-05T10:00', 9);
  expect(await detail()).toMatchObject({ first: '2024-02-05', nextEarliest: '2024-02-19', deviations: { depth: 1 } });
  const then = await detail(`?knownAt=${knownAt}`);
  expect(then).toMatchObject({ first: '2024-02-03', nextEarliest: '2024-02-17', deviations: {} });
  for (const item of [
    sessionOf(await history(`?knownAt=${knownAt}`)),
    sessionOf(await timeline(`?knownAt=${knownAt}`)),
  ]) {
    expect(item).toMatchObject({ wall: '2024-02-03T23:30', corrections: [], entered: null });
  }
  const { body } = await get(`courses?patient=${of.patient}&knownAt=${knownAt}`);
  expect(body).toMatchObject({ items: [{ id: course.id, first: '2024-02-03' }], next: null });
});

it('[history.as-of] takes a date as the end of that day at the site of the course', async () => {
  expect(await detail('?asOf=2024-02-02')).toMatchObject({ performed: 0, maintenance: null });
  // 20:30 in UTC, half an hour before midnight in Istanbul.
  expect(await detail('?asOf=2024-02-03')).toMatchObject({ performed: 1, first: '2024-02-03' });
  expect(await detail('?asOf=2024-02-03T20:29:59Z')).toMatchObject({ performed: 0 });
  expect((await history('?asOf=2024-02-02')).items.map(({ type }) => type)).toEqual(['CoursePlanned']);
});

it('[history.own-dates] judges an earlier day by a lot and a credential that were entered after it', async () => {
  const late = { ...of, practitioner: newId() };
  const treated = new CourseHistory(late).performed('2024-02-03T10:00', { lotNumber: 'L2' });
  await api.append(practitioner({ id: late.practitioner, procedures: [] }), ...treated.streams());
  const knownAt = await api.pistor.engine.chains.now(api.pistor.chain);
  await sleep(5);
  const [, granted] = practitioner({ id: late.practitioner, validFrom: '2024-02-01' }).events;
  await api.append(
    { stream: practitionerStream(late.practitioner), events: [granted as NewEvent] },
    lot(of.site, { lotNumber: 'L2', receivedOn: '2024-02-01' }),
  );
  const deviations = async (query: string) =>
    (await get(`courses/${treated.id}${query}`, courseDetailSchema)).body.deviations;
  expect(await deviations('?asOf=2024-03-01')).toEqual({});
  expect(await deviations(`?asOf=2024-03-01&knownAt=${knownAt}`)).toEqual({ 'lot-not-received': 1, credential: 1 });
});

it('[history.known-then] shows a patient as they were known before a correction', async () => {
  const stream = patientStream(of.patient);
  const answered = { patientId: of.patient, health: { ...HEALTHY, conditions: ['pregnancy'] } };
  const on = occurredAt(zoned('2024-01-02T10:00'));
  await api.append({ stream, events: [PatientHealthRecorded(on, answered)] });
  const corrects = await lastEventOf(stream);
  const corrected = { ...answered, health: HEALTHY, corrects, correctionReason: 'another patient’s sheet' };
  const knownAt = await recordLater(stream, PatientHealthRecordedCorrected(on, corrected));
  const shown = async (query: string) => (await get(`patients/${of.patient}${query}`, patientViewSchema)).body;
  expect((await shown(`?knownAt=${knownAt}`)).health?.conditions).toEqual(['pregnancy']);
  const { body } = await get(`patients/${of.patient}?knownAt=${await api.pistor.engine.chains.now(api.pistor.chain)}`);
  expect(body).toMatchObject({ health: { conditions: [] }, name: 'İpek Şahin', revision: 2 });
  expect((await shown('?asOf=2024-01-01')).health?.conditions).toEqual([]);
});

describe('bad input', () => {
  it('[history.unknown-then] finds nothing that was not on record yet, and says that a later time would', async () => {
    const { status, body } = await get(`courses/${course.id}?asOf=2023-12-31`);
    expect([status, body['code']]).toEqual([404, 'course.unknown-then']);
    expect(body['fields']).toMatchObject([{ field: 'asOf', rule: 'history.unknown-then', seen: '2023-12-31' }]);
    for (const path of [`courses/${course.id}/history`, `patients/${of.patient}`, `patients/${of.patient}/timeline`]) {
      const answer = await get(`${path}?knownAt=2020-01-01T00:00:00Z`);
      expect([answer.status, answer.body['code']]).toEqual([
        404,
        expect.stringMatching(/^(course|patient)\.unknown-then$/),
      ]);
    }
    for (const path of ['courses', 'patients']) {
      const answer = await get(`${path}/${newId()}?asOf=2024-01-01`);
      expect([answer.status, answer.body['code']]).toEqual([404, `${path.slice(0, -1)}.unknown`]);
    }
  });

  it('[history.registered-always] finds a patient as of a time before the registration, as their courses are found', async () => {
    const { status, body } = await get(`patients/${of.patient}?asOf=2020-01-01`);
    expect([status, body.name]).toEqual([200, 'İpek Şahin']);
    expect((await get(`courses?patient=${of.patient}&asOf=2020-01-01`)).status).toBe(200);
  });

  it('[history.known-in-future] refuses a recorded time that is still to come', async () => {
    for (const path of [`courses/${course.id}`, `courses/${course.id}/history`, `patients/${of.patient}/timeline`]) {
      const { status, body } = await get(`${path}?knownAt=2999-01-01T00:00:00Z`);
      expect([status, body['code']]).toEqual([400, 'history.known-in-future']);
      expect(body['fields']).toMatchObject([
        { field: 'knownAt', seen: '2999-01-01T00:00:00.000Z', accepted: expect.stringMatching(/Z or earlier$/) },
      ]);
    }
  });

  it('says what a time is written like', async () => {
    for (const [query, field] of [
      ['asOf=yesterday', 'asOf'],
      ['asOf=2024-02-30', 'asOf'],
      ['knownAt=2024-02-03', 'knownAt'],
      ['knownAt=2024-02-03T10:00', 'knownAt'],
    ]) {
      const { status, body } = await get(`courses/${course.id}?${query}`);
      expect([status, body['code']]).toEqual([400, 'request.invalid']);
      expect(body['fields']).toMatchObject([{ field, message: expect.stringContaining('2026-01-31T09:00:00Z') }]);
    }
  });

  it('[history.patient-missing] refuses a list of everybody’s courses as they stood', async () => {
    const { status, body } = await get('courses?asOf=2024-01-01');
    expect([status, body['code']]).toEqual([400, 'history.patient-missing']);
    expect(body['fields']).toMatchObject([{ field: 'patient', accepted: expect.any(String) }]);
  });
});

it('[person.timeline] unites what is on record under linked registrations, as they were linked then', async () => {
  const other = newId();
  const linkId = newId();
  const now = occurredNow(new Date().toISOString());
  const followUp = { followUpId: newId(), siteId: of.site, kind: 'remote' as const, reactions: [] };
  const elsewhere = new CourseHistory({ ...of, patient: other }).push(
    FollowUpHeld(occurredAt(zoned('2024-01-20T10:00')), {
      ...followUp,
      courseId: newId(),
      patientId: other,
      at: zoned('2024-01-20T10:00'),
    }),
  );
  await api.append(patient(other), ...elsewhere.streams());
  const link = { linkId, reason: 'registered twice' };
  const unlinked = await api.pistor.engine.chains.now(api.pistor.chain);
  await sleep(5);
  await api.append(
    {
      stream: patientStream(of.patient),
      events: [PatientLinked(now, { patientId: of.patient, otherPatientId: other, ...link })],
    },
    {
      stream: patientStream(other),
      events: [PatientLinked(now, { patientId: other, otherPatientId: of.patient, ...link })],
    },
  );
  const patients = ({ items }: { items: { patientId: string }[] }) => new Set(items.map(({ patientId }) => patientId));
  const person = await timeline('?person=true&order=asc');
  expect(person.registrations.map(({ id }) => id)).toEqual([of.patient, other]);
  expect(patients(person)).toEqual(new Set([of.patient, other]));
  const times = person.items.map(({ occurredAt: time }) => time);
  expect(times).toEqual([...times].sort());
  expect(patients(await timeline())).toEqual(new Set([of.patient]));
  expect(patients(await timeline(`?person=true&knownAt=${unlinked}`))).toEqual(new Set([of.patient]));

  const undone = { patientId: of.patient, otherPatientId: other, ...link };
  await api.append({ stream: patientStream(of.patient), events: [PatientUnlinked(now, undone)] });
  expect(patients(await timeline('?person=true'))).toEqual(new Set([of.patient]));
});

it('[history.known-then] [history.as-of] [history.unknown-then] shows what stands against a booked session as it was', async () => {
  const planned = new CourseHistory(of).booked('2024-03-01T15:00');
  await api.append(...planned.streams());
  const standing = async (query = '') => {
    const { status, body } = await get<{ code?: string; sessions?: { fields: { rule: string }[] }[] }>(
      `courses/${planned.id}/standing${query}`,
    );
    return status === 200 ? body.sessions?.map(({ fields }) => fields.map(({ rule }) => rule)) : body.code;
  };
  const now = await standing();
  const fact = {
    factId: newId(),
    kind: 'condition' as const,
    since: '2024-01-01',
    until: null,
    statement: 'pregnancy',
  };
  const learned = HealthFactRecorded(occurredAt(zoned('2024-01-01T00:00')), { patientId: of.patient, ...fact });
  const before = await recordLater(patientStream(of.patient), learned);
  expect([await standing()].flat(2)).toContain('session.contraindication-absolute');
  expect(await standing(`?knownAt=${before}`)).toEqual(now);
  expect(await standing('?asOf=2020-01-01')).toBe('course.unknown-then');
});

it('[history.known-then] [history.as-of] [history.unknown-then] shows a consultation as it was', async () => {
  const { consultationId } = course;
  const withdrawn = ConsentWithdrawn(occurredAt(zoned('2024-02-10T10:00')), {
    ...{ consultationId, patientId: of.patient },
    procedure: 'facial',
  });
  const before = await recordLater(consultationStream(consultationId), withdrawn);
  const shown = async (query = '') => {
    const { status, body } = await get<{ code?: string; consents?: { withdrawnOn: string | null }[] }>(
      `consultations/${consultationId}${query}`,
    );
    return status === 200 ? body.consents?.map(({ withdrawnOn }) => withdrawnOn) : body.code;
  };
  expect(await shown()).toEqual(['2024-02-10']);
  expect(await shown(`?knownAt=${before}`)).toEqual([null]);
  expect(await shown('?asOf=2024-02-09')).toEqual([null]);
  expect(await shown('?asOf=2024-02-10')).toEqual(['2024-02-10']);
  expect(await shown('?asOf=2020-01-01')).toBe('consultation.unknown-then');
});
