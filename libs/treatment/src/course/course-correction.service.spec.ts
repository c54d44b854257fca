import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { allNo, refusal } from '#test/support/course-given.js';
import { type EquippedClinic, equippedClinic, PRODUCT } from '#test/support/memory-clinic.js';
import type { performSessionSchema } from './course.commands.js';
import { courseStream } from './course.events.js';
import { courseFold, type PerformedSession, type PlannedCourse } from './course.state.js';
import type { z } from 'zod';

/** What the service makes of a correction: references and wall times are read as the entry reads by then. */
let at: EquippedClinic;
let course: string;
let berlin: string;

type Data = z.infer<typeof performSessionSchema>;

beforeEach(async () => {
  at = await equippedClinic();
  const { clinic, site, physician, consultation } = at;
  const quietHours = { from: '21:00', to: '09:00' };
  const place = { name: 'BER', timeZone: 'Europe/Berlin', language: 'de', quietHours };
  berlin = (await clinic.sites.register(clinic.meta(), place)).id;
  const plan = { consultation, site, practitioner: physician, protocol: 'facial', plannedSessions: 4 };
  course = (await clinic.courses.plan(clinic.meta(), plan)).id;
});

/** Records a session at 12:00 on the day. */
async function perform(data: Partial<Data> = {}): Promise<void> {
  const { clinic, site, physician, lots } = at;
  const place = { kind: 'course' as const, site, practitioner: physician, at: '2026-01-05T12:00' };
  const session = (await clinic.courses.book(clinic.meta(), course, place)).id;
  clinic.now = '2026-01-05T17:00:00.000Z';
  await clinic.courses.perform(clinic.meta(), course, session, {
    at: '2026-01-05T12:00',
    areas: ['face'],
    device: 'needle',
    depthMm: 2,
    products: [{ product: PRODUCT, lotNumber: lots[0] }],
    reactions: [],
    identifiers: ['name', 'birth-date'],
    check: allNo(facial),
    overrides: [],
    ...data,
  });
}

async function correct(change: object): Promise<PerformedSession> {
  const { clinic } = at;
  const stream = courseStream(course);
  const entry = clinic.events(stream).find(({ type }) => type === 'SessionPerformed');
  const said = { data: { type: 'SessionPerformed', ...change } as never, reason: 'typed wrongly' };
  await clinic.corrections.correctEntry(clinic.meta(), course, entry?.header.id ?? '', said);
  const { state } = await clinic.runner.read(clinic.chain, stream, courseFold);
  return (state as PlannedCourse).sessions[0] as PerformedSession;
}

it('[correction.follows] leaves standing what an earlier correction said', async () => {
  await perform();
  expect((await correct({ at: '2026-01-05T14:00' })).at.wall).toBe('2026-01-05T14:00');
  const moved = await correct({ site: berlin });
  expect(moved.at).toMatchObject({ wall: '2026-01-05T14:00', zone: 'Europe/Berlin' });
  const again = await correct({ at: '2026-01-05T12:10' });
  expect(again).toMatchObject({ siteId: berlin, at: { wall: '2026-01-05T12:10', zone: 'Europe/Berlin' } });
});

it('[correction.follows] shows the end and the steps of a session in the zone of the site that it was moved to', async () => {
  const steps = facial.steps.map(({ code }) => ({ code, at: '2026-01-05T12:10' }));
  await perform({ endedAt: '2026-01-05T12:45', steps });
  const moved = await correct({ site: berlin });
  expect(moved).toMatchObject({ endedAt: { wall: '2026-01-05T12:45', zone: 'Europe/Berlin' }, durationMinutes: 45 });
  expect(moved.steps?.map((step) => step.at?.zone)).toEqual(facial.steps.map(() => 'Europe/Berlin'));
  expect(moved.steps?.[0]?.at?.instant).toBe('2026-01-05T11:10:00.000Z');
});

it('[follow-up.lasting-reaction] reports one adverse event of a reaction, however often its judgement is taken back', async () => {
  await perform({ reactions: ['redness'] });
  const { clinic, site, physician, nurse, patient } = at;
  clinic.now = '2026-01-20T17:00:00.000Z';
  const seen = { site, kind: 'remote' as const, at: '2026-01-20T10:00', reactions: ['redness' as const] };
  const followUp = (await clinic.courses.holdFollowUp(clinic.meta(), course, seen)).id;
  const found = { kind: 'other' as const, severity: 'mild' as const, owner: physician };
  const judgement = { practitioner: nurse, reaction: 'redness' as const, judgement: 'adverse-event' as const };
  const judge = () =>
    clinic.courses.judgeReaction(clinic.meta(), course, followUp, { ...judgement, note: 'red', adverseEvent: found });
  await judge();
  const entry = clinic.events(courseStream(course)).at(-1)?.header.id ?? '';
  await clinic.corrections.retractEntry(clinic.meta(), course, entry, 'judged too early', physician);
  await judge();
  const reported = clinic.events(`patient-${patient}`).filter(({ type }) => type === 'AdverseEventReported');
  expect(reported).toHaveLength(1);
});

it('[plan.by-physician] takes back a change of plan where a physician is named', async () => {
  const { clinic, physician, nurse } = at;
  const changed = { plannedSessions: 5, physician, reason: 'it works' };
  await clinic.courses.changePlan(clinic.meta(), course, changed);
  const entry = clinic.events(courseStream(course)).at(-1)?.header.id ?? '';
  const retract = (named?: string) =>
    clinic.corrections.retractEntry(clinic.meta(), course, entry, 'never said', named);
  const refused = async (attempt: Promise<unknown>) => {
    const error: unknown = await attempt.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return refusal(() => {
      if (error) throw error as Error;
    }).rules;
  };
  expect(await refused(retract())).toEqual(['plan.by-physician']);
  expect(await refused(retract(nurse))).toEqual(['plan.by-physician']);
  await retract(physician);
  expect(clinic.events(courseStream(course)).at(-1)?.data).toMatchObject({ retracts: entry, physicianId: physician });
});

describe('answers of the check, said anew', () => {
  const facts = () =>
    at.clinic
      .events(`patient-${at.patient}`)
      .filter(({ type }) => type === 'HealthFactRecorded')
      .map(({ data }) => [data['kind'], data['statement'], data['since']]);

  it('[session.held] tell the record of the patient what holds beyond the session, once, from the day of the session on', async () => {
    await perform();
    at.clinic.now = '2026-02-20T10:00:00.000Z';
    const length = at.clinic.log.length;
    await correct({ check: { pregnancy: 'yes' } });
    expect(facts()).toEqual([['condition', 'pregnancy', '2026-01-05']]);
    // Both in one append.
    const [said, learned] = at.clinic.log.slice(length);
    expect([said?.type, learned?.type]).toEqual(['SessionPerformedCorrected', 'HealthFactRecorded']);
    await correct({ check: { pregnancy: 'no' } });
    await correct({ check: { pregnancy: 'yes' } });
    expect(facts()).toHaveLength(1);
  });
  it('[session.held] take every substance of the session for one of an allergy, as nobody names it (S0-C5)', async () => {
    await perform();
    await correct({ check: { 'allergy-to-planned-substance': 'yes' } });
    expect(facts()).toEqual([['allergy', 'hyaluronic acid', '2026-01-05']]);
  });
  it('[session.held] tell it nothing where they are about the session alone, which waits for a review all the same', async () => {
    await perform();
    const said = await correct({ check: { 'new-medication': 'yes' } });
    expect([facts(), said.checkUndecided]).toEqual([[], true]);
  });
});

it('[consultation.cleared] [protocol.published-then] says when a course was planned by what held then', async () => {
  const { clinic } = at;
  const [plan] = clinic.events(courseStream(course));
  const known = plan?.occurredAt.instant ?? '';
  const moved = (wall: string) => {
    const said = { data: { type: 'CoursePlanned' as const, at: wall }, reason: 'typed wrongly' };
    return clinic.corrections.correctEntry(clinic.meta(), course, plan?.header.id ?? '', said);
  };
  await expect(moved('2024-01-01T10:00')).rejects.toMatchObject({ fields: [{ rule: 'consultation.cleared' }] });
  clinic.now = '2026-01-08T10:00:00.000Z';
  await moved('2026-01-07T10:00');
  const { state } = await clinic.runner.read(clinic.chain, courseStream(course), courseFold);
  const { plannedAt } = state as PlannedCourse;
  expect([plannedAt > known, plannedAt]).toEqual([true, '2026-01-07T07:00:00.000Z']);
});
