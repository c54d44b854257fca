import { PistorError } from '#libs/kernel/src/errors.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { allNo } from '#test/support/course-given.js';
import { consentOf, type EquippedClinic, equippedClinic, PRODUCT } from '#test/support/memory-clinic.js';
import { courseStream } from './course.events.js';
import { bookedSessions, courseFold, type PlannedCourse } from './course.state.js';
import { loadStanding } from './session-standing.js';

/**
 * What crosses streams: a course is judged by consultations, registrations and other courses as they stand, through the
 * services, and what stands against a session ahead of it is what refuses it then.
 */
let at: EquippedClinic;
let course: string;

beforeEach(async () => {
  at = await equippedClinic();
});

const rulesOf = (error: unknown): (string | undefined)[] => {
  if (error instanceof PistorError) return error.fields.map(({ rule }) => rule);
  throw error;
};
const refused = (answer: Promise<unknown>) => answer.then(() => ['nothing'], rulesOf);

async function plan(consultation = at.consultation, more: object = {}): Promise<string> {
  const { clinic, site, physician } = at;
  const data = { consultation, site, practitioner: physician, protocol: 'facial', plannedSessions: 4, ...more };
  return (course = (await clinic.courses.plan(clinic.meta(), data)).id);
}

const book = async (wall = '2026-01-08T12:00', more: object = {}): Promise<string> => {
  const { clinic, site, physician } = at;
  const place = { kind: 'course' as const, site, practitioner: physician, at: wall, ...more };
  return (await clinic.courses.book(clinic.meta(), course, place)).id;
};

const perform = (session: string, wall = '2026-01-08T12:00', more: object = {}): Promise<CommandAnswer> =>
  at.clinic.courses.perform(at.clinic.meta(), course, session, {
    at: wall,
    areas: ['face'],
    device: 'needle',
    depthMm: 2,
    durationMinutes: 45,
    products: [{ product: PRODUCT, lotNumber: at.lots[0] }],
    reactions: [],
    identifiers: ['name', 'birth-date'],
    check: allNo(facial),
    overrides: [],
    ...more,
  });

/** The rules that stand against the booked sessions. */
async function standing(): Promise<string[]> {
  const { clinic } = at;
  const reads = {
    load: (stream: never, fold: never) => clinic.runner.read(clinic.chain, stream, fold),
    events: (stream: string) => Promise.resolve(clinic.events(stream)),
  };
  const { state } = await clinic.runner.read(clinic.chain, courseStream(course), courseFold);
  const booked = bookedSessions(state as PlannedCourse);
  const found = await Promise.all(
    booked.map((each) => loadStanding(reads as never, clinic.chain, state as PlannedCourse, each, clinic.found)),
  );
  return found.flat().map(({ rule }) => rule);
}

/** A consultation of the patient with what they answered, cleared and signed on a day of January. */
async function consult(
  day: string,
  answers: readonly { readonly code: string; readonly details: string[] }[] = [],
  patient = at.patient,
  products: readonly { readonly product: string }[] = [],
): Promise<string> {
  const { clinic, site, physician: practitioner } = at;
  const notes = Object.fromEntries(facial.consultation.map(({ code }) => [code, 'noted']));
  const held = { site, practitioner, procedure: 'facial', patient, notes, at: `${day}T08:00` };
  const { id } = await clinic.consultations.hold(clinic.meta(), held);
  const said = facial.screening.contraindications.map(({ code }) => {
    const yes = answers.find((each) => each.code === code);
    return yes ? { ...yes, answer: 'yes' as const } : { code, answer: 'no' as const };
  });
  const when = { at: `${day}T08:10` };
  await clinic.consultations.answer(clinic.meta(), id, { answers: said, ...when });
  if (products.length > 0) await clinic.consultations.considerProducts(clinic.meta(), id, { products: [...products] });
  for (const { code } of answers) {
    await clinic.consultations.override(clinic.meta(), id, { code, practitioner, reason: 'agreed', ...when });
  }
  const cleared = { practitioner, conclusion: { outcome: 'cleared' as const }, reason: '', ...when };
  await clinic.consultations.conclude(clinic.meta(), id, cleared);
  await clinic.consultations.signConsent(clinic.meta(), id, consentOf(day, null));
  return id;
}

const learn = (kind: 'condition' | 'medication' | 'allergy', statement: string, patient = at.patient) =>
  at.clinic.patients.recordHealthFact(at.clinic.meta(), patient, { kind, statement, since: '2026-01-05', until: null });

const OPEN = '2026-01-08T15:00:00.000Z';

it.each([
  ['anticoagulant', 'warfarin', 'medication', 'rivaroxaban', 'session.contraindication'],
  ['history-review', 'migraine', 'condition', 'haemophilia', 'session.health-review'],
] as const)(
  '[override.later-knowledge] blocks for what was learned after %s was overridden for %s, and before it was said again',
  async (code, accepted, kind, learned, rule) => {
    const consultation = await consult('2026-01-05', [{ code, details: [accepted] }]);
    await plan(consultation);
    const session = await book();
    expect(await standing()).toEqual([]);
    await learn(kind, learned);
    expect(await standing()).toEqual([rule]);
    at.clinic.now = OPEN;
    expect(await refused(perform(session))).toEqual([rule]);
    const { clinic, physician: practitioner } = at;
    await clinic.consultations.override(clinic.meta(), consultation, { code, practitioner, reason: 'agreed' });
    expect(await standing()).toEqual([]);
    // It is 18:00 at the site: what was agreed then does not stand for an hour before it.
    expect(await refused(perform(session, '2026-01-08T17:00'))).toEqual([rule]);
    expect(await refused(perform(session, '2026-01-08T18:00'))).toEqual(['nothing']);
  },
);

describe('a withdrawal in another consultation', () => {
  const withdraw = async (consultation: string) => {
    const { clinic } = at;
    await clinic.consultations.withdrawConsent(clinic.meta(), consultation, { procedure: 'facial' });
  };
  const entryOf = (consultation: string) =>
    at.clinic.events(`consultation-${consultation}`).find(({ type }) => type === 'ConsentWithdrawn')?.header.id ?? '';

  it('[consent.withdrawn] ends the consent that the course rests on, until it is taken back', async () => {
    const other = await consult('2026-01-05');
    await plan();
    const session = await book();
    at.clinic.now = '2026-01-06T07:00:00.000Z';
    await withdraw(other);
    expect(await standing()).toEqual(['consent.missing']);
    at.clinic.now = OPEN;
    expect(await refused(perform(session))).toEqual(['consent.missing']);
    const { clinic } = at;
    await clinic.consultationEntries.retract(clinic.meta(), other, entryOf(other), { reason: 'another patient' });
    expect(await standing()).toEqual([]);
    expect(await refused(perform(session))).toEqual(['nothing']);
  });
  it('[consent.withdrawn] leaves standing what the patient signs after it, on the same day and under the same form', async () => {
    const other = await consult('2026-01-05');
    await plan();
    await book();
    await withdraw(other);
    expect(await standing()).toEqual(['consent.missing']);
    const { clinic, consultation } = at;
    await clinic.consultations.signConsent(clinic.meta(), consultation, consentOf('2026-01-05', null));
    expect(await standing()).toEqual([]);
  });
  it('[consent.withdrawn] follows a correction of its time', async () => {
    const other = await consult('2026-01-05');
    await plan();
    const session = await book();
    at.clinic.now = OPEN;
    await withdraw(other);
    const { clinic } = at;
    expect(await refused(perform(session, '2026-01-08T17:59'))).toEqual(['nothing']);
    const correction = { data: { type: 'ConsentWithdrawn', procedure: 'facial', at: '2026-01-07T10:00' } as const };
    await clinic.consultationEntries.correct(clinic.meta(), other, entryOf(other), { ...correction, reason: 'late' });
    await clinic.corrections.retractEntry(clinic.meta(), course, lastEntry('SessionPerformed'), 'to be judged anew');
    expect(await refused(perform(session, '2026-01-08T17:59'))).toEqual(['consent.missing']);
  });
  it('[consent.missing] [consent.withdrawn] is not given by planning or renewing on a consent that was withdrawn elsewhere', async () => {
    const other = await consult('2026-01-05');
    await plan();
    at.clinic.now = '2026-01-06T07:00:00.000Z';
    await withdraw(other);
    expect(await refused(plan())).toEqual(['consent.missing']);
    const anew = await consult('2026-01-06');
    expect(await refused(at.clinic.courses.renewConsultation(at.clinic.meta(), course, anew))).toEqual(['nothing']);
  });
});

const lastEntry = (type: string): string =>
  at.clinic.events(courseStream(course)).findLast((each) => each.type === type)?.header.id ?? '';

it('[consent.missing] [consultation.expired] records a session of a day on which the course rested on an older consultation', async () => {
  await plan();
  const session = await book('2026-01-06T12:00');
  at.clinic.now = OPEN;
  const newer = await consult('2026-01-08');
  await at.clinic.courses.renewConsultation(at.clinic.meta(), course, newer);
  expect(await refused(perform(session, '2026-01-06T12:00'))).toEqual(['nothing']);
});

describe('an adverse event', () => {
  const report = async (onsetOn: string) => {
    const { clinic, site, patient, physician } = at;
    const data = {
      site,
      kind: 'infection',
      severity: 'mild',
      owner: physician,
      onsetOn,
      description: 'swollen',
    } as const;
    return (await clinic.adverseEvents.report(clinic.meta(), patient, data as never)).id;
  };
  it('[session.open-adverse-event] that came after a session does not keep it from being entered', async () => {
    await plan();
    const session = await book('2026-01-06T12:00');
    at.clinic.now = OPEN;
    await report('2026-01-07');
    expect(await refused(perform(session, '2026-01-07T12:00'))).toEqual(['nothing']);
  });
  it('[session.open-adverse-event] that was closed since stands against a session held while it was open', async () => {
    await plan();
    const session = await book('2026-01-07T12:00');
    at.clinic.now = '2026-01-06T07:00:00.000Z';
    const event = await report('2026-01-05');
    at.clinic.now = OPEN;
    const { clinic, patient, physician } = at;
    const closed = { physician, outcome: 'recovered' as const, note: 'healed' };
    await clinic.adverseEvents.close(clinic.meta(), { patient, adverseEvent: event }, closed);
    expect(await refused(perform(session, '2026-01-07T12:00'))).toEqual(['session.open-adverse-event']);
    expect(await refused(perform(session, '2026-01-08T18:00'))).toEqual(['nothing']);
  });
});

describe('the pre-treatment check', () => {
  const hold = (session: string, positive: string[], more: object = {}) =>
    at.clinic.courses.holdSession(at.clinic.meta(), course, session, { practitioner: at.nurse, positive, ...more });
  const allergies = () =>
    at.clinic
      .events(`patient-${at.patient}`)
      .flatMap(({ type, data }) => (type === 'HealthFactRecorded' && data.kind === 'allergy' ? [data.statement] : []));

  it('[session.hold-stays] leaves an allergy in the patient’s record, wherever the session is moved or booked anew (S0-C5)', async () => {
    await plan();
    const session = await book();
    await hold(session, ['allergy-to-planned-substance'], { substances: ['hyaluronic acid'] });
    expect(allergies()).toEqual(['hyaluronic acid']);
    const { clinic } = at;
    await clinic.courses.reschedule(clinic.meta(), course, session, { at: '2026-01-09T12:00' });
    expect(await standing()).toEqual(['session.held']);
    await clinic.courses.simple(clinic.meta(), course, { type: 'CancelSession', sessionId: session, reason: 'held' });
    const next = await book();
    clinic.now = OPEN;
    expect(await refused(perform(next))).toEqual(['session.contraindication-absolute']);
  });
  it('[session.hold-stays] takes every planned substance for one of them where nobody names it (S0-C5)', async () => {
    await plan();
    const session = await book();
    const { clinic, lots } = at;
    const products = [{ product: PRODUCT, lotNumber: lots[0] }];
    await clinic.courses.simple(clinic.meta(), course, { type: 'PlanSessionProducts', sessionId: session, products });
    await hold(session, ['allergy-to-planned-substance']);
    expect(allergies()).toEqual(['hyaluronic acid']);
  });
  it('[session.hold-stays] goes over to the session that is booked in the place of one that was held (S0-P1)', async () => {
    await plan();
    const session = await book();
    await hold(session, ['infection-at-site']);
    const { clinic, physician } = at;
    await clinic.courses.simple(clinic.meta(), course, { type: 'CancelSession', sessionId: session, reason: 'held' });
    const next = await book('2026-01-08T15:00');
    expect(await standing()).toEqual(['session.held']);
    clinic.now = OPEN;
    expect(await refused(perform(next, '2026-01-08T15:00'))).toEqual(['session.held']);
    const proceed = { physician, decision: 'proceed' as const, reason: 'healed' };
    await clinic.courses.decideHold(clinic.meta(), course, next, proceed);
    // It is 18:00 at the site: at three the decision was still to come.
    expect(await refused(perform(next, '2026-01-08T15:00'))).toEqual(['session.held']);
    expect(await refused(perform(next, '2026-01-08T18:00'))).toEqual(['nothing']);
  });
});

it('[plan.contraindication] plans no course for a patient who turned out to be pregnant since (S0-C1)', async () => {
  await learn('condition', 'pregnancy');
  expect(await refused(plan())).toEqual(['plan.contraindication']);
});

describe('an allergy to a product without a lot', () => {
  const ABSOLUTE = 'session.contraindication-absolute';
  it('[plan.contraindication] keeps a course from being planned with it, by its latest lots (S0-C5)', async () => {
    await learn('allergy', 'hyaluronic acid');
    expect(await refused(plan(at.consultation, { products: [PRODUCT] }))).toEqual(['plan.contraindication']);
    expect(await refused(plan())).toEqual(['nothing']);
  });
  it('[session.contraindication-absolute] blocks a session that is planned with it (S0-C5)', async () => {
    await plan();
    await book('2026-01-08T12:00', { products: [{ product: PRODUCT }] });
    expect(await standing()).toEqual([]);
    await learn('allergy', 'hyaluronic acid');
    expect(await standing()).toEqual([ABSOLUTE]);
  });
  it('[session.contraindication-absolute] blocks a session of a plan with it that names no product itself (S0-C5)', async () => {
    await plan(at.consultation, { products: [PRODUCT] });
    const session = await book();
    await learn('allergy', 'hyaluronic acid');
    expect(await standing()).toEqual([ABSOLUTE]);
    const { clinic, site } = at;
    const plain = { site, product: 'Plain', lotNumber: 'P1', expiresOn: '2030-01-01', receivedOn: '2026-01-01' };
    await clinic.lots.receive(clinic.meta(), { ...plain, ingredients: ['mannitol'] });
    const products = [{ product: 'Plain' }];
    await clinic.courses.simple(clinic.meta(), course, { type: 'PlanSessionProducts', sessionId: session, products });
    expect(await standing()).toEqual([]);
    // With a lot that has not come yet nobody knows more than without one.
    const coming = [{ product: PRODUCT, lotNumber: 'not yet' }];
    await clinic.courses.simple(clinic.meta(), course, {
      ...{ type: 'PlanSessionProducts', sessionId: session },
      products: coming,
    });
    expect(await standing()).toEqual([ABSOLUTE]);
  });
  it('[session.contraindication-absolute] blocks by all that the protocol names where no lot of a considered product was received (S0-C5)', async () => {
    const consultation = await consult('2026-01-05', [], at.patient, [{ product: 'Never received' }]);
    await plan(consultation);
    await book();
    expect(await standing()).toEqual([]);
    await learn('allergy', 'hyaluronic acid');
    expect(await standing()).toEqual([ABSOLUTE]);
    const { clinic, site } = at;
    const lot = { site, product: 'Never received', lotNumber: 'N1', expiresOn: '2030-01-01', receivedOn: '2026-01-05' };
    await clinic.lots.receive(clinic.meta(), { ...lot, ingredients: ['mannitol'] });
    expect(await standing()).toEqual([]);
  });
  it('[session.hold-stays] is left in the record for what the plan names, where nobody names the substance (S0-C5)', async () => {
    await plan(at.consultation, { products: [PRODUCT] });
    const session = await book();
    const { clinic, nurse: practitioner, patient } = at;
    const positive = ['allergy-to-planned-substance'];
    await clinic.courses.holdSession(clinic.meta(), course, session, { practitioner, positive });
    const said = clinic.events(`patient-${patient}`).filter(({ type }) => type === 'HealthFactRecorded');
    expect(said.map(({ data }) => data.statement)).toEqual(['hyaluronic acid']);
  });
});

describe('a later consultation that is not cleared', () => {
  const other = async (outcome: 'refused' | 'deferred', until?: string) => {
    const { clinic, site, patient, physician: practitioner } = at;
    clinic.now = '2026-01-06T07:00:00.000Z';
    const held = { site, practitioner, procedure: 'facial', patient, notes: {}, at: '2026-01-06T08:00' };
    const { id } = await clinic.consultations.hold(clinic.meta(), held);
    const conclusion = outcome === 'refused' ? { outcome } : { outcome, until: until ?? '' };
    const data = { practitioner, conclusion, reason: 'not now', at: '2026-01-06T08:10' };
    await clinic.consultations.conclude(clinic.meta(), id, data);
    return id;
  };
  beforeEach(async () => {
    await plan();
  });

  it('[consultation.cleared] keeps what was cleared before it from being planned on, booked on or treated on (S2-V1)', async () => {
    const session = await book();
    await other('refused');
    expect(await refused(plan())).toEqual(['consultation.cleared']);
    expect(await refused(book('2026-01-09T12:00'))).toEqual(['consultation.cleared']);
    expect(await standing()).toEqual(['consultation.cleared']);
    at.clinic.now = OPEN;
    expect(await refused(perform(session))).toEqual(['consultation.cleared']);
  });
  it('[consultation.cleared] leaves what took place before it, and gives way to a newer one that is cleared (S2-V1)', async () => {
    const session = await book('2026-01-05T18:00');
    await book('2026-01-20T12:00');
    await other('refused');
    at.clinic.now = OPEN;
    expect(await refused(perform(session, '2026-01-05T18:00'))).toEqual(['nothing']);
    expect(await standing()).toEqual(['consultation.cleared']);
    const newer = await consult('2026-01-08');
    await at.clinic.courses.renewConsultation(at.clinic.meta(), course, newer);
    expect(await standing()).toEqual([]);
  });
  it('[consultation.cleared] holds it up to the day until which it is deferred (S2-V1)', async () => {
    await book();
    await other('deferred', '2026-01-09');
    expect(await standing()).toEqual(['consultation.cleared']);
    expect(await refused(plan())).toEqual(['consultation.cleared']);
    expect(await refused(book('2026-01-09T12:00'))).toEqual(['nothing']);
  });
  it('[consultation.cleared] stands against nothing once its conclusion is taken back (S2-V1)', async () => {
    await book();
    const id = await other('refused');
    const { clinic } = at;
    const entry = clinic.events(`consultation-${id}`).find(({ type }) => type === 'ConsultationConcluded');
    await clinic.consultationEntries.retract(clinic.meta(), id, entry?.header.id ?? '', { reason: 'another patient' });
    expect(await standing()).toEqual([]);
    expect(await refused(plan())).toEqual(['nothing']);
  });
});
