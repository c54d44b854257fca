import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  at,
  cleared,
  followUp,
  given,
  lotWith,
  NOW,
  nurse,
  ofCourse,
  patient,
  personWith,
  planned,
  world,
} from '#test/support/course-given.js';
import { CourseCompleted } from './course.events.js';
import type { PlannedCourse, SessionHold } from './course.state.js';
import type { SessionWorld } from './session-finding.js';
import { standingFindings } from './session.rules.js';

/** What stands against a booked session before its day comes, of what performing it would be refused for. */
const course = given(planned) as PlannedCourse;
const rules = (
  changes: Partial<SessionWorld> = {},
  session: { hold?: SessionHold; lotNumber?: string; kind?: 'course' | 'maintenance'; wall?: string } = {},
  of: PlannedCourse = course,
): string[] => {
  const { hold, lotNumber, kind = 'course', wall = '2026-03-09T10:00' } = session;
  const plannedProducts = lotNumber === undefined ? [] : [{ product: 'GlowMeso HA', lotNumber }];
  const judged = { ...world, lots: [], ...changes };
  return standingFindings(of, judged, { kind, at: at(wall), hold, planned: plannedProducts }).map(({ rule }) => rule);
};

describe('a booked session', () => {
  it('is free while nothing stands against it', () => {
    expect(rules()).toEqual([]);
    expect(rules({ lots: [lotWith()] }, { lotNumber: 'L1' })).toEqual([]);
  });
  it('[session.contraindication-absolute] is blocked by what became known, for its day', () => {
    expect(rules({ person: personWith({ conditions: ['pregnancy'] }) })).toEqual(['session.contraindication-absolute']);
  });
  it('[session.contraindication-absolute] is blocked by an allergy to what it is planned with, or was considered (S0-C5)', () => {
    const person = personWith({ allergies: ['Hyaluronic acid'] });
    expect(rules({ person })).toEqual([]);
    expect(rules({ person, lots: [lotWith()] }, { lotNumber: 'L1' })).toEqual(['session.contraindication-absolute']);
    const considered = { products: ['X'], ingredients: [{ product: 'X', ingredients: ['hyaluronic acid'] }] };
    expect(rules({ person, consultation: { ...cleared, considered } })).toEqual(['session.contraindication-absolute']);
  });
  it('[session.contraindication-absolute] is blocked by an allergy to a product that is planned without a lot, by its latest lots (S0-C5)', () => {
    const blocked = (allergy: string, ingredients?: string[], consultation = cleared) => {
      const compositions = new Map(ingredients ? [['GlowMeso HA', ingredients]] : []);
      const judged = { ...world, lots: [], person: personWith({ allergies: [allergy] }), consultation, compositions };
      const session = { kind: 'course', at: at('2026-03-09T10:00'), hold: undefined, planned: [] } as const;
      return standingFindings(course, judged, { ...session, withoutLot: ['GlowMeso HA'] }).length > 0;
    };
    expect(blocked('Hyaluronic acid', ['hyaluronic acid', 'mannitol'])).toBe(true);
    expect(blocked('Hyaluronic acid', ['mannitol'])).toBe(false);
    // Of what nobody knows the composition, all that the protocol names.
    expect(blocked('Hyaluronic acid')).toBe(true);
    expect(blocked('mannitol')).toBe(false);
    const products = ['GlowMeso HA'];
    const told = { products, ingredients: [{ product: 'GlowMeso HA', ingredients: ['mannitol'] }] };
    expect(blocked('mannitol', undefined, { ...cleared, considered: told })).toBe(true);
    expect(blocked('Hyaluronic acid', undefined, { ...cleared, considered: told })).toBe(false);
  });
  it('[session.contraindication-absolute] is blocked by an allergy to what the protocol names, where a product of unknown composition was considered (S0-C5)', () => {
    const person = personWith({ allergies: ['Hyaluronic acid'] });
    const consultation = { ...cleared, considered: { products: ['Never received'], ingredients: [] } };
    expect(rules({ person, consultation })).toEqual(['session.contraindication-absolute']);
    const other = personWith({ allergies: ['mannitol'] });
    expect(rules({ person: other, consultation })).toEqual([]);
  });
  it('[session.open-adverse-event] is blocked by an open adverse event of the person, in whichever course it was found', () => {
    const reported = [{ adverseEventId: newId(), status: 'open', source: 'report' }] as never;
    expect(rules({ person: { patients: [{ ...patient, adverseEvents: reported }] } })).toEqual([
      'session.open-adverse-event',
    ]);
    const found = followUp('2026-03-01T10:00', { adverseEvent: { kind: 'infection', severity: 'mild' } });
    const other = given(planned, found) as PlannedCourse;
    expect(rules({ otherCourses: [other] })).toEqual(['session.open-adverse-event']);
    expect(rules({}, {}, other)).toEqual(['session.open-adverse-event']);
  });
  it('[consent.missing] is blocked by a consent that was withdrawn or ends before its day', () => {
    const withConsent = (changes: object) => ({
      consultation: { ...cleared, consents: cleared.consents.map((each) => ({ ...each, ...changes })) },
    });
    expect(rules(withConsent({ withdrawnOn: '2026-03-01' }))).toEqual(['consent.missing']);
    expect(rules(withConsent({ validUntil: '2026-03-08' }))).toEqual(['consent.missing']);
    expect(rules(withConsent({ validUntil: '2026-03-09' }))).toEqual([]);
  });
  it('[session.credential] is blocked by a credential that was lost before its day (S2-Q1)', () => {
    expect(rules({ practitioner: { ...nurse, credentials: [] } as never })).toEqual(['session.credential']);
  });
  it('[consultation.expired] is blocked when the findings are too old, before the first and for maintenance', () => {
    const old = { consultation: { ...cleared, concludedOn: '2025-03-08' } };
    expect(rules(old)).toEqual(['consultation.expired']);
    const completed = given(planned, CourseCompleted(occurredNow(NOW), ofCourse)) as PlannedCourse;
    expect(rules(old, { kind: 'maintenance' }, completed)).toEqual(['consultation.expired']);
  });
  it('[session.held] is blocked while it waits for a physician, and when one has decided not to treat', () => {
    const hold = (decision: SessionHold['decision']): SessionHold => ({
      at: at('2026-03-01T10:00').instant,
      practitionerId: newId(),
      positive: ['new-medication'],
      decision,
      physicianId: undefined,
      decisions: decision ? [{ decision, physicianId: newId(), at: at('2026-03-01T10:05').instant, turn: 2 }] : [],
      turn: 1,
      isAskedAnew: false,
    });
    expect(rules({}, { hold: hold(undefined) })).toEqual(['session.held']);
    expect(rules({}, { hold: hold('do-not-treat') })).toEqual(['session.held']);
    expect(rules({}, { hold: hold('proceed') })).toEqual([]);
  });
  it('[lot.recalled] [lot.expired] is blocked by a lot that it is planned on, unless it may still come in time', () => {
    const notice = { recalledOn: '2026-03-01', lift: null };
    const recall = { status: 'recalled', recalledOn: '2026-03-01', notices: [notice], latest: notice } as never;
    expect(rules({ lots: [{ ...lotWith(), recall }] }, { lotNumber: 'L1' })).toEqual(['lot.recalled']);
    expect(rules({ lots: [lotWith({ expiresOn: '2026-03-08' })] }, { lotNumber: 'L1' })).toEqual(['lot.expired']);
    const none = { lot: { status: 'none' as const }, recall: { status: 'none' as const } };
    expect(rules({ lots: [none] }, { lotNumber: 'L1' })).toEqual([]);
  });
  it('[session.patient-died] is blocked by the death of the patient', () => {
    expect(rules({ person: { patients: [{ ...patient, diedOn: '2026-03-01' }] } })).toEqual(['session.patient-died']);
  });
});
