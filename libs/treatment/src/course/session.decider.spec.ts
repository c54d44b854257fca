import { ERASED } from '#libs/event-store/src/personal-data.js';
import type { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import {
  at,
  booked,
  cleared,
  followUp,
  given,
  lotWith,
  NOW,
  nurse,
  ofCourse,
  patient,
  perform,
  performed,
  personWith,
  physician,
  physicianId,
  planned,
  practitionerId,
  refusal,
  sessionId,
  siteId,
  world,
  allNo,
} from '#test/support/course-given.js';
import { decide, override, ready, rules, rulesOrNone } from '#test/support/course-decided.js';
import type { CourseCommand } from './course.decider.js';
import {
  CoursePlanChanged,
  CourseStopped,
  type CourseStreamEvent,
  SessionHeld,
  SessionHoldDecided,
  SessionRescheduled,
} from './course.events.js';
import { type PlannedCourse } from './course.state.js';
import type { SessionWorld } from './session-finding.js';
import { intervals } from './session-protocol.rules.js';
import { standingFindings } from './session.rules.js';

describe('performing a session', () => {
  it('is recorded when nothing stands against it', () => {
    expect(decide(perform())).toMatchObject([
      { type: 'SessionPerformed', data: { sessionId, number: 1, kind: 'course', overridden: [] } },
    ]);
  });
  it('[session.two-identifiers] needs two identifiers of the patient', () => {
    expect(rules(perform({}, { identifiers: ['name', 'name'] }))).toEqual(['session.two-identifiers']);
  });
  it('[session.check-complete] needs every question of the pre-treatment check answered (S0-P1, S4-C1, S0-C1)', () => {
    expect(new Set(rules(perform({}, { check: {} })))).toEqual(new Set(['session.check-complete']));
    expect(refusal(() => decide(perform({}, { check: {} }))).facts).toEqual(
      expect.arrayContaining(['S0-P1', 'S4-C1', 'S0-C1']),
    );
  });
  it('[session.held] [session.hold-decided] holds a positive answer for a physician’s written decision (S0-P1)', () => {
    const positive = { check: { ...allNo(), 'aspirin-or-nsaid': 'yes' as const } };
    expect(refusal(() => decide(perform({}, positive)))).toMatchObject({ rules: ['session.held'], facts: ['S0-P1'] });
    const held = SessionHeld(occurredNow(NOW), {
      ...ofCourse,
      sessionId,
      practitionerId,
      positive: ['aspirin-or-nsaid'],
    });
    const waiting = given(planned, booked(sessionId, '2026-03-02T17:00'), held);
    expect(rules(perform(), waiting)).toEqual(['session.held']);
    const decision = (by: object, choice: 'proceed' | 'do-not-treat'): CourseCommand => ({
      type: 'DecideSessionHold',
      sessionId,
      physicianId,
      physician: by as never,
      protocol: facial,
      otherCourses: [],
      decision: choice,
      reason: 'one low dose',
    });
    expect(rules(decision(nurse, 'proceed'), waiting)).toEqual(['session.hold-decided']);
    expect(rules(decision({ ...physician, credentials: [] }, 'proceed'), waiting)).toEqual(['session.hold-decided']);
    expect(rules(decision(physician, 'proceed'))).toEqual(['session.hold-decided']);
    const after = (choice: 'proceed' | 'do-not-treat') =>
      given(planned, booked(sessionId, '2026-03-02T17:00'), held, ...decide(decision(physician, choice), waiting));
    expect(decide(perform({}, positive, '2026-03-02T18:00'), after('proceed'))).toHaveLength(1);
    expect(decide(decision(physician, 'proceed'), after('proceed'))).toEqual([]);
    expect(rules(perform(), after('do-not-treat'))).toEqual(['session.held']);
  });
  it('[session.check-absolute] lets nobody decide to go on with pregnancy or an allergy (S0-C1, S0-C5)', () => {
    const hold: CourseCommand = {
      type: 'HoldSession',
      sessionId,
      practitionerId,
      protocol: facial,
      otherCourses: [],
      data: { practitioner: 'N1', positive: ['pregnancy'] },
    };
    const events = decide(hold);
    const waiting = given(planned, booked(sessionId, '2026-03-02T17:00'), ...events);
    expect(decide(hold, waiting)).toEqual([]);
    const proceed: CourseCommand = {
      type: 'DecideSessionHold',
      sessionId,
      physicianId,
      physician,
      protocol: facial,
      otherCourses: [],
      decision: 'proceed',
      reason: 'early',
    };
    expect(refusal(() => decide(proceed, waiting))).toMatchObject({
      rules: ['session.check-absolute'],
      facts: ['S0-C1'],
    });
    for (const code of ['pregnancy', 'allergy-to-planned-substance']) {
      expect(rules(perform({ practitioner: physician }, { check: { ...allNo(), [code]: 'yes' } }))).toEqual([
        'session.check-absolute',
      ]);
    }
  });
  it('[session.check-absolute] keeps what was found before when the session is held again', () => {
    const hold = (positive: string[]): CourseCommand => ({
      type: 'HoldSession',
      sessionId,
      practitionerId,
      protocol: facial,
      otherCourses: [],
      data: { practitioner: 'N1', positive },
    });
    const history = [planned, booked(sessionId, '2026-03-02T17:00'), ...decide(hold(['pregnancy']))];
    const again = [...history, ...decide(hold(['aspirin-or-nsaid']), given(...history))];
    const by = { physicianId, physician, protocol: facial, otherCourses: [] };
    const proceed = { decision: 'proceed' as const, reason: 'one low dose', ...by };
    expect(rules({ type: 'DecideSessionHold', sessionId, ...proceed }, given(...again))).toEqual([
      'session.check-absolute',
    ]);
  });
  it('[session.held] asks everything anew on another day', () => {
    const asked = occurredNow(at('2026-03-02T09:50').instant);
    const held = SessionHeld(asked, {
      ...ofCourse,
      sessionId,
      practitionerId,
      positive: ['new-medication'],
    });
    const proceed = { ...ofCourse, sessionId, physicianId, decision: 'proceed' as const, reason: 'harmless' };
    const history = [planned, booked(sessionId, '2026-03-02T10:00'), held, SessionHoldDecided(asked, proceed)];
    const moved = (wall: string) =>
      SessionRescheduled(occurredNow(NOW), { ...ofCourse, sessionId, siteId, practitionerId, at: at(wall) });
    const positive = { check: { ...allNo(), 'new-medication': 'yes' as const } };
    expect(decide(perform({}, positive), given(...history, moved('2026-03-02T17:00')))).toHaveLength(1);
    expect(rules(perform({}, positive), given(...history, moved('2026-03-03T17:00')))).toEqual(['session.held']);
  });
  it('[session.check-known] takes no answer to a question that the protocol does not ask', () => {
    expect(rules(perform({}, { check: { ...allNo(), mood: 'no' } }))).toEqual(['session.check-known']);
  });
  it('[session.beyond-plan] has as many sessions as the plan', () => {
    const four = ['2026-01-05', '2026-01-19', '2026-02-02', '2026-02-16'].map((date, n) =>
      performed(newId(), `${date}T10:00`, n + 1),
    );
    const state = given(planned, ...four, booked(sessionId, '2026-03-02T17:00', 5));
    expect(rules(perform(), state)).toEqual(['session.beyond-plan']);
  });
  it('[consultation.of-patient] [consultation.procedure] [consultation.cleared] rests on a cleared consultation of the patient about the procedure, in every session', () => {
    const begun = given(planned, performed(newId(), '2026-02-16T10:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    const resting = (changes: object) => rules(perform({ consultation: { ...cleared, ...changes } }), begun);
    expect(resting({ patientId: newId() })).toEqual(['consultation.of-patient']);
    expect(resting({ procedure: 'general', consents: cleared.consents })).toEqual(['consultation.procedure']);
    expect(resting({ conclusion: { outcome: 'refused' } })).toEqual(['consultation.cleared']);
    expect(resting({ conclusion: undefined })).toEqual(['consultation.cleared']);
  });
  it('[consent.guardian] needs a guardian’s signature for a minor, on the day of the session', () => {
    const born = (birthDate: string) => ({
      person: { patients: [{ ...patient, identity: { ...(patient.identity as object), birthDate } as never }] },
    });
    const signed = (signedBy: 'patient' | 'guardian') => ({
      consultation: { ...cleared, consents: cleared.consents.map((each) => ({ ...each, signedBy })) } as never,
    });
    expect(rules(perform({ ...born('2010-01-01'), ...signed('patient') }))).toEqual(['consent.guardian']);
    expect(decide(perform({ ...born('2010-01-01'), ...signed('guardian') }))).toHaveLength(1);
    expect(decide(perform({ ...born('2008-03-02'), ...signed('patient') }))).toHaveLength(1);
  });
  it('[session.contraindication] takes the override of a physician who may carry out the procedure on that day only', () => {
    const heart = { person: personWith({ conditions: ['cardiovascular-disease'] }) };
    const orderedBy = { ...physician, credentials: [] } as never;
    expect(rules(perform({ ...heart, orderedBy }, override('contraindication')))).toEqual([
      'session.order',
      'session.contraindication',
    ]);
    expect(decide(perform(heart, override('contraindication')))).toHaveLength(1);
  });
  it('[session.check-known] is held for a question that the protocol asks', () => {
    const hold: CourseCommand = {
      type: 'HoldSession',
      sessionId,
      practitionerId,
      protocol: facial,
      otherCourses: [],
      data: { practitioner: 'N1', positive: ['bad-mood'] },
    };
    expect(rules(hold)).toEqual(['session.check-known']);
  });
  it('[session.order] lets a nurse treat on a named physician’s order only', () => {
    expect(rules(perform({ orderedBy: undefined }))).toEqual(['session.order']);
    expect(rules(perform({ orderedBy: nurse }))).toEqual(['session.order']);
    const late = [{ procedures: ['facial'], validFrom: '2026-03-03', validTo: null }];
    for (const credentials of [[], late]) {
      expect(rules(perform({ orderedBy: { ...physician, credentials } as never }))).toEqual(['session.order']);
    }
    expect(decide(perform({ practitioner: physician, orderedBy: undefined }))).toHaveLength(1);
  });
  it('[session.interval-short] is refused too early for the interval, unless overridden with a reason (S1-N1)', () => {
    const early = given(planned, performed(newId(), '2026-02-20T10:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    expect(refusal(() => decide(perform(), early))).toMatchObject({
      rules: ['session.interval-short'],
      facts: ['S1-N1'],
    });
    expect(decide(perform({}, override('interval-short', 'the patient travels')), early)).toMatchObject([
      { data: { overridden: ['interval-short'], overrideReasons: { 'interval-short': 'the patient travels' } } },
    ]);
  });
  it('[session.interval-short] counts sessions of the person’s other courses of the procedure, at any site', () => {
    const other = given(planned, performed(newId(), '2026-02-20T10:00', 1, { siteId: newId() })) as PlannedCourse;
    expect(rules(perform({ otherCourses: [other] }))).toEqual(['session.interval-short']);
    const hair = { ...other, protocol: { code: 'hair', version: 1 } };
    expect(decide(perform({ otherCourses: [hair] }))).toHaveLength(1);
    // A copy is for the same procedure as what was copied, under its own code or under that of the other.
    const copy = { ...hair, protocol: { code: 'our-facial', version: 1 }, procedure: 'facial' };
    expect(rules(perform({ otherCourses: [copy] }))).toEqual(['session.interval-short']);
    const ours = { ...facial, code: 'our-facial', procedure: 'hair' };
    const credentials = [{ procedures: ['hair'], validFrom: '2023-01-01', validTo: null }];
    const of = (who: typeof nurse) => ({ ...who, credentials }) as typeof nurse;
    const both = { practitioner: of(nurse), orderedBy: of(physician) };
    expect(rules(perform({ ...both, otherCourses: [hair], protocol: ours }))).toEqual(['session.interval-short']);
  });
  it('[session.interval-short] takes the days that the physician chose for the course', () => {
    const choices = { intervalDays: { min: 7, max: 14 } };
    const early = given(planned, performed(newId(), '2026-02-20T10:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    const chosen = { ...(early as PlannedCourse), choices: choices as never };
    expect(decide(perform(), chosen)).toHaveLength(1);
  });
  it('[session.interval-short] [session.interval-long] entered late is judged by the plan that held when it began', () => {
    const changed = (wall: string, min: number, max: number) =>
      CoursePlanChanged(occurredAt(at(wall)), {
        ...{ ...ofCourse, plannedSessions: 4, intervalDays: { min, max } },
        ...{ practitionerId: physicianId, reason: 'as the skin allows' },
      });
    const first = performed(newId(), '2026-02-10T10:00', 1);
    const on = (wall: string, ...events: CourseStreamEvent[]) => {
      const state = given(planned, first, ...events) as PlannedCourse;
      return intervals(state, { protocol: facial, otherCourses: [] }, { kind: 'course', at: at(wall) });
    };
    const since = changed('2026-02-26T10:00', 21, 28);
    expect(on('2026-02-24T10:00', since)).toEqual([]);
    expect(on('2026-03-02T10:00', since)).toMatchObject([
      { rule: 'session.interval-short', accepted: '21 to 28 days' },
    ]);
    expect(on('2026-02-25T10:00', changed('2026-02-26T10:00', 7, 30))).toMatchObject([
      { rule: 'session.interval-long', seen: '15 days', accepted: '14 to 14 days' },
    ]);
    // The one after it goes by the plan of its own time.
    const next = performed(newId(), '2026-03-01T10:00', 2);
    expect(on('2026-02-24T10:00', next)).toMatchObject([{ seen: '5 days', accepted: '14 to 14 days' }]);
    expect(on('2026-02-24T10:00', next, changed('2026-02-26T10:00', 5, 10))).toEqual([]);
    expect(on('2026-02-24T10:00', next, changed('2026-02-26T10:00', 6, 10))).toMatchObject([
      { rule: 'session.interval-short', seen: '5 days', accepted: '6 to 10 days' },
    ]);
  });
  it('[session.credential] is refused without a credential that is valid on that day (S2-Q1)', () => {
    const withCredentials = (credentials: object[]) => perform({ practitioner: { ...nurse, credentials } as never });
    expect(rules(withCredentials([]))).toEqual(['session.credential']);
    const until = (validTo: string) => [{ procedures: ['facial'], validFrom: '2023-01-01', validTo }];
    expect(rules(withCredentials(until('2026-03-01')))).toEqual(['session.credential']);
    expect(decide(withCredentials(until('2026-03-02')))).toHaveLength(1);
  });
  it('[lot.expired] [lot.not-received] is refused with a lot that expired, or was not received at that site', () => {
    expect(rules(perform({ lots: [lotWith({ expiresOn: '2026-03-01' })] }))).toEqual(['lot.expired']);
    expect(rules(perform({ lots: [{ lot: { status: 'none' }, recall: { status: 'none' } }] }))).toEqual([
      'lot.not-received',
    ]);
    expect(rules(perform({ lots: [lotWith({ receivedOn: '2026-03-03' })] }))).toEqual(['lot.not-received']);
    expect(decide(perform({ lots: [lotWith({ expiresOn: '2026-03-02' })] }))).toHaveLength(1);
  });
  it('[lot.recalled] is refused with a lot that is recalled on that day, whatever the reason', () => {
    const latest = { recalledOn: '2026-03-01', lift: null };
    const recall = { status: 'recalled', recalledOn: '2026-03-01', notices: [latest], latest } as never;
    const lots = [{ ...lotWith(), recall }];
    expect(rules(perform({ lots }, override('lot-expired')))).toEqual(['lot.recalled']);
    const later = { status: 'recalled', recalledOn: '2026-03-03', notices: [{ ...latest, recalledOn: '2026-03-03' }] };
    expect(decide(perform({ lots: [{ ...lotWith(), recall: later as never }] }))).toHaveLength(1);
  });
  it('[lot.vial-expiry] is refused with an opened vial after its own expiry', () => {
    const vialId = newId();
    const vial = (usableUntil: string) => [
      { entryId: newId(), vialId, openedAt: at('2026-03-02T08:00'), usableUntil: at(usableUntil) },
    ];
    const products = [{ product: 'GlowMeso HA', lotNumber: 'L1', vialId }];
    const from = (usableUntil: string) => perform({ lots: [lotWith({ vials: vial(usableUntil) })] }, { products });
    expect(rules(from('2026-03-02T16:59'))).toEqual(['lot.vial-expiry']);
    expect(decide(from('2026-03-02T20:00'))).toHaveLength(1);
  });
  it('[lot.expired] [session.credential] [consent.missing] cannot override a lot, a credential or a consent, whatever the reason', () => {
    const overrides = (['lot-expired', 'credential', 'consent'] as const).map((deviation) => ({
      deviation,
      reason: 'please',
    }));
    const changes: Partial<SessionWorld> = {
      lots: [lotWith({ expiresOn: '2026-03-01' })],
      practitioner: { ...physician, credentials: [] } as never,
      consultation: { ...cleared, consents: [] },
    };
    expect(new Set(rules(perform(changes, { overrides })))).toEqual(
      new Set(['consent.missing', 'session.credential', 'lot.expired']),
    );
  });
  it('[consent.missing] is refused when the consent is missing, withdrawn or expired', () => {
    const withConsent = (consents: object[]) => perform({ consultation: { ...cleared, consents } as never });
    const signed = { procedure: 'facial', signedOn: '2026-01-02', validUntil: null };
    expect(rules(withConsent([]))).toEqual(['consent.missing']);
    expect(rules(withConsent([{ ...signed, validUntil: '2026-03-01' }]))).toEqual(['consent.missing']);
    expect(rules(withConsent([{ ...signed, withdrawnOn: '2026-02-01' }]))).toEqual(['consent.missing']);
  });
  it('[consent.withdrawn] is judged by the time of the withdrawal: what was done in the morning was consented to', () => {
    const [signed] = cleared.consents;
    const withdrawn = (hour: string) => ({
      ...signed,
      withdrawnOn: '2026-03-02',
      withdrawnAt: at(`2026-03-02T${hour}`).instant,
    });
    const after = (hour: string) => perform({ consultation: { ...cleared, consents: [withdrawn(hour)] as never } });
    expect(decide(after('17:01'))).toHaveLength(1);
    expect(rules(after('16:59'))).toEqual(['consent.missing']);
  });
  it('[consent.withdrawn] ends what was signed before it in every consultation of the person', () => {
    const withdrawnOn = (on: string, procedure = 'facial') => {
      const withdrawal = { consultationId: newId(), procedure, on, at: at(`${on}T12:00`).instant, position: 9 };
      return perform({ person: { patients: [{ ...patient, consentWithdrawals: [withdrawal] }] } });
    };
    expect(rules(withdrawnOn('2026-02-01'))).toEqual(['consent.missing']);
    expect(rules(withdrawnOn('2026-01-02'))).toEqual(['consent.missing']);
    // Of another procedure, or before the signature.
    expect(decide(withdrawnOn('2026-02-01', 'hair'))).toHaveLength(1);
    expect(decide(withdrawnOn('2026-01-01'))).toHaveLength(1);
  });
  it('[consent.missing] [consultation.cleared] rests on the consultation of its day, although the course has a newer one', () => {
    const newer = {
      ...cleared,
      consultationId: newId(),
      concludedOn: '2026-03-03',
      consents: [{ procedure: 'facial', signedOn: '2026-03-03', validUntil: null }],
    };
    expect(decide(perform({ consultation: newer, formerConsultations: [cleared] }))).toHaveLength(1);
    expect(rules(perform({ consultation: newer }))).toEqual(['consent.missing', 'consultation.cleared']);
    const refused = { ...cleared, conclusion: { outcome: 'refused' } } as const;
    expect(rules(perform({ consultation: newer, formerConsultations: [refused] }))).toEqual(['consultation.cleared']);
  });
  it('[consultation.cleared] takes place after the consultation was cleared, on the same day too', () => {
    const clearedAt = (wall: string) => ({
      consultation: { ...cleared, concludedOn: wall.slice(0, 10), concludedAt: at(wall).instant },
    });
    expect(rules(perform(clearedAt('2026-03-02T17:01')))).toEqual(['consultation.cleared']);
    expect(decide(perform(clearedAt('2026-03-02T17:00')))).toHaveLength(1);
    // Where only the day is known, the day counts.
    expect(decide(perform({ consultation: { ...cleared, concludedOn: '2026-03-02' } }))).toHaveLength(1);
    // In the morning the course rested on the one before it.
    const { consultation } = clearedAt('2026-03-02T17:30');
    const renewed = { consultation, formerConsultations: [cleared] };
    expect(decide(perform(renewed))).toHaveLength(1);
  });
  it('[consultation.expired] begins with its first session, in whatever order they are entered', () => {
    const late = given(planned, performed(newId(), '2026-03-02T17:30', 1), booked(sessionId, '2026-03-02T17:00', 2));
    const old = { consultation: { ...cleared, concludedOn: '2025-02-01' } };
    const far = override('interval-short', 'as it was');
    expect(rules(perform(old, far, '2026-02-10T17:00'), late)).toEqual(['consultation.expired']);
    expect(decide(perform({}, far, '2026-02-10T17:00'), late)).toHaveLength(1);
  });
  it('[consultation.expired] begins while what the consultation found still holds, and goes on after', () => {
    const old = { consultation: { ...cleared, concludedOn: '2025-03-01' } };
    expect(rules(perform(old))).toEqual(['consultation.expired']);
    const begun = given(planned, performed(newId(), '2026-02-16T10:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    expect(decide(perform(old), begun)).toHaveLength(1);
  });
  it('[session.contraindication] [session.contraindication-absolute] lets only a physician override a contraindication, and never pregnancy or an allergy (S0-C1, S0-C5)', () => {
    const reason = override('contraindication', 'stable for years');
    const heart = { person: personWith({ conditions: ['cardiovascular-disease'] }), orderedBy: undefined };
    expect(rules(perform(heart, reason))).toEqual(['session.order', 'session.contraindication']);
    expect(decide(perform({ ...heart, practitioner: physician }, reason))).toHaveLength(1);
    const pregnant = { person: personWith({ conditions: ['pregnancy'] }), practitioner: physician };
    expect(refusal(() => decide(perform(pregnant, reason)))).toMatchObject({
      rules: ['session.contraindication-absolute'],
      facts: ['S0-C1'],
    });
    const allergic = { person: personWith({ allergies: ['Hyaluronic Acid'] }), practitioner: physician };
    expect(refusal(() => decide(perform(allergic, reason))).facts).toContain('S0-C5');
  });
  it('[session.contraindication] does not ask again for what a physician has overridden in the consultation', () => {
    const heart = personWith({ conditions: ['cardiovascular-disease'] });
    const code = facial.screening.contraindications.find(({ facts }) => facts.includes('S0-C3'))?.code ?? '';
    const overrides = [{ code, practitionerId: physicianId, on: '2026-01-02', reason: 'stable', position: 1 }];
    expect(decide(perform({ person: heart, consultation: { ...cleared, overrides } }))).toHaveLength(1);
  });
  it('[override.before-session] was overridden before it took place, and not since (S0-C3)', () => {
    const person = personWith({ conditions: ['cardiovascular-disease'] });
    const code = facial.screening.contraindications.find(({ facts }) => facts.includes('S0-C3'))?.code ?? '';
    const overridden = (wall: string, position = 1) => ({
      ...{ code, practitionerId: physicianId, on: wall.slice(0, 10), at: at(wall).instant, reason: 'stable', position },
    });
    const refused = (more: Partial<typeof cleared>) =>
      rulesOrNone(perform({ person, consultation: { ...cleared, ...more } }));
    const [before, after] = [overridden('2026-03-02T17:00'), overridden('2026-03-02T17:01')];
    expect(refused({ overrides: [after] })).toEqual(['session.contraindication']);
    expect(refused({ overrides: [overridden('2026-03-03T09:00')] })).toEqual(['session.contraindication']);
    expect(refused({ overrides: [before] })).toEqual([]);
    // What a physician says again later, they had said before.
    expect(refused({ overrides: [after], formerOverrides: [before] })).toEqual([]);
  });
  it('[override.before-session] accepts, entered late, what was true on its own day (S0-C7)', () => {
    const fact = (value: string, since: string) => ({
      ...{ factId: newId(), kind: 'medication' as const, since, until: null, consultationId: null, recordedAt: NOW },
      ...{ value, position: 1 },
    });
    const code = 'anticoagulant';
    const overrides = [{ code, practitionerId: physicianId, on: '2026-01-20', reason: 'low dose', position: 5 }];
    const refused = (...healthFacts: ReturnType<typeof fact>[]) => {
      const person = { patients: [{ ...patient, healthFacts }] };
      return rulesOrNone(perform({ person, consultation: { ...cleared, overrides } }));
    };
    expect(refused(fact('Warfarin', '2026-01-10'))).toEqual([]);
    expect(refused(fact('Warfarin', '2026-01-10'), fact('Rivaroxaban', '2026-02-10'))).toEqual([
      'session.contraindication',
    ]);
  });
  it('[override.later-knowledge] is blocked by what was learned after the override, under the same contraindication (S0-C7, S4-C1)', () => {
    const overridden = (code: string) => ({
      ...cleared,
      overrides: [{ code, practitionerId: physicianId, on: '2026-01-02', reason: 'low dose', position: 2 }],
    });
    const learned = (...facts: (readonly ['condition' | 'medication', string, number])[]) => ({
      patients: [
        {
          ...patient,
          healthFacts: facts.map(([kind, value, position]) => ({
            ...{ factId: newId(), since: '2026-01-01', until: null, consultationId: null, recordedAt: NOW },
            ...{ kind, value, position },
          })),
        },
      ],
    });
    const refused = (code: string, ...facts: Parameters<typeof learned>) => {
      const command = perform({ person: learned(...facts), consultation: overridden(code) });
      const standing = standingFindings(
        ready as PlannedCourse,
        { ...command.world, lots: [] },
        { kind: 'course', at: command.at, hold: undefined, planned: [] },
      ).map(({ rule }) => rule);
      const refusals = rulesOrNone(command);
      expect(refusals).toEqual(standing);
      return refusals;
    };
    expect(refused('anticoagulant', ['medication', 'Warfarin', 1])).toEqual([]);
    expect(refused('anticoagulant', ['medication', 'Warfarin', 1], ['medication', 'warfarin', 3])).toEqual([]);
    expect(refused('anticoagulant', ['medication', 'Warfarin', 1], ['medication', 'Rivaroxaban', 3])).toEqual([
      'session.contraindication',
    ]);
    expect(refused('history-review', ['condition', 'migraine', 1])).toEqual([]);
    expect(refused('history-review', ['condition', 'migraine', 1], ['condition', 'haemophilia', 3])).toEqual([
      'session.health-review',
    ]);
  });
  it('[override.later-knowledge] accepts nothing of a registration that was linked after it', () => {
    const other = newId();
    const fact = {
      factId: newId(),
      since: '2026-01-01',
      until: null,
      consultationId: null,
      recordedAt: NOW,
      position: 1,
    };
    const elsewhere = {
      ...patient,
      patientId: other,
      healthFacts: [{ ...fact, kind: 'medication' as const, value: 'warfarin' }],
    };
    const linkedAt = (position: number) => ({
      patients: [{ ...patient, links: [{ linkId: newId(), otherPatientId: other, position }] }, elsewhere],
    });
    const overrides = [
      { code: 'anticoagulant', practitionerId: physicianId, on: '2026-01-02', reason: 'agreed', position: 3 },
    ];
    const after = (position: number) =>
      perform({ person: linkedAt(position), consultation: { ...cleared, overrides } });
    expect(rulesOrNone(after(2))).toEqual([]);
    expect(rulesOrNone(after(4))).toEqual(['session.contraindication']);
  });
  it('[session.contraindication] takes what is known of any linked registration, for the day of the session', () => {
    const elsewhere = (since: string, until: string | null) => ({
      patients: [
        patient,
        {
          ...patient,
          patientId: newId(),
          healthFacts: [
            {
              factId: newId(),
              kind: 'medication' as const,
              since,
              until,
              recordedAt: NOW,
              position: 1,
              value: 'Warfarin',
              consultationId: null,
            },
          ],
        },
      ],
    });
    expect(rules(perform({ person: elsewhere('2026-03-01', null) }))).toEqual(['session.contraindication']);
    expect(decide(perform({ person: elsewhere('2026-03-03', null) }))).toHaveLength(1);
    expect(decide(perform({ person: elsewhere('2026-01-01', '2026-03-01') }))).toHaveLength(1);
  });
  it('[session.health-erased] is refused when nobody can tell any more whether it is safe', () => {
    const erased = { ...patient, healthRecords: [{ since: null, position: 1, health: ERASED }] };
    expect(rules(perform({ person: { patients: [erased] } }))).toEqual(['session.health-erased']);
  });
  it('[session.open-adverse-event] waits until a physician has closed every adverse event of the person (S4-R2)', () => {
    const infected = followUp('2026-02-20T10:00', { adverseEvent: { kind: 'infection', severity: 'moderate' } });
    const state = given(planned, infected, booked(sessionId, '2026-03-02T17:00'));
    expect(refusal(() => decide(perform(), state))).toMatchObject({
      rules: ['session.open-adverse-event'],
      facts: ['S4-R2'],
    });
    const event = (status: 'open' | 'closed', adverseEventId: string) => {
      const closings = status === 'open' ? [] : [{ closedAt: at('2026-03-01T10:00').instant, reopenedAt: null }];
      const known = { adverseEventId, status, source: 'report', onsetOn: '2026-02-20', reportedAt: NOW, closings };
      return { patients: [{ ...patient, adverseEvents: [known] }] } as never;
    };
    expect(decide(perform({ person: event('closed', infected.data.followUpId) }), state)).toHaveLength(1);
    expect(rules(perform({ person: event('open', newId()) }))).toEqual(['session.open-adverse-event']);
    const other = given(planned, infected) as PlannedCourse;
    expect(rules(perform({ otherCourses: [other] }))).toEqual(['session.open-adverse-event']);
  });
  it('[session.open-adverse-event] is judged by when it took place, whenever it is entered (S4-R2)', () => {
    const wall = '2026-02-20T10:00';
    const of = (onsetOn: string, reported: string, ...closings: (readonly [string, string | null])[]) => {
      const known = {
        ...{ adverseEventId: newId(), source: 'report', onsetOn, reportedAt: at(reported).instant },
        status: closings.at(-1)?.[1] === null ? 'closed' : 'open',
        closings: closings.map(([closed, reopened]) => ({
          closedAt: at(closed).instant,
          reopenedAt: reopened === null ? null : at(reopened).instant,
        })),
      };
      return rulesOrNone(
        perform({ person: { patients: [{ ...patient, adverseEvents: [known as never] }] } }, {}, wall),
      );
    };
    const open = ['session.open-adverse-event'];
    // It came after the session.
    expect(of('2026-02-21', '2026-02-21T09:00')).toEqual([]);
    expect(of('2026-02-20', '2026-02-20T10:30')).toEqual([]);
    // It had come, and was closed only later.
    expect(of('2026-02-20', '2026-02-20T09:00')).toEqual(open);
    expect(of('2026-02-18', '2026-02-25T09:00', ['2026-02-26T09:00', null])).toEqual(open);
    expect(of('2026-02-10', '2026-02-10T09:00', ['2026-02-19T09:00', null])).toEqual([]);
    expect(of('2026-02-10', '2026-02-10T09:00', ['2026-02-15T09:00', '2026-02-19T09:00'])).toEqual(open);
    expect(of('2026-02-10', '2026-02-10T09:00', ['2026-02-15T09:00', '2026-02-24T09:00'])).toEqual([]);
    // The same of what a follow-up found.
    const found = followUp('2026-02-21T10:00', { adverseEvent: { kind: 'infection', severity: 'moderate' } });
    const state = given(planned, found, booked(sessionId, '2026-03-02T17:00'));
    expect(rulesOrNone(perform({}, {}, wall), state)).toEqual([]);
    expect(rulesOrNone(perform({}, {}, '2026-02-21T11:00'), state)).toEqual(open);
  });
  it('[session.patient-died] is refused after the patient’s death, and so is its booking', () => {
    expect(rules(perform({ person: { patients: [{ ...patient, diedOn: '2026-03-01' }] } }))).toEqual([
      'session.patient-died',
    ]);
  });
  it('[session.depth] [session.duration] records a depth or duration outside the range only with a reason (S3-D1, S4-U1)', () => {
    expect(rules(perform({}, { depthMm: 6, durationMinutes: 90 }))).toEqual(['session.depth', 'session.duration']);
    const free = perform({}, { depthMm: 6, device: 'needle-free', ...(override('device') as object) });
    expect(decide(free)).toHaveLength(1);
    const overrides = [
      { deviation: 'depth' as const, reason: 'scar' },
      { deviation: 'duration' as const, reason: 'large area' },
    ];
    expect(decide(perform({}, { depthMm: 6, durationMinutes: 90, overrides }))).toMatchObject([
      { data: { overridden: ['depth', 'duration'] } },
    ]);
  });
  it('[session.depth] checks the depth of each area where it differs (S3-D1)', () => {
    const products = [{ product: 'GlowMeso HA', lotNumber: 'L1', area: 'neck', depthMm: 5 }];
    expect(rules(perform({}, { products }))).toEqual(['session.depth']);
  });
  it('[session.duration] [session.ends-after-start] takes the duration from its end (S4-U1)', () => {
    const ending = (wall: string) =>
      perform({}, { durationMinutes: undefined }, '2026-03-02T16:00', { endedAt: at(wall) });
    expect(decide(ending('2026-03-02T16:40'))).toMatchObject([{ data: { durationMinutes: 40 } }]);
    expect(rules(ending('2026-03-02T17:45'))).toEqual(['session.duration']);
    expect(rules(ending('2026-03-02T15:59'))).toEqual(['session.ends-after-start']);
  });
  it('[session.duration-agrees] [session.steps-within] has one length, and its steps inside of it', () => {
    const step = (wall: string) => ({ code: 'cleansing', practitionerId, at: at(wall) });
    const of = (durationMinutes: number, end: string, ...walls: string[]) =>
      perform({}, { durationMinutes }, '2026-03-02T16:00', {
        endedAt: at(end),
        steps: [...walls.map(step), ...facial.steps.map(({ code }) => ({ code, practitionerId }))],
      });
    const overrides = [{ deviation: 'steps' as const, reason: 'as it goes' }];
    const rulesOf = (command: ReturnType<typeof perform>) =>
      rules({ ...command, data: { ...command.data, overrides } });
    expect(rulesOf(of(45, '2026-03-02T17:45'))).toEqual(['session.duration-agrees']);
    expect(rulesOf(of(45, '2026-03-02T16:45', '2026-03-02T15:00'))).toEqual(['session.steps-within']);
    expect(rulesOf(of(45, '2026-03-02T16:45', '2025-01-26T16:00'))).toEqual(['session.steps-within']);
    expect(rulesOf(of(45, '2026-03-02T16:45', '2026-03-02T16:30', '2026-03-02T16:10'))).toEqual([
      'session.steps-within',
    ]);
    expect(() => rulesOf(of(45, '2026-03-02T16:45', '2026-03-02T16:10'))).toThrow('Nothing was refused');
  });
  it('[session.credential] asks whoever does a step for a credential that is valid on that day, too (S2-Q1)', () => {
    const helper = (validTo: string) => ({
      ...nurse,
      practitionerId: newId(),
      credentials: [{ procedures: ['facial'], validFrom: '2023-01-01', validTo }],
    });
    expect(rules(perform({ stepsBy: [nurse, helper('2026-03-01')] }))).toEqual(['session.credential']);
    expect(decide(perform({ stepsBy: [nurse, helper('2026-03-02')] }))).toHaveLength(1);
  });
  it('[consultation.cleared] is refused on a day before its consultation was cleared', () => {
    const late = { ...cleared, concludedOn: '2026-03-03' };
    const begun = given(planned, performed(newId(), '2026-02-16T10:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    expect(rules(perform({ consultation: late }), begun)).toEqual(['consultation.cleared']);
    expect(decide(perform({ consultation: { ...late, concludedOn: '2026-03-02' } }), begun)).toHaveLength(1);
  });
  describe('that nobody had booked', () => {
    const unbooked = (changes: Partial<SessionWorld> = {}, wall = '2026-02-16T10:00', data = {}) =>
      perform(changes, data, wall, { kind: 'course', sessionId: newId() });

    it('[session.entered-late] is recorded with the time at which it took place', () => {
      const [event] = decide(unbooked(), given(planned));
      expect(event).toMatchObject({ type: 'SessionPerformed', data: { number: 1, at: { wall: '2026-02-16T10:00' } } });
      expect(given(planned, event as never)).toMatchObject({
        sessions: [{ status: 'performed', bookedFor: undefined }],
      });
      // Beside one that is booked it takes the next number.
      expect(decide(unbooked())).toMatchObject([{ data: { number: 2 } }]);
    });
    it('[session.entered-late] is judged as a booked one is, by what held when it took place', () => {
      const ended = [{ procedures: ['facial'], validFrom: '2023-01-01', validTo: '2026-02-16' }];
      expect(
        decide(unbooked({ practitioner: { ...nurse, credentials: ended } as never }), given(planned)),
      ).toHaveLength(1);
      const uncredentialed = { practitioner: { ...nurse, credentials: [] } };
      expect(rules(unbooked(uncredentialed), given(planned))).toEqual(['session.credential']);
      expect(rules(unbooked({}, '2026-01-01T10:00'), given(planned))).toEqual(['session.before-plan']);
      expect(rules(unbooked({}, '2026-03-03T10:00'), given(planned))).toEqual(['session.in-future']);
      expect(rules(unbooked({}, '2026-02-16T10:00', { identifiers: [] }), given(planned))).toEqual([
        'session.two-identifiers',
      ]);
      const stopped = CourseStopped(occurredNow('2026-02-16T06:00:00.000Z'), { ...ofCourse, reason: 'moved' });
      expect(rules(unbooked(), given(planned, stopped))).toEqual(['course.not-active']);
    });
    it('[session.entered-late] is no way around a hold that stood when it took place', () => {
      const held = SessionHeld(occurredNow('2026-02-16T08:00:00.000Z'), {
        ...ofCourse,
        sessionId,
        practitionerId,
        positive: ['aspirin-or-nsaid'],
      });
      const state = given(planned, booked(sessionId, '2026-02-16T17:00'), held);
      expect(rules(unbooked({}, '2026-02-16T17:00'), state)).toEqual(['session.held']);
      // 10:00 in Istanbul was an hour before the questions were asked, and the same day.
      expect(rules(unbooked({}, '2026-02-16T10:00'), state)).toEqual(['session.held']);
      expect(decide(unbooked({}, '2026-02-15T17:00'), state)).toHaveLength(1);
    });
    it('[session.entered-late] is within the plan, and maintenance comes after a completed course', () => {
      const full = given(
        { ...planned, data: { ...planned.data, plannedSessions: 1 } },
        performed(newId(), '2026-02-02T10:00', 1),
      );
      expect(rules(unbooked(), full)).toEqual(['session.beyond-plan']);
      expect(rules({ ...unbooked(), kind: 'maintenance' }, given(planned))).toEqual(['maintenance.after-course']);
    });
  });
  it('[session.credential] counts a credential for the procedure under a copy of its protocol (S2-Q1)', () => {
    const copy = { ...facial, code: 'our-facial', procedure: 'facial' };
    expect(decide(perform({ protocol: copy }))).toHaveLength(1);
    expect(rules(perform({ protocol: { ...copy, procedure: 'hair' } }))).toEqual([
      'session.order',
      'session.credential',
    ]);
  });
  it('[session.device] takes another device than the protocol names with a reason only (S1-S1)', () => {
    expect(rules(perform({}, { device: 'mechanical-gun' }))).toEqual(['session.device']);
    expect(decide(perform({}, { device: 'mechanical-gun', ...(override('device') as object) }))).toMatchObject([
      { data: { overridden: ['device'] } },
    ]);
  });
  it('[session.steps] takes the steps of the protocol in their order, or with a reason (S1-S1)', () => {
    const steps = (codes: string[]) => ({ steps: codes.map((code) => ({ code, practitionerId })) });
    const done = facial.steps.map(({ code }) => code);
    expect(decide(perform({}, {}, undefined, steps(done)))).toHaveLength(1);
    expect(rules(perform({}, {}, undefined, steps(done.toReversed())))).toEqual(['session.steps']);
    expect(rules(perform({}, {}, undefined, steps(done.slice(1))))).toEqual(['session.steps']);
    expect(decide(perform({}, override('steps'), undefined, steps([])))).toHaveLength(1);
  });
  it('[session.interval-short] [session.before-plan] keeps its distance from a later session, too, when it is entered late (S1-N1)', () => {
    const late = given(planned, performed(newId(), '2026-03-02T16:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    expect(rules(perform({}, {}, '2025-12-30T15:00'), late)).toEqual(['session.before-plan']);
    expect(rules(perform({}, {}, '2026-03-02T15:00'), late)).toEqual(['session.interval-short']);
  });
  it('[session.health-review] is held for a physician when the health record has what no list knows (S4-C1)', () => {
    const unlisted = { person: personWith({ medications: ['Warfarin 5 mg'] }) };
    const reason = override('contraindication', 'looked at');
    expect(refusal(() => decide(perform(unlisted))).facts).toContain('S4-C1');
    expect(decide(perform({ ...unlisted, practitioner: physician }, reason))).toHaveLength(1);
    expect(decide(perform(unlisted, reason))).toHaveLength(1);
  });
  it('[session.interval-long] is a deviation with its reason when it comes later than the protocol allows (S1-N1)', () => {
    const late = given(planned, performed(newId(), '2026-02-10T10:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    expect(rules(perform(), late)).toEqual(['session.interval-long']);
    expect(decide(perform({}, override('interval-long', 'the patient was abroad')), late)).toMatchObject([
      { data: { overridden: ['interval-long'], overrideReasons: { 'interval-long': 'the patient was abroad' } } },
    ]);
  });
  it('[session.interval-long] counts from the last session of the course itself, whatever lies between in another (S1-N1)', () => {
    const late = given(planned, performed(newId(), '2026-02-01T10:00', 1), booked(sessionId, '2026-03-02T17:00', 2));
    const other = given(planned, performed(newId(), '2026-02-16T10:00', 1)) as PlannedCourse;
    const among = { otherCourses: [{ ...other, courseId: newId() }] };
    expect(rules(perform(among), late)).toEqual(['session.interval-long']);
    // A course that has just begun is not late for a session of another one.
    expect(decide(perform({ otherCourses: [{ ...other, courseId: newId() }] }))).toHaveLength(1);
  });
  it('[session.in-future] [session.not-booked] is refused before it has begun, and when it was performed already', () => {
    expect(rules(perform({}, {}, '2026-03-02T19:00'))).toEqual(['session.in-future']);
    const done = given(planned, booked(sessionId, '2026-03-02T17:00'), performed(sessionId, '2026-03-02T17:00', 1));
    expect(refusal(() => decide(perform(), done)).code).toBe('session.not-booked');
  });
  it('names everything that stands against it at once, with what was seen and what would be accepted', () => {
    const changes: Partial<SessionWorld> = {
      lots: [{ lot: { status: 'none' }, recall: { status: 'none' } }],
      practitioner: { ...nurse, credentials: [] } as never,
    };
    const refused = (() => {
      try {
        return decide(perform(changes, { depthMm: 9 }));
      } catch (error) {
        return error as PistorError;
      }
    })() as PistorError;
    expect(new Set(refused.fields.map(({ rule }) => rule))).toEqual(
      new Set(['session.credential', 'session.depth', 'lot.not-received']),
    );
    expect(refused.fields.find(({ rule }) => rule === 'session.depth')).toMatchObject({
      facts: ['S3-D1'],
      seen: 9,
      accepted: '1 to 4 mm',
      override: 'anyone',
    });
  });
});

describe('reviewing a performed session', () => {
  const review = (by: object): CourseCommand => ({
    type: 'ReviewSession',
    sessionId,
    physicianId,
    physician: by as never,
    protocol: world.protocol,
    outcome: 'no-harm',
    note: 'nothing found',
  });
  it('[session.reviewed] is a physician’s, of what was performed', () => {
    expect(rules(review(physician))).toEqual(['session.reviewed']);
    const done = given(planned, performed(sessionId, '2026-03-01T10:00', 1));
    expect(rules(review(nurse), done)).toEqual(['session.reviewed']);
    expect(rules(review({ ...physician, credentials: [] }), done)).toEqual(['session.reviewed']);
    const after = given(planned, performed(sessionId, '2026-03-01T10:00', 1), ...decide(review(physician), done));
    expect((after as PlannedCourse).sessions[0]).toMatchObject({ reviewedAt: expect.any(String) });
  });
});
