import { addDays } from '#libs/kernel/src/local-date.js';
import { wallAt } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { allNo } from '#test/support/course-given.js';
import { PaperClinic, ZONE } from '#test/support/paper-clinic.js';
import { type Answer, refusalOf, type TestApi } from '#test/support/test-api.js';

/**
 * What stood against a session when it took place, over HTTP: neither another session, nor an earlier time, nor what is
 * decided afterwards is a way around it.
 */
let clinic: PaperClinic;
let api: TestApi;
let today: string;
let site: string;
let physician: string;

beforeAll(async () => {
  clinic = await PaperClinic.open();
  ({ api, today, site, physician } = clinic);
  await clinic.receive('L1');
});
afterAll(() => api?.close());

const ago = (days: number) => clinic.ago(days);
/** A wall time of this minute at the site. */
const thisMinute = async (): Promise<string> =>
  wallAt(await api.pistor.engine.chains.now(api.pistor.chain), ZONE).slice(0, 'yyyy-mm-ddThh:mm'.length);

interface Course {
  readonly course: string;
  readonly patient: string;
  readonly consultation: string;
}

/** A course of a new patient that was cleared and planned 60 days ago, with sessions at `/v1/courses/…`. */
async function course(): Promise<Course> {
  const patient = await clinic.register();
  const consultation = await clinic.clear(patient, 60);
  const id = await api.made('/v1/courses', clinic.plan(consultation, { at: `${ago(60)}T10:00` }));
  return { course: `/v1/courses/${id}`, patient, consultation };
}

const session = (at: string, check: object = {}) => clinic.session(at, { check: { ...allNo(facial), ...check } });
const recorded = (of: Course, at: string) =>
  api.post(`${of.course}/sessions/recorded`, { kind: 'course', ...session(at) });
const book = (of: Course, days: number) =>
  api.made(`${of.course}/sessions`, {
    kind: 'course',
    site,
    practitioner: physician,
    at: `${addDays(today, days)}T10:00`,
  });
const entryOf = async ({ course: path }: Course, type: string): Promise<string> => {
  await api.followed();
  const { body } = (await api.get(`${path}/history`)) as Answer;
  return body['items'].find((item: { type: string }) => item.type === type).eventId;
};

describe('a hold', () => {
  const proceed = () => ({ physician, decision: 'proceed', reason: 'healed' });
  const standing = async (of: Course, id: string) => {
    const { body } = (await api.get(`${of.course}/standing`)) as Answer;
    return body['sessions'].find((each: { id: string }) => each.id === id).fields.map(({ rule }: any) => rule);
  };

  it('[session.hold-stays] stands against a session that was booked already, and one that nobody booked', async () => {
    const of = await course();
    const [first, second] = [await book(of, 1), await book(of, 15)];
    await api.made(`${of.course}/sessions/${first}/hold`, { practitioner: physician, positive: ['infection-at-site'] });
    const decide = (id: string, decision: object) => api.made(`${of.course}/sessions/${id}/decide`, decision);
    const perform = async () => api.post(`${of.course}/sessions/${second}/perform`, session(await thisMinute()));
    for (const next of [
      () => decide(first, { ...proceed(), decision: 'do-not-treat' }),
      () => api.made(`${of.course}/sessions/${first}/cancel`, { reason: 'not treated' }),
      undefined,
    ]) {
      expect(await standing(of, second)).toEqual(['session.held']);
      expect(refusalOf(await perform())).toEqual([422, ['session.held']]);
      expect(refusalOf(await recorded(of, await thisMinute()))).toEqual([422, ['session.held']]);
      await next?.();
    }
    await decide(second, proceed());
    expect(await standing(of, second)).toEqual([]);
    // On the day on which it was found it is recorded as it was found, and before it was decided on it stood.
    const found = { 'infection-at-site': 'yes' };
    const of2 = `${of.course}/sessions/${second}/perform`;
    const early = await api.post(of2, session(`${ago(1)}T10:00`, found));
    // For the decision that came after it, and for what was found.
    expect(refusalOf(early)).toEqual([422, ['session.held', 'session.held']]);
    expect((await api.post(of2, session(await thisMinute(), found))).status).toBe(200);
  });
  it('[session.hold-stays] stands against another course of the person, until a physician decides in either', async () => {
    const of = await course();
    const held = await book(of, 1);
    const first = (step: string, data: object) => api.made(`${of.course}/sessions/${held}/${step}`, data);
    await first('hold', { practitioner: physician, positive: ['aspirin-or-nsaid', 'infection-at-site'] });
    await first('decide', { ...proceed(), decision: 'do-not-treat' });
    const id = await api.made('/v1/courses', clinic.plan(of.consultation, { at: `${ago(60)}T10:00` }));
    const other = { ...of, course: `/v1/courses/${id}` };
    const booked = await book(other, 15);
    const isHeld = async () => {
      expect(await standing(other, booked)).toEqual(['session.held']);
      expect(refusalOf(await recorded(other, await thisMinute()))).toEqual([422, ['session.held']]);
    };
    await isHeld();
    await api.made(`${other.course}/sessions/${booked}/decide`, proceed());
    expect(await standing(other, booked)).toEqual([]);
    // Whoever holds the first one again says so after that.
    await first('hold', { practitioner: physician, positive: ['infection-at-site'] });
    await isHeld();
    await first('decide', proceed());
    expect(await standing(other, booked)).toEqual([]);
    expect((await recorded(other, await thisMinute())).status).toBe(201);
  });
  it('[session.hold-stays] is not taken back with the booking', async () => {
    const of = await course();
    const id = await book(of, 1);
    await api.made(`${of.course}/sessions/${id}/hold`, { practitioner: physician, positive: ['aspirin-or-nsaid'] });
    const retract = async (type: string, more: object = {}) =>
      api.post(`${of.course}/entries/${await entryOf(of, type)}/retract`, { reason: 'by mistake', ...more });
    expect(refusalOf(await retract('SessionBooked', { physician }))).toEqual([422, ['session.hold-stays']]);
    expect((await retract('SessionHeld', { physician })).status).toBe(200);
    expect((await retract('SessionBooked')).status).toBe(200);
  });
  it('[session.hold-stays] is not washed out by taking back the booking and then the decision that had lifted it', async () => {
    const of = await course();
    const id = await book(of, 1);
    await api.made(`${of.course}/sessions/${id}/hold`, { practitioner: physician, positive: ['aspirin-or-nsaid'] });
    await api.made(`${of.course}/sessions/${id}/decide`, proceed());
    const retract = async (type: string) =>
      api.post(`${of.course}/entries/${await entryOf(of, type)}/retract`, { reason: 'by mistake', physician });
    expect((await retract('SessionBooked')).status).toBe(200);
    expect(refusalOf(await retract('SessionHoldDecided'))).toEqual([422, ['session.hold-stays']]);
  });
});

it('[override.before-session] is given before the session, or when it was on paper before it (S0-C7)', async () => {
  const of = await course();
  const takes = { kind: 'medication', statement: 'warfarin', since: ago(59) };
  await api.made(`/v1/patients/${of.patient}/health-facts`, takes);
  const late = () => recorded(of, `${ago(58)}T10:00`);
  const override = (more: object = {}) =>
    api.made(`/v1/consultations/${of.consultation}/overrides`, {
      ...{ code: 'anticoagulant', practitioner: physician, reason: 'low dose' },
      ...more,
    });
  expect(refusalOf(await late())).toEqual([422, ['session.contraindication']]);
  await override();
  expect(refusalOf(await late())).toEqual([422, ['session.contraindication']]);
  // As it stood on paper; what a physician said again later, they had said then.
  await override({ reason: 'low dose, INR 2.1', at: `${ago(59)}T12:00` });
  await override({ reason: 'low dose still' });
  expect((await late()).status).toBe(201);
});

it('[correction.adverse-event-open] keeps an open adverse event with the entry that a correction gave it', async () => {
  const of = await course();
  await recorded(of, `${ago(58)}T10:00`);
  await api.made(`${of.course}/follow-ups`, { site, kind: 'remote', at: `${ago(56)}T12:00`, reactions: [] });
  const followUp = await entryOf(of, 'FollowUpHeld');
  const adverseEvent = { kind: 'infection', severity: 'severe' };
  const data = { type: 'FollowUpHeld', adverseEvent };
  await api.made(`${of.course}/entries/${followUp}/correct`, { data, reason: 'it was forgotten' });
  const retract = (id: string) => api.post(`${of.course}/entries/${id}/retract`, { reason: 'by mistake' });
  expect(refusalOf(await retract(followUp))).toEqual([422, ['correction.adverse-event-open']]);
  await api.followed();
  const { body } = (await api.get(`${of.course}/history`)) as Answer;
  const [correction] = body['items'].find((item: any) => item.eventId === followUp).corrections;
  expect(refusalOf(await retract(correction.eventId))).toEqual([422, ['correction.adverse-event-open']]);
});

it('[consultation.cleared] is no session, and no course, of an hour before the clearance (S2-V1)', async () => {
  const of = await course();
  const early = await api.post('/v1/courses', clinic.plan(of.consultation, { at: `${ago(60)}T06:00` }));
  expect(refusalOf(early)).toEqual([422, ['consultation.cleared']]);
});
