import fc from 'fast-check';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  eventIdOf,
  given,
  givenEntries,
  identity,
  NOW,
  patientId,
  refusal,
  registered,
} from '#test/support/patient-given.js';
import {
  AdverseEventAssessed,
  AdverseEventClosed,
  AdverseEventReopened,
  AdverseEventReported,
} from '../adverse-event/adverse-event.events.js';
import { occurredOnDay } from '../day-anywhere.js';
import { decideCorrection, decideRetraction, type ResolvedCorrection } from './patient-entry.decider.js';
import {
  GuardianNamed,
  HealthFactEnded,
  HealthFactRecorded,
  PatientDied,
  PatientHealthRecorded,
  PatientLinked,
} from './patient.events.js';
import { healthOn } from './person.js';

const factId = newId();
const reason = 'read wrongly';
const fact = HealthFactRecorded(occurredOnDay('2026-01-10'), {
  patientId,
  factId,
  kind: 'medication',
  since: '2026-01-10',
  until: null,
  statement: 'warfarin',
});
const anew = (changes: object = {}): ResolvedCorrection => ({
  type: 'HealthFactRecorded',
  kind: 'medication',
  statement: 'warfarin',
  since: '2026-01-20',
  until: null,
  ...changes,
});
const correct = (eventId: string, correction: ResolvedCorrection, ...events: readonly NewEvent[]) =>
  decideCorrection({ eventId, correction, reason }, givenEntries(...events), NOW);
const retract = (eventId: string, ...events: readonly NewEvent[]) =>
  decideRetraction({ eventId, reason }, givenEntries(...events), NOW);
const by = (role: 'physician' | 'nurse') => ({
  status: 'registered' as const,
  practitionerId: newId(),
  role,
  credentials: [],
});

const [first, second, third] = [eventIdOf(0), eventIdOf(1), eventIdOf(2)];

describe('correcting an entry', () => {
  it('says it anew, with the day on which it happened, and reads so from then on', () => {
    const events = correct(second, anew(), registered(), fact);
    expect(events).toEqual([
      {
        type: 'HealthFactRecordedCorrected',
        occurredAt: { instant: '2026-01-20T00:00:00.000Z', precision: 'day' },
        data: {
          patientId,
          factId,
          kind: 'medication',
          since: '2026-01-20',
          until: null,
          statement: 'warfarin',
          corrects: second,
          correctionReason: reason,
        },
      },
    ]);
    const person = { patients: [given(registered(), fact, ...events)] };
    expect(healthOn(person, '2026-01-19')).toMatchObject({ medications: [] });
    expect(healthOn(person, '2026-01-20')).toMatchObject({ medications: ['warfarin'] });
  });
  it('[patient-entry.repeated] adds nothing where it says what the entry says already', () => {
    const events = correct(second, anew(), registered(), fact);
    expect(correct(second, anew(), registered(), fact, ...events)).toEqual([]);
    expect(correct(third, anew(), registered(), fact, ...events)).toEqual([]);
    expect(correct(second, anew({ since: '2026-01-10' }), registered(), fact)).toEqual([]);
  });
  it('may correct a correction', () => {
    const events = correct(second, anew(), registered(), fact);
    const again = correct(third, anew({ statement: 'aspirin' }), registered(), fact, ...events);
    expect(given(registered(), fact, ...events, ...again).healthFacts).toMatchObject([
      { factId, value: 'aspirin', since: '2026-01-20' },
    ]);
  });
  it('[patient-entry.stands] names an entry of this patient that was not taken back', () => {
    expect(refusal(() => correct(newId(), anew(), registered(), fact))).toEqual({
      code: 'patient-entry.unknown',
      rules: ['patient-entry.stands'],
    });
    const gone = retract(second, registered(), fact);
    expect(refusal(() => correct(second, anew(), registered(), fact, ...gone)).rules).toEqual(['patient-entry.stands']);
  });
  it('[patient-entry.kind] says what the entry says, of the same thing', () => {
    expect(refusal(() => correct(first, anew(), registered(), fact)).rules).toEqual(['patient-entry.kind']);
    const [event] = correct(second, anew({ kind: 'condition' }), registered(), fact);
    expect(event?.data).toMatchObject({ patientId, factId, kind: 'condition' });
  });
  it('holds to what is possible', () => {
    expect(refusal(() => correct(second, anew({ since: '2026-03-09' }), registered(), fact)).rules).toEqual([
      'health-fact.future',
    ]);
    expect(refusal(() => correct(second, anew({ until: '2026-01-01' }), registered(), fact)).rules).toEqual([
      'health-fact.period',
    ]);
    const died = PatientDied(occurredOnDay('2026-02-01'), { patientId, on: '2026-02-01' });
    const diedOn = (on: string) => correct(second, { type: 'PatientDied', on }, registered(), died);
    expect(refusal(() => diedOn('2026-03-09')).rules).toEqual(['patient.day-to-come']);
    expect(refusal(() => diedOn('1979-03-09')).rules).toEqual(['patient.died']);
    expect(diedOn('2026-01-31')).toMatchObject([{ type: 'PatientDiedCorrected', data: { on: '2026-01-31' } }]);
  });
  it('corrects who the patient is, and leaves the rest', () => {
    const correction: ResolvedCorrection = {
      type: 'PatientRegistered',
      identity: { ...identity, familyName: 'Roe', birthDate: '1981-05-05' },
      preference: { language: 'en', channel: 'email', contactConsent: true },
      health: { allergies: [], conditions: [], medications: [] },
    };
    const events = correct(first, correction, registered(), fact);
    expect(given(registered(), fact, ...events)).toMatchObject({
      identity: { familyName: 'Roe', birthDate: '1981-05-05' },
      healthFacts: [{ factId }],
    });
  });
  it('moves answers about health to the day since when they hold', () => {
    const health = { allergies: [], conditions: ['pregnancy'], medications: [] };
    const answered = PatientHealthRecorded(occurredNow(NOW), { patientId, health });
    const events = correct(
      second,
      { type: 'PatientHealthRecorded', health, since: '2026-01-15' },
      registered(),
      answered,
    );
    const person = { patients: [given(registered(), answered, ...events)] };
    expect(healthOn(person, '2026-01-20')).toMatchObject({ conditions: ['pregnancy'] });
    expect(healthOn(person, '2026-01-01')).toMatchObject({ conditions: [] });
  });
  it('corrects the end of a fact', () => {
    const ended = HealthFactEnded(occurredOnDay('2026-02-01'), { patientId, factId, until: '2026-02-01' });
    const end = (until: string) => correct(third, { type: 'HealthFactEnded', until }, registered(), fact, ended);
    expect(end('2026-02-02')).toMatchObject([{ type: 'HealthFactEndedCorrected', data: { factId } }]);
    expect(refusal(() => end('2026-01-09')).rules).toEqual(['health-fact.period']);
  });
});

describe('taking an entry back', () => {
  it('leaves the record as if it had never been made', () => {
    const events = retract(second, registered(), fact);
    expect(events).toMatchObject([
      { type: 'PatientEntryRetracted', data: { patientId, retracts: second, retractionReason: reason } },
    ]);
    expect(given(registered(), fact, ...events)).toEqual(given(registered()));
    expect(refusal(() => retract(second, registered(), fact, ...events)).code).toBe('patient-entry.unknown');
  });
  it('takes a correction back, after which the entry reads as before', () => {
    const corrected = correct(second, anew({ statement: 'aspirin' }), registered(), fact);
    const events = retract(third, registered(), fact, ...corrected);
    expect(given(registered(), fact, ...corrected, ...events).healthFacts).toMatchObject([
      { value: 'warfarin', since: '2026-01-10' },
    ]);
  });
  it('names the guardian before, once the last one is taken back', () => {
    const child = registered(patientId, { birthDate: '2010-01-01' });
    const named = (name: string) =>
      GuardianNamed(occurredNow(NOW), { patientId, guardian: { name, relation: 'parent' } });
    const events = retract(third, child, named('Ann'), named('Bob'));
    expect(given(child, named('Ann'), named('Bob'), ...events).guardian).toMatchObject({ name: 'Ann' });
  });
  it('[patient-entry.correctable] is not for what has a way of its own to be undone', () => {
    const link = PatientLinked(occurredNow(NOW), { patientId, otherPatientId: newId(), linkId: newId(), reason });
    for (const eventId of [first, second]) {
      expect(refusal(() => retract(eventId, registered(), link)).rules).toEqual(['patient-entry.correctable']);
    }
  });
});

describe('correcting what was entered of an adverse event', () => {
  const adverseEventId = newId();
  const named = { patientId, adverseEventId, courseId: null, followUpId: null };
  const [siteId, ownerId, physicianId] = [newId(), newId(), newId()];
  const reported = AdverseEventReported(occurredOnDay('2026-02-20'), {
    ...named,
    sessionId: null,
    siteId,
    kind: 'infection',
    severity: 'mild',
    causality: null,
    ownerId,
    onsetOn: '2026-02-20',
    reportBy: '2026-03-20',
    description: 'red',
  });
  const assessed = AdverseEventAssessed(occurredNow(NOW), {
    ...named,
    practitionerId: ownerId,
    causality: 'certain',
    severity: 'severe',
    ownerId,
    reportBy: '2026-03-03',
    actions: [],
  });
  const closed = AdverseEventClosed(occurredNow(NOW), { ...named, physicianId, outcome: 'recovered', note: '' });
  const report = (changes: object = {}): ResolvedCorrection => ({
    type: 'AdverseEventReported',
    siteId,
    siteZone: 'Europe/Istanbul',
    sessionId: null,
    kind: 'scarring',
    severity: 'moderate',
    causality: 'possible',
    ownerId,
    onsetOn: '2026-02-19',
    reportBy: '2026-03-19',
    description: 'a scar',
    ...changes,
  });

  it('says the report anew and keeps what was done since', () => {
    const events = correct(second, report(), registered(), reported, closed);
    expect(events).toMatchObject([{ occurredAt: { instant: '2026-02-18T21:00:00.000Z', precision: 'day' } }]);
    expect(given(registered(), reported, closed, ...events).adverseEvents).toMatchObject([
      { adverseEventId, kind: 'scarring', severity: 'moderate', status: 'closed', onsetOn: '2026-02-19' },
    ]);
  });
  it('[adverse-event.future] [adverse-event.deadline-before-onset] holds to what is possible', () => {
    const rulesOf = (changes: object) => refusal(() => correct(second, report(changes), registered(), reported)).rules;
    expect(rulesOf({ onsetOn: '2026-03-04', reportBy: '2026-03-19' })).toEqual(['adverse-event.future']);
    expect(rulesOf({ reportBy: '2026-02-18' })).toEqual(['adverse-event.deadline-before-onset']);
  });
  it('[adverse-event.closed-by-physician] has it closed by a physician all the same', () => {
    const close = (role: 'physician' | 'nurse', outcome: 'fatal' | 'recovered'): ResolvedCorrection => ({
      type: 'AdverseEventClosed',
      physician: { status: 'registered', practitionerId: physicianId, role, credentials: [] },
      outcome,
      note: '',
    });
    const rulesOf = () => refusal(() => correct(third, close('nurse', 'fatal'), registered(), reported, closed)).rules;
    expect(rulesOf()).toEqual(['adverse-event.closed-by-physician']);
    const events = correct(third, close('physician', 'fatal'), registered(), reported, closed);
    expect(given(registered(), reported, closed, ...events).adverseEvents).toMatchObject([
      { closure: { physicianId, outcome: 'fatal' } },
    ]);
  });
  it('[adverse-event.retracted-by-physician] has it taken back by a physician while it is open', () => {
    const assessedToo = [registered(), reported, assessed];
    const takeBack = (physician?: ReturnType<typeof by>) =>
      decideRetraction({ eventId: second, reason, physician }, givenEntries(...assessedToo), NOW);
    expect(refusal(() => takeBack()).rules).toEqual(['adverse-event.retracted-by-physician']);
    expect(refusal(() => takeBack(by('nurse'))).rules).toEqual(['adverse-event.retracted-by-physician']);
    const physician = by('physician');
    const events = takeBack(physician);
    expect(events).toMatchObject([{ data: { retracts: second, physicianId: physician.practitionerId } }]);
    expect(given(...assessedToo, ...events).adverseEvents).toEqual([]);
  });
  it('[adverse-event.retracted-by-physician] has its opening again taken back by a physician', () => {
    const reopened = AdverseEventReopened(occurredNow(NOW), { ...named, practitionerId: ownerId, reason });
    const history = [registered(), reported, closed, reopened];
    expect(refusal(() => retract(eventIdOf(3), ...history)).rules).toEqual(['adverse-event.retracted-by-physician']);
    const physician = by('physician');
    const events = decideRetraction({ eventId: eventIdOf(3), reason, physician }, givenEntries(...history), NOW);
    expect(given(...history, ...events).adverseEvents).toMatchObject([{ status: 'closed' }]);
  });
  it('[adverse-event.retracted-by-physician] needs nobody for a correction of it, nor for what leaves it open', () => {
    const corrected = correct(second, report(), registered(), reported);
    expect(retract(third, registered(), reported, ...corrected)).toHaveLength(1);
    expect(retract(third, registered(), reported, assessed)).toHaveLength(1);
  });
  it('opens it again when its closing is taken back, and forgets it with its report', () => {
    const events = retract(third, registered(), reported, closed);
    expect(given(registered(), reported, closed, ...events).adverseEvents).toMatchObject([{ status: 'open' }]);
    const gone = retract(second, registered(), reported, assessed, closed);
    expect(given(registered(), reported, assessed, closed, ...gone).adverseEvents).toEqual([]);
  });
});

it('[patient-entry.repeated] adds nothing a second time, whatever is corrected', () => {
  const day = fc.integer({ min: 0, max: 50 }).map((n) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10));
  const correction = fc.record({
    type: fc.constant('HealthFactRecorded' as const),
    kind: fc.constantFrom('condition' as const, 'allergy' as const, 'medication' as const),
    statement: fc.constantFrom('soy', 'warfarin'),
    since: fc.option(day),
    until: fc.constant(null),
  });
  fc.assert(
    fc.property(fc.array(correction, { minLength: 1, maxLength: 5 }), (corrections) => {
      const events: NewEvent[] = [registered(), fact];
      for (const each of corrections) {
        events.push(...correct(second, each, ...events));
        expect(correct(second, each, ...events)).toEqual([]);
      }
      const { kind, statement: value, since } = corrections.at(-1) as (typeof corrections)[number];
      expect(given(...events).healthFacts).toMatchObject([{ factId, kind, value, since }]);
    }),
  );
});
