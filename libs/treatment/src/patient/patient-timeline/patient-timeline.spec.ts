import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { readModelWorld } from '#test/support/read-model-world.js';
import { CourseHistory, HEALTHY, patient, site, zoned } from '#test/support/treatment-history.js';
import {
  CourseEntryRetracted,
  courseStream,
  FollowUpHeld,
  MaintenanceDeclined,
  MaintenanceProposed,
  SessionCancelled,
  SessionMissed,
  type SessionPerformed,
  SessionPerformedCorrected,
  SessionRescheduled,
} from '../../course/course.events.js';
import { ConsentWithdrawn } from '../../consultation/consultation.events.js';
import {
  PatientContactPreferenceChanged,
  PatientHealthRecorded,
  PatientLinked,
  patientStream,
} from '../patient.events.js';
import { patientTimelineSchema, type TimelineItem } from './patient-timeline.contract.js';

const world = readModelWorld();

async function recordEverything(): Promise<CourseHistory> {
  const elsewhere = newId();
  const [moved, missed, done] = [newId(), newId(), newId()];
  const history = new CourseHistory(world.of, { end: 'stopped' })
    .booked('2024-02-01T10:00', { id: moved, number: 1 })
    .booked('2024-02-02T10:00', { id: missed, number: 2 })
    .performed('2024-02-03T10:00', { id: done, number: 3 });
  const named = { courseId: history.id, patientId: world.of.patient };
  const at = (wall: string) => occurredAt(zoned(wall));
  history.push(
    SessionRescheduled(at('2024-03-01T10:00'), {
      ...named,
      sessionId: moved,
      siteId: elsewhere,
      practitionerId: world.of.practitioner,
      at: zoned('2024-03-09T10:00'),
    }),
    SessionCancelled(at('2024-03-02T10:00'), { ...named, sessionId: moved, reason: 'fell ill' }),
    SessionMissed(at('2024-03-03T10:00'), { ...named, sessionId: missed }),
    FollowUpHeld(at('2024-03-04T10:00'), {
      ...named,
      followUpId: newId(),
      siteId: world.of.site,
      kind: 'in-person',
      at: zoned('2024-03-04T10:00'),
      reactions: ['redness', 'pain'],
      adverseEvent: { kind: 'haematoma', severity: 'mild' },
      outcomeScore: 5,
      notes: 'looks well',
    }),
    MaintenanceProposed(at('2024-03-05T10:00'), { ...named, ordinal: 1, opens: '2024-05-01', closes: '2024-08-01' }),
    MaintenanceDeclined(at('2024-03-06T10:00'), named),
  );
  const consultation = history.streams()[0] as { stream: string };
  const preference = { language: 'fr', channel: 'none' as const, contactConsent: false };
  await world.record([
    ...world.people(),
    site(elsewhere, 'Europe/London', 'Marylebone'),
    ...history.streams(),
    {
      stream: consultation.stream,
      events: [
        ConsentWithdrawn(at('2024-03-08T10:00'), {
          consultationId: history.consultationId,
          patientId: world.of.patient,
          procedure: 'facial',
        }),
      ],
    },
    {
      stream: patientStream(world.of.patient),
      events: [
        PatientContactPreferenceChanged(at('2024-03-09T10:00'), { patientId: world.of.patient, preference }),
        PatientHealthRecorded(at('2024-03-10T10:00'), {
          patientId: world.of.patient,
          health: { ...HEALTHY, conditions: ['pregnancy'] },
        }),
      ],
    },
  ]);
  return history;
}

it('tells everything that happened to a patient, oldest first when asked, without a word that is personal', async () => {
  const history = await recordEverything();
  const timeline = patientTimelineSchema.parse(
    await world.models.timeline.list(world.chain, world.of.patient, { limit: 100, order: 'asc' }),
  );
  expect(timeline.patient).toEqual({ id: world.of.patient, code: null, name: 'İpek Şahin' });
  expect(timeline.items.map(({ title }) => title)).toEqual([
    'Consent to facial signed.',
    'Consultation about facial.',
    'Consultation concluded: cleared for treatment.',
    'Course of 4 sessions planned.',
    'Session 1 booked.',
    'Session 2 booked.',
    'Session 3 performed.',
    'Session 1 moved to another time.',
    'Session 1 cancelled.',
    'Session 2 missed.',
    'Follow-up held in person.',
    'Maintenance proposed from 2024-05-01 to 2024-08-01.',
    'Wants no further maintenance.',
    'Course stopped early.',
    'Consent to facial withdrawn.',
    'Wishes to be contacted in another way.',
    'Health questionnaire answered anew.',
    'Registered as a patient.',
  ]);
  const performed = timeline.items[6];
  expect(performed).toMatchObject({
    type: 'SessionPerformed',
    occurredAt: '2024-02-03T07:00:00.000Z',
    precision: 'instant',
    wall: '2024-02-03T10:00',
    zone: 'Europe/Istanbul',
    origin: 'live',
    site: { id: world.of.site, name: 'Nişantaşı' },
    course: { id: history.id, code: null, protocol: 'facial' },
    practitioner: { id: world.of.practitioner, name: 'Zoë García' },
    details: { durationMinutes: 45, areas: ['face'], device: 'needle', depthMm: 2, products: ['GlowMeso, lot L1'] },
  });
  expect(timeline.items[10]?.details).toEqual({
    reactions: ['redness', 'pain'],
    adverseEvent: 'haematoma, mild',
    outcomeScore: 5,
  });
  // A session that was called off was so where it was booked last.
  expect(timeline.items[8]?.site?.name).toBe('Marylebone');
  expect(timeline.items[9]?.site?.name).toBe('Nişantaşı');
  const told = JSON.stringify(timeline.items.map(({ title, details }) => [title, details]));
  expect(told).not.toMatch(/Şahin|İpek|fell ill|looks well|pregnancy|moved away/);
});

it('comes newest first, and in pages', async () => {
  await recordEverything();
  const positions: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await world.models.timeline.list(world.chain, world.of.patient, { limit: 4, order: 'desc', cursor });
    expect(page.items.length).toBeLessThanOrEqual(4);
    positions.push(...page.items.map(({ position }) => position));
    cursor = page.next ?? undefined;
  } while (cursor);
  const ascending = await world.models.timeline.list(world.chain, world.of.patient, { limit: 100, order: 'asc' });
  expect(positions).toEqual(ascending.items.map(({ position }) => position).reverse());
});

it('shows nothing of another patient, and refuses one that does not exist', async () => {
  await recordEverything();
  const other = newId();
  await world.record([patient(other)]);
  const { items } = await world.models.timeline.list(world.chain, other, { limit: 100, order: 'desc' });
  expect(items.map(({ title }) => title)).toEqual(['Registered as a patient.']);
  expect(items[0]?.details).toEqual({ language: 'tr', channel: 'email', contactConsent: 'yes' });
  await expect(world.models.timeline.list(world.chain, newId(), { limit: 100, order: 'desc' })).rejects.toMatchObject({
    code: 'patient.unknown',
  });
});

it('keeps what is known of when things happened', async () => {
  const history = new CourseHistory(world.of, { origin: 'import', consentOn: '2024-01-01' });
  await world.record([...world.people(), ...history.streams()]);
  const { items } = await world.models.timeline.list(world.chain, world.of.patient, { limit: 100, order: 'asc' });
  expect(items.map(({ type, precision, origin }) => [type, precision, origin])).toEqual([
    ['ConsentSigned', 'day', 'import'],
    ['ConsultationHeld', 'instant', 'import'],
    ['ConsultationConcluded', 'instant', 'import'],
    ['CoursePlanned', 'instant', 'import'],
    ['PatientRegistered', 'unknown', 'live'],
  ]);
  expect(occurredNow(items[0]?.recordedAt as string).instant > '2025').toBe(true);
});

describe('what was said about an entry', () => {
  const stream = () => courseStream(history.id);
  let history: CourseHistory;
  let entryId: Id;

  /** The session is the entry that everything is said about; the one after it is never corrected. */
  beforeEach(async () => {
    history = new CourseHistory(world.of).performed('2024-02-03T10:00').performed('2024-02-17T10:00', { number: 2 });
    await world.record([...world.people(), ...history.streams()]);
    entryId = (await world.models.engine.store.readStream(world.chain.id, stream()))[1]?.header.id as Id;
  });

  const corrected = (corrects: Id, wall: string, depthMm: number, correctionReason: string) => {
    const { data } = history.events[1] as { data: Parameters<typeof SessionPerformed>[1] };
    const said = { ...data, at: zoned(wall), depthMm, corrects, correctionReason };
    return SessionPerformedCorrected(occurredAt(zoned(wall)), said);
  };
  const retracted = (retracts: Id, retractionReason: string) => {
    const data = { courseId: history.id, patientId: world.of.patient, retracts, retractionReason };
    return CourseEntryRetracted(occurredAt(zoned('2024-05-01T10:00')), data);
  };
  /** @returns the id of the last event, which the read model does not have yet */
  const record = async (...events: NewEvent[]): Promise<Id> => {
    await world.models.engine.append(world.chain, [{ stream: stream(), events }]);
    return (await world.models.engine.store.readStream(world.chain.id, stream())).at(-1)?.header.id as Id;
  };
  /** In one page of the read model, with what it does not have yet. @returns the id of the last event */
  const say = async (...events: NewEvent[]): Promise<Id> => {
    const id = await record(...events);
    await world.record([]);
    return id;
  };
  /** Of the first session, which must be the same in the history of the course: that is read whole. */
  const shown = async () => {
    const { items } = await world.models.timeline.list(world.chain, world.of.patient, { limit: 100, order: 'asc' });
    const inCourse = await world.models.courseHistory.of(world.chain, history.id, {});
    expect(items.filter(({ course }) => course?.id === history.id)).toEqual(inCourse.items);
    const {
      occurredAt: at,
      details,
      entered,
      corrections,
      retracted: back,
    } = items.find(({ eventId }) => eventId === entryId) as TimelineItem;
    return {
      at,
      depthMm: details['depthMm'],
      entered: entered?.occurredAt ?? null,
      corrections: corrections.map(({ reason, retracted: gone }) => [reason, gone?.reason ?? null]),
      retracted: back?.reason ?? null,
    };
  };
  const asEntered = { at: '2024-02-03T07:00:00.000Z', depthMm: 2, entered: null, corrections: [], retracted: null };
  const { at: entered } = asEntered;

  it('is nothing at first', async () => {
    expect(await shown()).toEqual(asEntered);
  });

  it('[correction.both-shown] is a correction, and another one that corrects the first', async () => {
    const first = await say(corrected(entryId, '2024-02-04T10:00', 3, 'wrong day'));
    expect(await shown()).toEqual({
      ...{ at: '2024-02-04T07:00:00.000Z', depthMm: 3, entered, retracted: null },
      corrections: [['wrong day', null]],
    });
    const second = await record(corrected(first, '2024-02-05T10:00', 3, 'wrong again'));
    await say(
      corrected(second, '2024-02-05T10:00', 4, 'wrong depth'),
      corrected(entryId, '2024-02-06T10:00', 4, 'at last'),
    );
    expect(await shown()).toEqual({
      ...{ at: '2024-02-06T07:00:00.000Z', depthMm: 4, entered, retracted: null },
      corrections: [
        ['wrong day', null],
        ['wrong again', null],
        ['wrong depth', null],
        ['at last', null],
      ],
    });
  });

  it('[correction.retraction-shown] is what took a correction back, and the entry', async () => {
    const first = await say(corrected(entryId, '2024-02-04T10:00', 3, 'wrong day'));
    const second = await say(corrected(first, '2024-02-05T10:00', 4, 'wrong again'));
    await say(retracted(second, 'was right before'));
    const corrections = [
      ['wrong day', null],
      ['wrong again', 'was right before'],
    ];
    const after = { at: '2024-02-04T07:00:00.000Z', depthMm: 3, entered, corrections, retracted: null };
    expect(await shown()).toEqual(after);
    await say(retracted(entryId, 'another patient'));
    expect(await shown()).toEqual({ ...after, retracted: 'another patient' });
  });

  it('[person.timeline] is shown under every registration that is linked', async () => {
    const other = newId();
    const linkId = newId();
    const linked = (patientId: Id, otherPatientId: Id) => ({
      stream: patientStream(patientId),
      events: [
        PatientLinked(occurredAt(zoned('2024-06-01T10:00')), { patientId, otherPatientId, linkId, reason: 'twice' }),
      ],
    });
    await world.record([patient(other), linked(world.of.patient, other), linked(other, world.of.patient)]);
    await say(corrected(entryId, '2024-02-04T10:00', 3, 'wrong day'));
    const page = { limit: 100, order: 'asc' as const, person: 'true' as const };
    const { items, registrations } = await world.models.timeline.list(world.chain, other, page);
    expect(registrations.map(({ id }) => id)).toEqual([other, world.of.patient]);
    expect(items.find(({ eventId }) => eventId === entryId)?.corrections).toMatchObject([{ reason: 'wrong day' }]);
    const now = await world.models.engine.chains.now(world.chain);
    expect((await world.models.timeline.list(world.chain, other, { ...page, knownAt: now })).items).toEqual(items);
  });
});
