import fc from 'fast-check';
import { ERASED } from '#libs/event-store/src/personal-data.js';
import { LEGAL_RULES_DEFAULT } from '../site/site.events.js';
import type { LegalRulesFrom, SiteState } from '../site/site.state.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import { given, NOW, patientId, registered } from '#test/support/patient-given.js';
import {
  AdverseEventClosed,
  AdverseEventReopened,
  AdverseEventReported,
} from '../adverse-event/adverse-event.events.js';
import { HealthFactEnded, HealthFactRecorded, type PatientEvent, PatientHealthRecorded } from './patient.events.js';
import { patientFold, type PatientState, type RegisteredPatient } from './patient.state.js';
import {
  courseIdsOf,
  endOfPerson,
  healthOn,
  ageOfMajorityAtAll,
  atSite,
  isMinorOn,
  loadPerson,
  openAdverseEvents,
  REGISTRATIONS_MAX,
} from './person.js';

const NOTHING = { allergies: [], conditions: [], medications: [] };

describe('the health of a person', () => {
  it('[person.health] holds under every registration (S4-C1)', () => {
    const person = {
      patients: [
        given(registered(patientId, { health: { ...NOTHING, allergies: ['soy'] } })),
        given(registered(newId(), { health: { ...NOTHING, allergies: ['latex', 'soy'], medications: ['warfarin'] } })),
      ],
    };
    expect(healthOn(person, '2026-03-02')).toEqual({
      allergies: ['soy', 'latex'],
      conditions: [],
      medications: ['warfarin'],
    });
  });
  it('[person.health] is what was answered last before a day, and at registration before that', () => {
    const answered = (on: string, conditions: string[]) =>
      PatientHealthRecorded(occurredNow(`${on}T12:00:00.000Z`), { patientId, health: { ...NOTHING, conditions } });
    const start = registered(patientId, { health: { ...NOTHING, conditions: ['asthma'] } });
    // The answers of February were entered after those of March.
    const person = { patients: [given(start, answered('2026-03-01', []), answered('2026-02-01', ['pregnancy']))] };
    const conditionsOn = (on: string) => healthOn(person, on);
    expect(conditionsOn('2020-01-01')).toMatchObject({ conditions: ['asthma'] });
    expect(conditionsOn('2026-02-15')).toMatchObject({ conditions: ['pregnancy'] });
    expect(conditionsOn('2026-03-01')).toMatchObject({ conditions: [] });
  });
  it('[person.health] misses nothing that was answered on a day, wherever the day is', () => {
    const health = { ...NOTHING, conditions: ['pregnancy'] };
    // It is the 2nd in UTC, and the evening of the 1st in Honolulu.
    const answered = PatientHealthRecorded(occurredNow('2026-02-02T05:00:00.000Z'), { patientId, health });
    expect(healthOn({ patients: [given(registered(), answered)] }, '2026-02-01')).toEqual(health);
  });
  it('[person.health-erased] is unknown where any of it was erased', () => {
    const known = given(registered());
    const erased: RegisteredPatient = {
      ...known,
      healthRecords: known.healthRecords.map((record) => ({ ...record, health: ERASED })),
    };
    expect(healthOn({ patients: [known, erased] }, '2026-03-02')).toBe('erased');
    const fact = { factId: newId(), kind: 'condition' as const, since: '2026-01-01', until: '2026-01-31' };
    const once = {
      ...known,
      healthFacts: [{ ...fact, recordedAt: NOW, position: 1, value: ERASED, consultationId: null }],
    };
    expect(healthOn({ patients: [once] }, '2026-01-31')).toBe('erased');
    // What was erased and did not hold on that day hides nothing.
    expect(healthOn({ patients: [once] }, '2026-02-01')).toEqual(NOTHING);
  });
  it('[person.health] is what a naive reading of everything recorded gives', () => {
    fc.assert(
      fc.property(fc.array(fc.array(entry, { maxLength: 8 }), { minLength: 1, maxLength: 3 }), day, (streams, on) => {
        const person = { patients: streams.map((entries) => given(registered(), ...entries.flatMap(eventsOf))) };
        const actual = healthOn(person, on);
        expect(typeof actual).toBe('object');
        const sorted = (values: readonly string[]) => [...values].sort();
        const { allergies, conditions, medications } = actual as Exclude<typeof actual, 'erased'>;
        expect({
          allergies: sorted(allergies),
          conditions: sorted(conditions),
          medications: sorted(medications),
        }).toEqual(naive(streams, on));
      }),
      { numRuns: 500 },
    );
  });
});

type Entry =
  | { readonly what: 'answers'; readonly on: string; readonly allergies: string[]; readonly conditions: string[] }
  | {
      readonly what: 'fact';
      readonly id: string;
      readonly kind: 'condition' | 'medication' | 'allergy';
      readonly statement: string;
      readonly since: string | null;
      readonly until: string | null;
      readonly endedOn: string | null;
    };

const day = fc.integer({ min: 0, max: 40 }).map((n) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10));
const word = fc.constantFrom('soy', 'latex', 'pregnancy', 'warfarin');
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    what: fc.constant('answers' as const),
    on: day,
    allergies: fc.array(word, { maxLength: 2 }),
    conditions: fc.array(word, { maxLength: 2 }),
  }),
  fc.record({
    what: fc.constant('fact' as const),
    id: fc.uuid(),
    kind: fc.constantFrom('condition' as const, 'medication' as const, 'allergy' as const),
    statement: word,
    since: fc.option(day),
    until: fc.option(day),
    endedOn: fc.option(day),
  }),
);

function eventsOf(each: Entry): PatientEvent[] {
  if (each.what === 'answers') {
    const { allergies, conditions } = each;
    // At noon it is the same day for nearly every clock, and for the one that is furthest behind.
    const at = occurredNow(`${each.on}T12:00:00.000Z`);
    return [PatientHealthRecorded(at, { patientId, health: { allergies, conditions, medications: [] } })];
  }
  const { id: factId, kind, statement, since, until, endedOn } = each;
  const recorded = HealthFactRecorded(occurredNow(NOW), { patientId, factId, kind, statement, since, until });
  return endedOn === null
    ? [recorded]
    : [recorded, HealthFactEnded(occurredNow(NOW), { patientId, factId, until: endedOn })];
}

/** What was said, read from the top for one day, without any state. */
function naive(streams: readonly (readonly Entry[])[], on: string) {
  const found = { allergies: new Set<string>(), conditions: new Set<string>(), medications: new Set<string>() };
  const lists = { allergy: found.allergies, condition: found.conditions, medication: found.medications };
  for (const entries of streams) {
    let answers: Extract<Entry, { what: 'answers' }> | undefined;
    for (const each of entries) {
      if (each.what === 'answers' && each.on <= on && (!answers || each.on >= answers.on)) answers = each;
      if (each.what !== 'fact') continue;
      const last = each.endedOn ?? each.until;
      if ((each.since ?? '') <= on && on <= (last ?? '9999')) lists[each.kind].add(each.statement);
    }
    for (const value of answers?.allergies ?? []) found.allergies.add(value);
    for (const value of answers?.conditions ?? []) found.conditions.add(value);
  }
  const sorted = (values: ReadonlySet<string>) => [...values].sort();
  return {
    allergies: sorted(found.allergies),
    conditions: sorted(found.conditions),
    medications: sorted(found.medications),
  };
}

describe('adverse events of a person', () => {
  const report = (id: string, of: string) =>
    AdverseEventReported(occurredNow(NOW), {
      patientId: of,
      adverseEventId: id,
      courseId: null,
      sessionId: null,
      followUpId: null,
      siteId: newId(),
      kind: 'infection',
      severity: 'mild',
      causality: null,
      ownerId: newId(),
      onsetOn: '2026-02-01',
      reportBy: '2026-03-01',
      description: 'red',
    });

  it('[person.adverse-events] are open for all registrations until a physician has closed them (S4-R2)', () => {
    const [open, closed, otherId] = [newId(), newId(), newId()];
    const close = AdverseEventClosed(occurredNow(NOW), {
      patientId,
      adverseEventId: closed,
      courseId: null,
      followUpId: null,
      physicianId: newId(),
      outcome: 'recovered',
      note: '',
    });
    const person = {
      patients: [
        given(registered(), report(closed, patientId), close),
        given(registered(otherId), report(open, otherId)),
      ],
    };
    expect(openAdverseEvents(person).map(({ adverseEventId }) => adverseEventId)).toEqual([open]);
  });
  it('found by a follow-up are asked of its course, whatever was done about them since', () => {
    const followUpId = newId();
    const reopened = AdverseEventReopened(occurredNow(NOW), {
      patientId,
      adverseEventId: followUpId,
      courseId: newId(),
      followUpId,
      practitionerId: newId(),
      reason: 'it came back',
    });
    const person = { patients: [given(registered(), reopened)] };
    expect(person.patients[0]?.adverseEvents).toMatchObject([{ source: 'follow-up', status: 'open' }]);
    expect(openAdverseEvents(person)).toEqual([]);
  });
});

describe('a person', () => {
  const born = (birthDate: string) => ({ patients: [given(registered(patientId, { birthDate }))] });

  it('comes of age on the 18th birthday, and on 1 March when born on a leap day', () => {
    expect(isMinorOn(born('2008-03-03'), '2026-03-02')).toBe(true);
    expect(isMinorOn(born('2008-03-03'), '2026-03-03')).toBe(false);
    expect(isMinorOn(born('2008-02-29'), '2026-02-28')).toBe(true);
    expect(isMinorOn(born('2008-02-29'), '2026-03-01')).toBe(false);
  });
  it('[patient.age-of-majority] is of age where the law of the site says so, from the moment when the site has set it', async () => {
    const { patients } = born('2006-03-03');
    const set = (from: string, ageOfMajorityYears: number) => ({
      from,
      rules: { ...LEGAL_RULES_DEFAULT, ageOfMajorityYears },
    });
    const at = (legalRules: readonly LegalRulesFrom[]) =>
      ({ status: 'registered', legalRules }) as unknown as SiteState;
    const site = at([set('2026-02-01T00:00:00.000Z', 21)]);
    const minor = (state: SiteState, instant: string) => isMinorOn(atSite({ patients }, state, instant), '2026-03-02');
    expect(minor(site, '2026-01-31T23:59:59.999Z')).toBe(false);
    expect(minor(site, '2026-02-01T00:00:00.000Z')).toBe(true);
    expect(minor({ status: 'none' }, '2026-03-01T00:00:00.000Z')).toBe(false);
    const sites = new Map([
      ['site-a', site],
      ['site-b', at([])],
    ]);
    const load = (stream: string) => Promise.resolve({ state: sites.get(stream), revision: 0 });
    const highest = (ids: string[]) => ageOfMajorityAtAll({ load: load as never }, ids, '2026-03-01T00:00:00.000Z');
    expect([await highest(['a', 'b']), await highest(['b']), await highest([])]).toEqual([21, 18, 18]);
  });
  it('is under age where any registration says so, and not where no birth date can be read', () => {
    const patients = [...born('1980-01-01').patients, ...born('2010-01-01').patients];
    expect(isMinorOn({ patients }, '2026-03-02')).toBe(true);
    const erased = patients.map((patient) => ({ ...patient, identity: ERASED }));
    expect(isMinorOn({ patients: erased }, '2026-03-02')).toBe(false);
  });
  it('died, and moved away, on the earliest day that any registration tells', () => {
    const patient = given(registered());
    const patients = [
      { ...patient, diedOn: '2026-02-02' },
      { ...patient, diedOn: '2026-02-01', movedAwayOn: '2026-01-01' },
    ];
    expect(endOfPerson({ patients })).toEqual({ diedOn: '2026-02-01', movedAwayOn: '2026-01-01' });
    expect(endOfPerson({ patients: [patient] })).toEqual({ diedOn: null, movedAwayOn: null });
  });
  it('has the courses of all registrations', () => {
    const patient = given(registered());
    const patients = [
      { ...patient, courseIds: ['a', 'b'] },
      { ...patient, courseIds: ['b', 'c'] },
    ];
    expect(courseIdsOf({ patients })).toEqual(['a', 'b', 'c']);
  });
});

describe('loading a person', () => {
  /** Registrations with links between those whose numbers stand together, and a note of what was loaded. */
  function registrations(count: number, links: readonly (readonly [number, number])[]) {
    const ids = Array.from({ length: count }, newId);
    const loaded: number[] = [];
    const stateOf = (n: number): PatientState => ({
      ...given(registered(ids[n])),
      links: links.flatMap(([a, b]) => {
        const other = a === n ? b : b === n ? a : undefined;
        return other === undefined ? [] : [{ linkId: newId(), otherPatientId: ids[other] as string, position: 1 }];
      }),
    });
    const load = (stream: string) => {
      const n = ids.findIndex((id) => stream === `patient-${id}`);
      if (n < 0) return Promise.resolve({ state: patientFold.initial, revision: -1 });
      loaded.push(n);
      return Promise.resolve({ state: stateOf(n), revision: 0 });
    };
    return { ids, loaded, reads: { load: load as never } };
  }

  it('follows links over registrations, each loaded once, however they are linked', async () => {
    const { ids, loaded, reads } = registrations(5, [
      [0, 1],
      [1, 2],
      [2, 0],
      [3, 4],
    ]);
    const { patients } = await loadPerson(reads, ids[1] as string);
    expect(patients[0]?.patientId).toBe(ids[1]);
    expect([...loaded].sort((a, b) => a - b)).toEqual([0, 1, 2]);
    expect(patients).toHaveLength(3);
  });
  it('looks at so many registrations and no more', async () => {
    const { ids, loaded, reads } = registrations(
      30,
      Array.from({ length: 29 }, (_, n) => [n, n + 1] as const),
    );
    expect((await loadPerson(reads, ids[0] as string)).patients).toHaveLength(REGISTRATIONS_MAX);
    expect(loaded).toHaveLength(REGISTRATIONS_MAX);
  });
  it('refuses a patient that is not registered', async () => {
    const { reads } = registrations(1, []);
    await expect(loadPerson(reads, newId())).rejects.toMatchObject({ code: 'patient.unknown' });
  });
});
