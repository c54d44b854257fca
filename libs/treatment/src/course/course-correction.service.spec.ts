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
  await clinic.courses.correctEntry(clinic.meta(), course, entry?.header.id ?? '', said);
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
  await clinic.courses.retractEntry(clinic.meta(), course, entry, 'judged too early', physician);
  await judge();
  const reported = clinic.events(`patient-${patient}`).filter(({ type }) => type === 'AdverseEventReported');
  expect(reported).toHaveLength(1);
});

it('[plan.by-physician] takes back a change of plan where a physician is named', async () => {
  const { clinic, physician, nurse } = at;
  const changed = { plannedSessions: 5, physician, reason: 'it works' };
  await clinic.courses.changePlan(clinic.meta(), course, changed);
  const entry = clinic.events(courseStream(course)).at(-1)?.header.id ?? '';
  const retract = (named?: string) => clinic.courses.retractEntry(clinic.meta(), course, entry, 'never said', named);
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
