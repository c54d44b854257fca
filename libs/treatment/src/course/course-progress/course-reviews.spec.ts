import { type Id, newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { type Performed, performedOf, readModelWorld } from '#test/support/read-model-world.js';
import { CourseHistory, zoned } from '#test/support/treatment-history.js';
import {
  ConsultationConcludedCorrected,
  ConsultationHeldCorrected,
  consultationStream,
} from '../../consultation/consultation.events.js';
import { LotReceived, LotReceivedCorrected, lotStream } from '../../lot/lot.events.js';
import {
  CredentialGranted,
  CredentialRevoked,
  PractitionerRegistered,
  practitionerStream,
} from '../../practitioner/practitioner.events.js';
import {
  LotNumberRecalled,
  LotRecalled,
  LotRecallLifted,
  recallIdOf,
  recallsOfNumberStream,
  recallStreamOf,
} from '../../recall/recall.events.js';
import { CourseConsultationRenewed, courseStream, SessionReviewed } from '../course.events.js';

/**
 * Which performed sessions wait for a physician, since what is known of them now speaks against them: in the read model
 * and from the log as it was known, which say the same.
 */
const world = readModelWorld();
let lots: { readonly good: Id; readonly recalled: Id };
const NOW = occurredNow('2026-01-01T00:00:00.000Z');
const DAY = '2024-03-02T10:00';

beforeEach(async () => {
  lots = { good: newId(), recalled: newId() };
  await world.record([
    ...world.references(),
    { stream: lotStream(lots.good), events: [LotReceived(NOW, receipt(lots.good, 'L1'))] },
    { stream: lotStream(lots.recalled), events: [LotReceived(NOW, receipt(lots.recalled, 'L2'))] },
  ]);
});

const receipt = (lotId: Id, lotNumber: string, more: object = {}) => ({
  ...{ lotId, siteId: world.of.site, product: 'GlowMeso', lotNumber, ingredients: ['hyaluronic acid'] },
  ...{ receivedOn: '2024-01-01', expiresOn: '2030-01-01', ...more },
});

/** A course with one session. */
const treated = (changes: Partial<Performed> = {}) => world.treated(DAY, changes);

/** Sessions that wait, and deviations. */
async function shown(course: CourseHistory) {
  const { reviews, deviations } = await world.shown(course);
  const known = await world.fromLog(course, new Date().toISOString());
  expect({ reviews: known.reviews, deviations: known.deviations }).toEqual({ reviews, deviations });
  return { reviews, deviations };
}

const using = (lotNumber: string): Partial<Performed> => ({ products: [{ product: 'GlowMeso', lotNumber }] });

async function review(course: CourseHistory): Promise<void> {
  const { sessionId } = performedOf(course);
  const looked = { courseId: course.id, patientId: world.of.patient, sessionId, physicianId: world.of.practitioner };
  await world.say(courseStream(course.id), SessionReviewed(NOW, { ...looked, outcome: 'no-harm', note: 'seen' }));
}

/** Recalls the lot L2, as the notice spells it. */
async function recall(recalledOn: string): Promise<Id> {
  const [product, lotNumber] = ['GLOW MESO', 'l 2'];
  const recallId = recallIdOf(world.chain.id, product, lotNumber);
  const notice = { recallId, product, lotNumber, recalledOn, reference: 'R', cause: 'sterility' as const };
  await world.record([
    { stream: recallStreamOf(recallId), events: [LotRecalled(NOW, notice)] },
    { stream: recallsOfNumberStream(world.chain.id, lotNumber), events: [LotNumberRecalled(NOW, { recallId })] },
  ]);
  return recallId;
}

const NOTHING = { reviews: 0, deviations: {} };
const RECALLED = { reviews: 1, deviations: { 'lot-recalled': 1 } };

describe('a session that is said to have used another lot', () => {
  it('[session.reviewed] [lot.recalled] waits where that lot was recalled before, and no more once it is another again', async () => {
    const course = await treated(using('L1'));
    await recall('2024-03-01');
    expect(await shown(course)).toEqual(NOTHING);
    await world.correctSession(course, using('L2'));
    expect(await shown(course)).toEqual(RECALLED);
    await world.correctSession(course, using('L1'));
    expect(await shown(course)).toEqual(NOTHING);
  });
  it('[session.reviewed] [lot.recalled] waits where that lot is recalled afterwards, until a physician has looked', async () => {
    const course = await treated(using('L1'));
    await world.correctSession(course, using('L2'));
    expect(await shown(course)).toEqual(NOTHING);
    const recallId = await recall('2024-03-02');
    expect(await shown(course)).toEqual(RECALLED);
    await review(course);
    expect(await shown(course)).toEqual({ ...RECALLED, reviews: 0 });
    const lifted = { recallId, product: 'GLOW MESO', lotNumber: 'l 2', liftedOn: '2024-03-02', reference: 'R2' };
    await world.say(recallStreamOf(recallId), LotRecallLifted(NOW, lifted));
    expect(await shown(course)).toEqual(NOTHING);
  });
  it('[session.reviewed] [lot.recalled] waits no more for a recall once it is said to have used another lot', async () => {
    const course = await treated(using('L2'));
    await recall('2024-03-01');
    expect(await shown(course)).toEqual(RECALLED);
    await world.correctSession(course, using('L1'));
    expect(await shown(course)).toEqual(NOTHING);
  });
  it('[session.reviewed] [lot.expired] waits where that lot had expired on the day', async () => {
    const expired = newId();
    const until = receipt(expired, 'L3', { expiresOn: '2024-03-01' });
    await world.say(lotStream(expired), LotReceived(NOW, until));
    const course = await treated(using('L1'));
    await world.correctSession(course, using('L3'));
    expect(await shown(course)).toEqual({ reviews: 1, deviations: { 'lot-expired': 1 } });
    await world.correctSession(course, { ...using('L3'), at: zoned('2024-03-01T10:00') });
    expect(await shown(course)).toEqual(NOTHING);
  });
});

it('[session.reviewed] [lot.expired] waits where the receipt of its lot is said anew to have expired before it', async () => {
  const course = await treated(using('L1'));
  const corrects = await world.entryOf(lotStream(lots.good), 'LotReceived');
  const said = { corrects, correctionReason: { code: 'typing-error' as const } };
  const until = receipt(lots.good, 'L1', { expiresOn: '2024-03-01' });
  await world.say(lotStream(lots.good), LotReceivedCorrected(NOW, { ...until, ...said }));
  expect(await shown(course)).toEqual({ reviews: 1, deviations: { 'lot-expired': 1 } });
});

describe('a consultation that is said anew', () => {
  const named = (course: CourseHistory) => ({ consultationId: course.consultationId, patientId: world.of.patient });
  const concludedOn = async (course: CourseHistory, wall: string) => {
    const stream = consultationStream(course.consultationId);
    const corrects = await world.entryOf(stream, 'ConsultationConcluded');
    const said = { practitionerId: world.of.practitioner, conclusion: { outcome: 'cleared' as const }, reason: '' };
    const correction = { ...named(course), ...said, corrects, correctionReason: 'another day' };
    await world.say(stream, ConsultationConcludedCorrected(occurredAt(zoned(wall)), correction));
  };
  const about = async (course: CourseHistory, procedure: string) => {
    const stream = consultationStream(course.consultationId);
    const corrects = await world.entryOf(stream, 'ConsultationHeld');
    const held = { siteId: world.of.site, practitionerId: world.of.practitioner, procedure, notes: {} };
    const correction = { ...named(course), ...held, corrects, correctionReason: 'misread' };
    await world.say(stream, ConsultationHeldCorrected(occurredAt(zoned('2024-01-01T09:00')), correction));
  };

  it('[session.reviewed] [consultation.cleared] calls for a review of what took place before it was cleared', async () => {
    const course = await treated();
    await concludedOn(course, '2024-03-01T18:00');
    expect(await shown(course)).toEqual(NOTHING);
    await concludedOn(course, '2024-03-03T09:00');
    expect((await shown(course)).reviews).toBe(1);
    await review(course);
    expect((await shown(course)).reviews).toBe(0);
  });
  it('[session.reviewed] [consultation.procedure] calls for a review of what it was not about, until it is said back', async () => {
    const course = await treated();
    await about(course, 'hair');
    expect((await shown(course)).reviews).toBe(1);
    await about(course, 'facial');
    expect((await shown(course)).reviews).toBe(0);
  });
  it('[session.reviewed] [consultation.cleared] tells on a course that rests on a newer one by now', async () => {
    const course = await treated();
    const newer = new CourseHistory(world.of);
    await world.record(newer.streams().slice(0, 1));
    const { consultationId } = newer;
    const renewed = { courseId: course.id, patientId: world.of.patient, consultationId };
    await world.say(
      courseStream(course.id),
      CourseConsultationRenewed(occurredNow('2024-04-01T00:00:00.000Z'), renewed),
    );
    expect((await shown(course)).reviews).toBe(0);
    await about(course, 'hair');
    const before = await shown(course);
    // Both were cleared before the session; the later decides.
    expect(before.reviews).toBe(0);
    await about(newer, 'hair');
    expect((await shown(course)).reviews).toBe(1);
  });
});

describe('who else had a part in a session', () => {
  it('[session.credential] deviates when a credential of whoever did a step turns out not to hold, and not when it is granted', async () => {
    const helper = newId();
    await world.say(
      practitionerStream(helper),
      PractitionerRegistered(NOW, { practitionerId: helper, role: 'nurse', name: 'Ali' }),
    );
    const steps = facial.steps.map(({ code }) => ({ code, practitionerId: helper }));
    const course = await treated({ steps });
    expect((await shown(course)).deviations).toEqual({ credential: 1 });
    const granted = { practitionerId: helper, procedures: ['facial'], validFrom: '2024-01-01', validTo: null };
    await world.say(practitionerStream(helper), CredentialGranted(NOW, granted));
    expect((await shown(course)).deviations).toEqual({});
    const revoked = { practitionerId: helper, procedures: ['facial'], from: '2024-03-02', reason: 'of somebody else' };
    await world.say(practitionerStream(helper), CredentialRevoked(NOW, revoked));
    expect((await shown(course)).deviations).toEqual({ credential: 1 });
  });
});
