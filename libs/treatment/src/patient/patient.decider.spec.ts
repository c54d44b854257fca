import fc from 'fast-check';
import { ERASED } from '#libs/event-store/src/personal-data.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { given, identity, NOW, patientId, refusal, registered } from '#test/support/patient-given.js';
import { decideLink, decidePatient, decideUnlink, type PatientCommand } from './patient.decider.js';
import {
  CourseEntered,
  HealthFactRecorded,
  type PatientEvent,
  PatientDied,
  PatientLinked,
  PatientMovedAway,
} from './patient.events.js';
import { patientFold, type PatientState, type RegisteredPatient } from './patient.state.js';
import { healthOn, REGISTRATIONS_MAX } from './person.js';

const patient = given(registered());
const decide = (command: PatientCommand, state: PatientState = patient, now = NOW) =>
  decidePatient(command, state, now);
const refused = (command: PatientCommand, state: PatientState = patient) => refusal(() => decide(command, state));

const factId = newId();
const fact = (changes: object = {}): PatientCommand => ({
  type: 'RecordHealthFact',
  factId,
  kind: 'medication',
  statement: 'warfarin',
  since: '2026-01-10',
  until: null,
  ...changes,
});

describe('registering a patient', () => {
  const register = (birthDate: string): PatientCommand => ({
    type: 'RegisterPatient',
    patientId,
    identity: { ...identity, birthDate },
    preference: patient.preference,
    health: { allergies: [], conditions: [], medications: [] },
  });

  it('[patient.birth-date] takes whoever was born by today', () => {
    expect(decide(register('2026-03-02'), patientFold.initial)).toMatchObject([{ type: 'PatientRegistered' }]);
    expect(refused(register('2026-03-04'), patientFold.initial)).toEqual({
      code: 'patient.not-born',
      rules: ['patient.birth-date'],
    });
  });
  it('tells nobody the birth date that it refuses', () => {
    const refuse = () => decide(register('2026-03-04'), patientFold.initial);
    expect(refuse).toThrow(PistorError);
    try {
      refuse();
    } catch (error) {
      expect(JSON.stringify([(error as PistorError).message, (error as PistorError).fields])).not.toContain(
        '2026-03-04',
      );
    }
  });
  it('happens once', () => {
    expect(refused(register('1980-05-05')).code).toBe('patient.exists');
  });
});

it('needs a patient that is registered', () => {
  expect(refused(fact(), patientFold.initial).code).toBe('patient.unknown');
});

describe('what is learned late about health', () => {
  it('[health-fact.late] is recorded at any time with the day since when it was true (S0-C1, S0-C7)', () => {
    const events = decide(fact());
    expect(events).toMatchObject([
      {
        type: 'HealthFactRecorded',
        occurredAt: { instant: '2026-01-10T00:00:00.000Z', precision: 'day' },
        data: { factId, kind: 'medication', since: '2026-01-10', until: null, statement: 'warfarin' },
      },
    ]);
    const after = { patients: [given(registered(), ...events)] };
    expect(healthOn(after, '2026-01-09')).toMatchObject({ medications: [] });
    expect(healthOn(after, '2026-01-10')).toMatchObject({ medications: ['warfarin'] });
  });
  it('[health-fact.late] stands for all time where nobody knows since when', () => {
    const events = decide(fact({ since: null }));
    expect(events).toMatchObject([{ occurredAt: { instant: NOW, precision: 'unknown' } }]);
    expect(healthOn({ patients: [given(registered(), ...events)] }, '1999-01-01')).toMatchObject({
      medications: ['warfarin'],
    });
  });
  it('[health-fact.future] does not begin after today', () => {
    expect(refused(fact({ since: '2026-03-05' }))).toEqual({
      code: 'health-fact.refused',
      rules: ['health-fact.future'],
    });
    // It is the 3rd already where the day begins first.
    expect(decide(fact({ since: '2026-03-03' }))).toHaveLength(1);
  });
  it('[health-fact.period] does not end before it began', () => {
    expect(refused(fact({ until: '2026-01-09' })).rules).toEqual(['health-fact.period']);
    expect(decide(fact({ until: '2026-01-10' }))).toHaveLength(1);
    const known = given(registered(), ...decide(fact()));
    expect(refused({ type: 'EndHealthFact', factId, until: '2026-01-09' }, known).rules).toEqual([
      'health-fact.period',
    ]);
  });
  it('ends on a day that still belongs to it, be it over or to come', () => {
    const known = given(registered(), ...decide(fact()));
    const [over] = decide({ type: 'EndHealthFact', factId, until: '2026-02-01' }, known);
    expect(over?.occurredAt).toEqual({ instant: '2026-02-01T00:00:00.000Z', precision: 'day' });
    const ended = { patients: [given(registered(), ...decide(fact()), over as PatientEvent)] };
    expect(healthOn(ended, '2026-02-01')).toMatchObject({ medications: ['warfarin'] });
    expect(healthOn(ended, '2026-02-02')).toMatchObject({ medications: [] });
    const [planned] = decide({ type: 'EndHealthFact', factId, until: '2026-06-01' }, known);
    expect(planned?.occurredAt.instant).toBe(NOW);
  });
  it('[health-fact.repeated] is recorded once for the same days', () => {
    const known = given(registered(), ...decide(fact()));
    expect(decide(fact({ factId: newId() }), known)).toEqual([]);
    expect(decide(fact({ factId: newId(), since: '2026-01-11' }), known)).toHaveLength(1);
    expect(decide(fact({ factId: newId(), kind: 'condition' }), known)).toHaveLength(1);
  });
  it('ends no fact that the patient does not have', () => {
    expect(refused({ type: 'EndHealthFact', factId: newId(), until: '2026-02-01' }).code).toBe('health-fact.unknown');
  });
});

describe('the end of a patient’s time here', () => {
  const died: PatientCommand = { type: 'RecordDeath', on: '2026-02-01' };
  const moved: PatientCommand = { type: 'RecordMoveAway', on: '2026-02-01' };

  it('[patient.day-to-come] is recorded once it has come', () => {
    for (const type of ['RecordDeath', 'RecordMoveAway'] as const) {
      expect(refused({ type, on: '2026-03-04' }).rules).toEqual(['patient.day-to-come']);
      expect(decide({ type, on: '2026-03-03' })).toHaveLength(1);
    }
    const away = given(registered(), ...decide(moved));
    expect(refused({ type: 'RecordReturn', on: '2026-03-04' }, away).rules).toEqual(['patient.day-to-come']);
  });
  it('[patient.died] comes on one day, after birth, and nothing follows it', () => {
    const dead = given(registered(), ...decide(died));
    expect(dead.diedOn).toBe('2026-02-01');
    expect(decide(died, dead)).toEqual([]);
    expect(refused({ type: 'RecordDeath', on: '2026-02-02' }, dead).rules).toEqual(['patient.died']);
    expect(refused({ type: 'RecordDeath', on: '1980-05-04' }).rules).toEqual(['patient.died']);
    expect(refused({ type: 'RecordMoveAway', on: '2026-02-02' }, dead).rules).toEqual(['patient.died']);
    expect(decide({ type: 'RecordMoveAway', on: '2026-01-31' }, dead)).toHaveLength(1);
  });
  it('[patient.moved-away] is followed by a return, not before it, and not by another move', () => {
    const away = given(registered(), ...decide(moved));
    expect(refused({ type: 'RecordMoveAway', on: '2026-02-02' }, away).rules).toEqual(['patient.moved-away']);
    expect(refused({ type: 'RecordReturn', on: '2026-01-31' }, away).rules).toEqual(['patient.moved-away']);
    const back = given(registered(), ...decide(moved), ...decide({ type: 'RecordReturn', on: '2026-02-10' }, away));
    expect(back.movedAwayOn).toBeNull();
    expect(decide({ type: 'RecordReturn', on: '2026-02-10' }, back)).toEqual([]);
    expect(decide({ type: 'RecordMoveAway', on: '2026-02-11' }, back)).toHaveLength(1);
  });
});

describe('a guardian', () => {
  const by = { type: 'NameGuardian' as const, ageOfMajorityYears: 18 };
  const name: PatientCommand = { ...by, guardian: { name: 'Ann Doe', relation: 'mother' } };

  it('[patient.minor] is named for whoever is under age', () => {
    const child = given(registered(patientId, { birthDate: '2010-01-01' }));
    expect(decide(name, child)).toMatchObject([{ type: 'GuardianNamed', data: { guardian: { name: 'Ann Doe' } } }]);
    expect(refused(name)).toEqual({ code: 'patient.guardian-refused', rules: ['patient.minor'] });
  });
  it('[patient.age-of-majority] is named for whoever is under the age that the law of the site has', () => {
    const young = given(registered(patientId, { birthDate: '2006-01-01' }));
    expect(refused(name, young).rules).toEqual(['patient.minor']);
    expect(decide({ ...name, ageOfMajorityYears: 21 } as PatientCommand, young)).toHaveLength(1);
  });
  it('[patient.minor] is not named where the birth date was erased', () => {
    expect(refused(name, { ...patient, identity: ERASED }).rules).toEqual(['patient.minor']);
  });
  it('takes the place of the one before', () => {
    const child = given(registered(patientId, { birthDate: '2010-01-01' }));
    const other: PatientCommand = { ...by, guardian: { name: 'Bob Doe', relation: 'father' } };
    const after = given(
      registered(patientId, { birthDate: '2010-01-01' }),
      ...decide(name, child),
      ...decide(other, child),
    );
    expect(after.guardian).toEqual({ name: 'Bob Doe', relation: 'father' });
  });
});

it('names each course of the patient once', () => {
  const courseId = newId();
  const events = decide({ type: 'EnterCourse', courseId });
  const after = given(registered(), ...events, CourseEntered(occurredNow(NOW), { patientId, courseId }));
  expect(after.courseIds).toEqual([courseId]);
  expect(decide({ type: 'EnterCourse', courseId }, after)).toEqual([]);
});

describe('links', () => {
  const otherId = newId();
  const linkId = newId();
  const link = { linkId, reason: 'same phone' };
  const other = given(registered(otherId));
  const linked = (of: string, to: string, id = linkId) =>
    PatientLinked(occurredNow(NOW), { patientId: of, otherPatientId: to, linkId: id, reason: 'same phone' });

  it('are written to both registrations', () => {
    expect(decideLink(link, { patients: [patient] }, { patients: [other] }, NOW)).toMatchObject([
      { patientId, events: [{ type: 'PatientLinked', data: { patientId, otherPatientId: otherId, linkId } }] },
      { patientId: otherId, events: [{ data: { patientId: otherId, otherPatientId: patientId, linkId } }] },
    ]);
  });
  it('[patient-link.itself] do not join a registration with itself', () => {
    const person = { patients: [patient] };
    expect(refusal(() => decideLink(link, person, person, NOW)).rules).toEqual(['patient-link.itself']);
  });
  it('[patient-link.linked] do not join what is one person already, over whatever registrations', () => {
    const third = given(registered(newId()));
    const person = { patients: [patient, third, other] };
    expect(refusal(() => decideLink(link, person, { patients: [other, third, patient] }, NOW)).rules).toEqual([
      'patient-link.linked',
    ]);
  });
  it('[patient-link.too-many] join so many registrations and no more', () => {
    const many = (count: number): RegisteredPatient[] =>
      Array.from({ length: count }, () => given(registered(newId())));
    const decideFor = (count: number) => decideLink(link, { patients: many(count) }, { patients: many(1) }, NOW);
    expect(decideFor(REGISTRATIONS_MAX - 1)).toHaveLength(2);
    expect(refusal(() => decideFor(REGISTRATIONS_MAX)).rules).toEqual(['patient-link.too-many']);
  });
  it('[patient-link.undone] can be undone, in both registrations, and undoing it again adds nothing', () => {
    const one = given(registered(), linked(patientId, otherId));
    const undone = decideUnlink({ linkId, reason: 'sisters' }, one, NOW);
    expect(undone).toMatchObject([
      { patientId, events: [{ type: 'PatientUnlinked', data: { otherPatientId: otherId, linkId } }] },
      { patientId: otherId, events: [{ type: 'PatientUnlinked', data: { otherPatientId: patientId, linkId } }] },
    ]);
    const after = given(registered(), linked(patientId, otherId), ...(undone[0]?.events ?? []));
    expect(decideUnlink({ linkId, reason: 'sisters' }, after, NOW)).toEqual([]);
    expect(refusal(() => decideUnlink({ linkId: newId(), reason: 'sisters' }, after, NOW)).code).toBe(
      'patient-link.unknown',
    );
  });
  it('[patient-link.undone] leave what each registration held before', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 10 }), fc.array(anyEntry, { maxLength: 10 }), (before, since) => {
        const start = [registered(), ...before];
        const state = given(...start, linked(patientId, otherId));
        const [own] = decideUnlink({ linkId, reason: 'sisters' }, state, NOW);
        const { undoneLinkIds: _, ...after } = given(
          ...start,
          linked(patientId, otherId),
          ...since,
          ...(own?.events ?? []),
        );
        const { undoneLinkIds: __, ...never } = given(...start, ...since);
        expect(untimed(after)).toEqual(untimed(never));
      }),
    );
  });
});

/** Later events are recorded a minute later each: that alone may differ. */
const untimed = (state: object): unknown =>
  JSON.parse(
    JSON.stringify(state, (name, value: unknown) => (['recordedAt', 'position'].includes(name) ? null : value)),
  );

const day = fc.integer({ min: 0, max: 60 }).map((n) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10));
const anyEntry = fc.oneof(
  day.map((on) => PatientMovedAway(occurredNow(NOW), { patientId, on })),
  day.map((on) => PatientDied(occurredNow(NOW), { patientId, on })),
  fc.uuid().map((courseId) => CourseEntered(occurredNow(NOW), { patientId, courseId })),
  fc.record({ id: fc.uuid(), since: fc.option(day), until: fc.option(day) }).map(({ id, since, until }) =>
    HealthFactRecorded(occurredNow(NOW), {
      patientId,
      factId: id,
      kind: 'condition',
      since,
      until,
      statement: 'epilepsy',
    }),
  ),
);

describe('a command that is repeated', () => {
  const command: fc.Arbitrary<PatientCommand> = fc.oneof(
    fc.record({
      type: fc.constant('ChangeContactPreference' as const),
      preference: fc.record({
        language: fc.constantFrom('en', 'tr'),
        channel: fc.constantFrom('email' as const, 'sms' as const, 'none' as const),
        contactConsent: fc.boolean(),
      }),
    }),
    fc.record({
      type: fc.constant('RecordHealth' as const),
      health: fc.record({
        allergies: fc.array(fc.constantFrom('soy', 'latex'), { maxLength: 2 }),
        conditions: fc.array(fc.constantFrom('pregnancy'), { maxLength: 1 }),
        medications: fc.array(fc.constantFrom('warfarin'), { maxLength: 1 }),
      }),
    }),
    fc.record({
      type: fc.constant('RecordHealthFact' as const),
      factId: fc.uuid(),
      kind: fc.constantFrom('condition' as const, 'medication' as const, 'allergy' as const),
      statement: fc.constantFrom('warfarin', 'pregnancy'),
      since: fc.option(day),
      until: fc.option(day),
    }),
    fc.record({ type: fc.constant('EnterCourse' as const), courseId: fc.uuid() }),
    fc.record({
      type: fc.constantFrom('RecordDeath' as const, 'RecordMoveAway' as const, 'RecordReturn' as const),
      on: day,
    }),
    fc.record({
      type: fc.constant('NameGuardian' as const),
      guardian: fc.record({ name: fc.constantFrom('Ann', 'Bob'), relation: fc.constant('parent') }),
      ageOfMajorityYears: fc.constant(18),
    }),
  );

  it('adds nothing, whatever came before it', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(command, { maxLength: 8 }), command, (before, last) => {
        const child = registered(patientId, { birthDate: '2010-01-01' });
        const events: PatientEvent[] = [child];
        for (const each of [...before, last]) {
          try {
            events.push(...decidePatient(each, given(...events), NOW));
          } catch (error) {
            if (!(error instanceof PistorError)) throw error;
            if (each === last) return;
          }
        }
        accepted += 1;
        expect(decidePatient(last, given(...events), NOW)).toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
