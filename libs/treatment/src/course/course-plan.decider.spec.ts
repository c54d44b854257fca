import { newId } from '#libs/kernel/src/ids.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import {
  at,
  cleared,
  courseId,
  followUp,
  given,
  nurse,
  patient,
  patientId,
  performed,
  personWith,
  physician,
  physicianId,
  planned,
  practitionerId,
  refusal,
  siteId,
} from '#test/support/course-given.js';
import { decide, rules } from '#test/support/course-decided.js';
import type { CourseCommand } from './course.decider.js';
import { type CourseStreamEvent } from './course.events.js';
import { courseFold, type PlannedCourse } from './course.state.js';

describe('planning a course', () => {
  const plan = (changes: object = {}, data: object = {}): CourseCommand => ({
    type: 'PlanCourse',
    courseId,
    siteId,
    siteZone: 'Europe/Istanbul',
    practitionerId,
    practitioner: physician,
    protocol: facial,
    consultation: cleared,
    diedOn: null,
    data: { plannedSessions: 4, ...data },
    ...changes,
  });
  const refused = (changes: object, data: object = {}) => rules(plan(changes, data), courseFold.initial);

  it('[course.protocol-version] keeps the version of the protocol that it was planned with', () => {
    expect(decide(plan(), courseFold.initial)).toMatchObject([
      { type: 'CoursePlanned', data: { patientId, protocol: { code: 'facial', version: 1 }, plannedSessions: 4 } },
    ]);
  });
  it('[course.planned-once] is done once: what is chosen anew is a change of the plan (S2-F1)', () => {
    expect(refusal(() => decide(plan(), given(planned)))).toMatchObject({
      ...{ code: 'course.exists', rules: ['course.planned-once'], facts: ['S2-F1'] },
    });
  });
  it('[plan.contraindication] needs that nothing became known since which stands against it (S0-C1, S0-C7)', () => {
    const pregnant = { person: personWith({ conditions: ['pregnancy'] }) };
    expect(refused(pregnant)).toEqual(['plan.contraindication']);
    const onWarfarin = { person: personWith({ medications: ['warfarin'] }) };
    expect(refused(onWarfarin)).toEqual(['plan.contraindication']);
    const overrides = [
      { code: 'anticoagulant', practitionerId: physicianId, on: '2026-01-02', reason: 'low dose', position: 2 },
    ];
    expect(decide(plan({ ...onWarfarin, consultation: { ...cleared, overrides } }), courseFold.initial)).toHaveLength(
      1,
    );
    // What a physician must look at waits for the session.
    expect(decide(plan({ person: personWith({ conditions: ['migraine'] }) }), courseFold.initial)).toHaveLength(1);
  });
  it('[plan.contraindication] needs that nobody is allergic to a product of the plan, which has no lot yet (S0-C5)', () => {
    const person = personWith({ allergies: ['Hyaluronic acid'] });
    const products = ['GlowMeso HA'];
    const madeOf = (...ingredients: string[]) => ({ person, compositions: new Map([['GlowMeso HA', ingredients]]) });
    expect(refused(madeOf('mannitol', 'hyaluronic acid'), { products })).toEqual(['plan.contraindication']);
    expect(decide(plan(madeOf('mannitol'), { products }), courseFold.initial)).toHaveLength(1);
    // What nobody knows of a product may be all that the protocol names.
    expect(refused({ person }, { products })).toEqual(['plan.contraindication']);
    expect(decide(plan({ person }), courseFold.initial)).toHaveLength(1);
  });
  it('[consultation.cleared] needs a cleared consultation', () => {
    expect(refused({ consultation: { ...cleared, conclusion: { outcome: 'refused' } } })).toEqual([
      'consultation.cleared',
    ]);
    expect(refused({ consultation: { ...cleared, conclusion: undefined } })).toEqual(['consultation.cleared']);
  });
  it('[consultation.cleared] comes after the clearance, on the same day too', () => {
    const consultation = { ...cleared, concludedOn: '2026-03-02', concludedAt: at('2026-03-02T09:30').instant };
    const consents = [{ procedure: 'facial', signedOn: '2026-03-02', validUntil: null }];
    const planAt = (wall: string) => plan({ consultation: { ...consultation, consents }, at: at(wall) });
    expect(refusal(() => decide(planAt('2026-03-02T06:00'), courseFold.initial)).rules).toEqual([
      'consultation.cleared',
    ]);
    expect(decide(planAt('2026-03-02T09:30'), courseFold.initial)).toHaveLength(1);
  });
  it('[consultation.expired] needs findings that still hold at the start', () => {
    expect(refused({ consultation: { ...cleared, concludedOn: '2025-03-01' } })).toEqual(['consultation.expired']);
    expect(decide(plan({ consultation: { ...cleared, concludedOn: '2025-03-02' } }), courseFold.initial)).toHaveLength(
      1,
    );
  });
  it('[consent.missing] needs a consent for the procedure that is in force', () => {
    expect(refused({ consultation: { ...cleared, consents: [] } })).toEqual(['consent.missing']);
    const ended = [{ procedure: 'facial', signedOn: '2026-01-01', validUntil: '2026-03-01' }];
    expect(refused({ consultation: { ...cleared, consents: ended } })).toEqual(['consent.missing']);
  });
  it('[consent.guardian] needs the consent of a guardian for a minor, on the day on which it is planned', () => {
    const born = (birthDate: string) => ({
      person: {
        patients: [
          { ...patient, identity: { familyName: 'Doe', givenName: 'Jane', birthDate, sex: 'female' as const } },
        ],
      },
    });
    const signedBy = (by: 'patient' | 'guardian') => ({
      consultation: {
        ...cleared,
        consents: [{ procedure: 'facial', signedOn: '2026-01-02', validUntil: null, signedBy: by }],
      },
    });
    expect(refused({ ...born('2010-05-05'), ...signedBy('patient') })).toEqual(['consent.guardian']);
    expect(decide(plan({ ...born('2010-05-05'), ...signedBy('guardian') }), courseFold.initial)).toHaveLength(1);
    expect(decide(plan({ ...born('2005-05-05'), ...signedBy('patient') }), courseFold.initial)).toHaveLength(1);
    const turns18 = { ...born('2008-02-20'), ...signedBy('patient') };
    expect(decide(plan(turns18), courseFold.initial)).toHaveLength(1);
    expect(refused({ ...turns18, at: at('2026-02-02T10:00') })).toEqual(['consent.guardian']);
  });
  it('[course.session-count] takes a number of sessions outside the range only with the physician’s reason (S1-N1)', () => {
    expect(refusal(() => decide(plan({}, { plannedSessions: 9 }), courseFold.initial))).toEqual({
      code: 'course.plan-refused',
      rules: ['course.session-count'],
      facts: ['S1-N1'],
    });
    expect(decide(plan({}, { plannedSessions: 9, countReason: 'worn skin' }), courseFold.initial)).toHaveLength(1);
  });
  it('[plan.interval] takes days between sessions outside the range only with the physician’s reason (S1-N1)', () => {
    const week = { intervalDays: { min: 7, max: 14 } };
    expect(refused({}, week)).toEqual(['plan.interval']);
    expect(decide(plan({}, { ...week, intervalReason: 'leaves soon' }), courseFold.initial)).toHaveLength(1);
    expect(decide(plan({}, { intervalDays: { min: 14, max: 14 } }), courseFold.initial)).toHaveLength(1);
  });
  it('[course.session-count] [plan.interval] takes no such reason from anybody but a physician', () => {
    const reasons = {
      plannedSessions: 9,
      countReason: 'asked for',
      intervalDays: { min: 7, max: 14 },
      intervalReason: 'hurry',
    };
    expect(refused({ practitioner: nurse }, reasons)).toEqual(['course.session-count', 'plan.interval']);
    expect(decide(plan({}, reasons), courseFold.initial)).toHaveLength(1);
  });
  it('[plan.patient-died] plans nothing for a patient who has died', () => {
    expect(refused({ diedOn: '2026-03-01' })).toEqual(['plan.patient-died']);
    expect(decide(plan({ diedOn: '2026-03-02' }), courseFold.initial)).toHaveLength(1);
  });
  it('[plan.in-future] is entered late with the time at which it was planned, which has come', () => {
    const late = { at: at('2026-02-02T10:00') };
    const [event] = decide(plan(late), courseFold.initial);
    expect(event).toMatchObject({ type: 'CoursePlanned', occurredAt: { instant: '2026-02-02T07:00:00.000Z' } });
    expect(given(event as never)).toMatchObject({ plannedAt: '2026-02-02T07:00:00.000Z' });
    expect(refused({ at: at('2026-03-03T10:00') })).toEqual(['plan.in-future']);
  });
  it('[plan.in-future] is judged by what held when it was planned, not today', () => {
    const late = { at: at('2026-02-02T10:00') };
    const signed = [{ procedure: 'facial', signedOn: '2026-02-03', validUntil: null }];
    expect(refused({ ...late, consultation: { ...cleared, consents: signed } })).toEqual(['consent.missing']);
    const ended = [{ procedure: 'facial', signedOn: '2026-01-02', validUntil: '2026-02-02' }];
    expect(decide(plan({ ...late, consultation: { ...cleared, consents: ended } }), courseFold.initial)).toHaveLength(
      1,
    );
    expect(refused({ ...late, consultation: { ...cleared, concludedOn: '2026-02-03' } })).toEqual([
      'consultation.cleared',
    ]);
    const until = {
      ...physician,
      credentials: [{ procedures: ['facial'], validFrom: '2023-01-01', validTo: '2026-02-02' }],
    };
    const nine = { plannedSessions: 9, countReason: 'worn skin' };
    expect(decide(plan({ ...late, practitioner: until }, nine), courseFold.initial)).toHaveLength(1);
    expect(refused({ practitioner: until }, nine)).toEqual(['course.session-count']);
  });
  it('[plan.device] takes a device that the protocol names (S1-S1)', () => {
    expect(refused({}, { device: 'mechanical-gun' })).toEqual(['plan.device']);
    expect(decide(plan({}, { device: 'microneedle-device' }), courseFold.initial)).toHaveLength(1);
  });
  it('[consultation.procedure] follows what the consultation was about', () => {
    expect(refused({ consultation: { ...cleared, procedure: 'hair' } })).toEqual(['consultation.procedure']);
  });
  it('names everything that stands against it at once', () => {
    const changes = { consultation: { ...cleared, conclusion: undefined, consents: [] } };
    expect(refused(changes, { plannedSessions: 1 })).toHaveLength(3);
  });
});

describe('changing the plan', () => {
  const change = (data: object = {}, by: object = physician): CourseCommand => ({
    type: 'ChangeCoursePlan',
    physicianId,
    physician: by as never,
    on: '2026-03-02',
    protocol: facial,
    data: { physician: 'P1', plannedSessions: 6, reason: 'slow progress', ...data },
  });
  it('[plan.by-physician] is done by a physician, with the reason; the history keeps every plan (S2-F1)', () => {
    expect(rules(change({}, nurse))).toEqual(['plan.by-physician']);
    const events = decide(change({ areas: ['neck'] }));
    expect(events).toMatchObject([
      { type: 'CoursePlanChanged', data: { plannedSessions: 6, reason: 'slow progress' } },
    ]);
    const after = given(planned, ...events);
    expect(after).toMatchObject({ plannedSessions: 6, choices: { areas: ['neck'] } });
    expect(decide(change({ areas: ['neck'] }), after)).toEqual([]);
  });
  it('[plan.by-physician] is done by whoever may carry out the procedure on that day, not before or after it (S2-Q1)', () => {
    const valid = (validFrom: string, validTo: string | null, procedures = ['facial']) => ({
      ...physician,
      credentials: [{ procedures, validFrom, validTo }],
    });
    expect(decide(change({}, valid('2026-03-02', '2026-03-02')))).toHaveLength(1);
    expect(rules(change({}, valid('2023-01-01', '2026-03-01')))).toEqual(['plan.by-physician']);
    expect(rules(change({}, valid('2026-03-03', null)))).toEqual(['plan.by-physician']);
    expect(rules(change({}, valid('2023-01-01', null, ['hair'])))).toEqual(['plan.by-physician']);
    const copy = { ...facial, code: 'our-facial', procedure: 'facial' };
    expect(decide({ ...change(), protocol: copy } as CourseCommand)).toHaveLength(1);
  });
  it('[plan.below-performed] cannot undo sessions', () => {
    const two = given(planned, performed(newId(), '2026-01-05T10:00', 1), performed(newId(), '2026-01-19T10:00', 2));
    expect(rules(change({ plannedSessions: 1 }), two)).toEqual(['plan.below-performed']);
    expect(decide(change({ plannedSessions: 2 }), two)).toHaveLength(1);
  });
  it('[plan.follow-up-known] names a follow-up of the course (S2-F1)', () => {
    expect(rules(change({ followUp: newId() }))).toEqual(['plan.follow-up-known']);
    const seen = followUp('2026-03-01T10:00');
    expect(decide(change({ followUp: seen.data.followUpId }), given(planned, seen))).toHaveLength(1);
  });
  it('[consultation.of-patient] rests on a newer consultation of the same patient only', () => {
    const renew = (changes: object): CourseCommand => ({
      type: 'RenewConsultation',
      consultation: { ...cleared, consultationId: newId(), ...changes },
      protocol: facial,
      siteZone: 'Europe/Istanbul',
      person: { patients: [patient] },
    });
    expect(rules(renew({ patientId: newId() }))).toEqual(['consultation.of-patient']);
    expect(rules(renew({ conclusion: { outcome: 'refused' } }))).toEqual(['consultation.cleared']);
    const [event] = decide(renew({}));
    const state = given(planned, event as CourseStreamEvent) as PlannedCourse;
    expect(state.formerConsultationIds).toEqual([cleared.consultationId]);
  });
});
