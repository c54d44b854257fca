import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { readModelWorld } from '#test/support/read-model-world.js';
import { CourseHistory, lot, patient, zoned } from '#test/support/treatment-history.js';
import {
  ConsultationConcludedCorrected,
  ConsultationEntryRetracted,
  consultationStream,
} from '../../consultation/consultation.events.js';
import {
  ConsentWithdrawalsEntered,
  HealthFactRecorded,
  PatientLinked,
  patientStream,
  PatientUnlinked,
} from '../../patient/patient.events.js';
import { CourseEntryRetracted, courseStream } from '../course.events.js';

/**
 * Courses are judged by the whole person: by what happened in their other courses and what they withdrew elsewhere. The
 * read model says so as the log itself does when it is asked.
 */
const world = readModelWorld();
let other: Id;
const NOW = occurredNow('2026-01-01T00:00:00.000Z');

beforeEach(async () => {
  other = newId();
  await world.record([...world.references(), lot(world.of.site), patient(other)]);
});

const course = (wall: string, patientId?: Id) => world.treated(wall, {}, patientId);

/** Of each session its deviations, as the read model has them and as the log says; both are the same. */
async function deviations(course: CourseHistory): Promise<readonly (readonly string[])[]> {
  const [shown, then] = await Promise.all([world.shown(course), world.fromLog(course)]);
  const of = (detail: typeof shown) => ({
    sessions: detail.sessions.map((each) => each.deviations),
    counted: detail.deviations,
    reviews: detail.reviews,
    consent: detail.consent,
  });
  expect(of(shown)).toEqual(of(then));
  return shown.sessions.map((each) => each.deviations);
}

const reviewsOf = async (course: CourseHistory) =>
  (await world.shown(course)).sessions.filter(({ needsReview }) => needsReview).length;

describe('two courses of a person', () => {
  const linkId = newId();
  const link = (patientId: Id, otherPatientId: Id) => ({ patientId, otherPatientId, linkId, reason: 'the same' });
  const both = (event: typeof PatientLinked | typeof PatientUnlinked) =>
    world.record([
      { stream: patientStream(world.of.patient), events: [event(NOW, link(world.of.patient, other))] },
      { stream: patientStream(other), events: [event(NOW, link(other, world.of.patient))] },
    ]);

  it('[session.interval-short] show that their sessions were too close once two registrations are linked, until they are not', async () => {
    const [first, second] = [await course('2024-02-01T10:00'), await course('2024-02-01T12:00', other)];
    expect([await deviations(first), await deviations(second)]).toEqual([[[]], [[]]]);
    await both(PatientLinked);
    expect([await deviations(first), await deviations(second)]).toEqual([[[]], [['interval-short']]]);
    await both(PatientUnlinked);
    expect([await deviations(first), await deviations(second)]).toEqual([[[]], [[]]]);
  });
  it('[session.reviewed] [session.contraindication] wait for a review once a link reveals what another registration said long before', async () => {
    const fact = { factId: newId(), kind: 'condition' as const, since: '2024-01-01', until: null };
    const learned = (patientId: Id) => HealthFactRecorded(NOW, { patientId, ...fact, statement: 'pregnancy' });
    await world.say(patientStream(other), learned(other));
    const treated = await course('2024-02-01T10:00');
    expect([await deviations(treated), await reviewsOf(treated)]).toEqual([[[]], 0]);
    await both(PatientLinked);
    expect([await deviations(treated), await reviewsOf(treated)]).toEqual([[['contraindication']], 1]);
    await both(PatientUnlinked);
    expect([await deviations(treated), await reviewsOf(treated)]).toEqual([[[]], 0]);
  });
  it('[session.reviewed] wait for none where both registrations had said the same, or were linked before the session was entered', async () => {
    const fact = { kind: 'condition' as const, since: '2024-01-01', until: null, statement: 'pregnancy' };
    const learned = (patientId: Id) => HealthFactRecorded(NOW, { patientId, factId: newId(), ...fact });
    await world.say(patientStream(world.of.patient), learned(world.of.patient));
    await world.say(patientStream(other), learned(other));
    const before = await course('2024-02-01T10:00');
    await both(PatientLinked);
    const after = await course('2024-03-01T10:00');
    expect([await reviewsOf(before), await reviewsOf(after)]).toEqual([0, 0]);
    expect([await deviations(before), await deviations(after)]).toEqual([
      [['contraindication']],
      [['contraindication']],
    ]);
  });
  it('[session.interval-short] show it at the later session, whichever was entered first', async () => {
    const later = await course('2024-02-10T10:00');
    expect(await deviations(later)).toEqual([[]]);
    const earlier = await course('2024-02-01T10:00');
    expect([await deviations(earlier), await deviations(later)]).toEqual([[[]], [['interval-short']]]);
    const retracts = await world.entryOf(courseStream(earlier.id), 'SessionPerformed');
    const taken = { courseId: earlier.id, patientId: world.of.patient, retracts, retractionReason: 'never' };
    await world.say(courseStream(earlier.id), CourseEntryRetracted(NOW, taken));
    expect(await deviations(later)).toEqual([[]]);
  });
  it('[session.interval-short] show nothing of it where each is of another procedure', async () => {
    const facial = await course('2024-02-10T10:00');
    const hair = new CourseHistory(world.of, { protocol: 'hair' }).performed('2024-02-05T10:00');
    await world.record(hair.streams());
    expect((await deviations(facial)).flat()).not.toContain('interval-short');
  });
});

it('[consent.withdrawn] shows at the sessions after it that consent was withdrawn in another consultation', async () => {
  const treated = new CourseHistory(world.of).performed('2024-02-01T10:00').performed('2024-02-15T10:00');
  await world.record(treated.streams());
  expect(await deviations(treated)).toEqual([[], []]);
  const withdrawn = (...withdrawals: { procedure: string; on: string; at: string }[]) =>
    world.say(
      patientStream(world.of.patient),
      ConsentWithdrawalsEntered(NOW, { patientId: world.of.patient, consultationId: newId(), withdrawals }),
    );
  await withdrawn({ procedure: 'facial', on: '2024-02-10', at: '2024-02-10T09:00:00.000Z' });
  expect(await deviations(treated)).toEqual([[], ['consent']]);
});

describe('a clearance', () => {
  const changed = async (treated: CourseHistory, event: NewEvent) =>
    world.say(consultationStream(treated.consultationId), event);

  it('[consultation.cleared] that is corrected to a refusal marks the session for review', async () => {
    const treated = await course('2024-02-01T10:00');
    expect(await reviewsOf(treated)).toBe(0);
    const stream = consultationStream(treated.consultationId);
    const corrects = await world.entryOf(stream, 'ConsultationConcluded');
    const said = {
      ...{ consultationId: treated.consultationId, patientId: world.of.patient, practitionerId: world.of.practitioner },
      ...{ conclusion: { outcome: 'refused' as const }, reason: 'ill', corrects, correctionReason: 'wrong' },
    };
    await changed(treated, ConsultationConcludedCorrected(occurredAt(zoned('2024-01-01T10:00')), said));
    expect(await deviations(treated)).toEqual([[]]);
    expect(await reviewsOf(treated)).toBe(1);
  });
  it('[consultation.cleared] that is taken back marks it as well', async () => {
    const treated = await course('2024-02-01T10:00');
    const retracts = await world.entryOf(consultationStream(treated.consultationId), 'ConsultationConcluded');
    const ids = { consultationId: treated.consultationId, patientId: world.of.patient };
    await changed(treated, ConsultationEntryRetracted(NOW, { ...ids, retracts, retractionReason: 'never' }));
    expect(await deviations(treated)).toEqual([[]]);
    expect(await reviewsOf(treated)).toBe(1);
  });
});

it('[session.contraindication] what is learned of a linked registration is what the log says, too', async () => {
  const treated = await course('2024-02-01T10:00');
  const fact = {
    factId: newId(),
    kind: 'condition' as const,
    since: '2024-01-01',
    until: null,
    statement: 'pregnancy',
  };
  await world.say(patientStream(world.of.patient), HealthFactRecorded(NOW, { patientId: world.of.patient, ...fact }));
  expect(await deviations(treated)).toEqual([['contraindication']]);
});
