import { ERASED, isErased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { heldTimeOf } from '#libs/booking/src/slot/held-times.js';
import type { SlotState } from '#libs/booking/src/slot/slot.state.js';
import { newId } from '#libs/kernel/src/ids.js';
import {
  patientFold,
  type PatientState,
  RECALL_RULES_DEFAULT,
  type SiteState,
} from '#libs/treatment/src/streams.contract.js';
import type { PatientEvent } from '#libs/treatment/src/patient/patient.events.js';
import { COURSE, courseOf, PATIENT, planContext, SITE, timelineOf } from '#test/support/messaging-timeline.js';
import { patient as registration, zoned } from '#test/support/treatment-history.js';
import { HERE } from '../plan/person-standing.js';
import { type DispatchMatter, dispatchDecision } from './dispatch.decision.js';

const sessionId = newId();
const RECORDED = '2026-05-01T00:00:00.000Z';
const due = zoned('2026-05-19T22:30');

const registered = registration(PATIENT).events.reduce<PatientState>(
  (state, event) =>
    patientFold.evolve(state, {
      ...event,
      recordedAt: RECORDED,
      header: { origin: 'live' },
    } as unknown as RecordedEvent<PatientEvent>),
  patientFold.initial,
);
if (registered.status === 'none' || isErased(registered.identity)) throw new Error('The patient is registered');
const patient = { ...registered, identity: { ...registered.identity, email: 'ipek@example.org' } };

const site: Extract<SiteState, { status: 'registered' }> = {
  status: 'registered',
  siteId: SITE,
  name: 'Nişantaşı',
  timeZone: 'Europe/Istanbul',
  language: 'tr',
  quietHours: { from: '21:00', to: '08:00' },
  openingHours: null,
  retentionRules: { years: 20, yearsFromMajority: 10 },
  recallRules: RECALL_RULES_DEFAULT,
  legalRules: [],
  importedMaintenanceReleasedAt: undefined,
};

/** The reminder of a session, due in the quiet hours of the evening before. */
function matter(changes: Partial<DispatchMatter> = {}, expiresAt = zoned('2026-05-20T14:00').instant): DispatchMatter {
  const planned = {
    ...{ messageId: newId(), courseId: COURSE, patientId: PATIENT, siteId: SITE, kind: 'session-reminder' as const },
    ...{ cause: { kind: 'session' as const, sessionId }, generation: 0, due, expiresAt, facts: [] },
  };
  return {
    message: {
      ...{ status: 'pending', planned, due, deferrals: 0, heldFor: undefined },
      ...{ openAttempt: undefined, attempts: 0, refusals: 0, language: undefined, replies: [] },
    },
    timeline: timelineOf([courseOf().booked('2026-05-20T14:00', { id: sessionId }).events, { at: RECORDED }]),
    protocol: planContext().protocol,
    rhythmEnded: false,
    person: HERE,
    wasTold: false,
    standing: [],
    patient,
    site,
    consultation: { procedures: [] },
    invitations: [],
    optedOut: new Set(),
    smsStopped: false,
    now: due.instant,
    ...changes,
  };
}

describe('a message in quiet hours', () => {
  it('[message.quiet-hours] waits for their end', () => {
    expect(dispatchDecision(matter())).toMatchObject({ kind: 'defer', until: { wall: '2026-05-20T08:00' } });
    expect(dispatchDecision(matter({ now: zoned('2026-05-20T08:00').instant }))).toMatchObject({ kind: 'send' });
  });

  it('[message.expires] expires at once where it would be useless at their end', () => {
    const early = zoned('2026-05-20T08:00').instant;
    expect(dispatchDecision(matter({}, early))).toEqual({ kind: 'expire' });
    expect(dispatchDecision(matter({}, zoned('2026-05-20T08:01').instant))).toMatchObject({ kind: 'defer' });
  });
});

it('[message.patient-erased] does not go to a patient whose data was erased', () => {
  const erased = { ...patient, identity: ERASED };
  expect(dispatchDecision(matter({ patient: erased, now: zoned('2026-05-20T09:00').instant }))).toEqual({
    kind: 'suppress',
    reason: 'patient-erased',
  });
});

describe('a message about a session that something stands against', () => {
  const finding = (rule: string) => ({ rule }) as DispatchMatter['standing'][number];
  const blocked = { standing: [finding('session.contraindication'), finding('lot.recalled'), finding('lot.recalled')] };

  it('[message.held] is held, with the rules that stand against the session', () => {
    const decision = dispatchDecision(matter({ ...blocked, now: zoned('2026-05-20T09:00').instant }));
    expect(decision).toEqual({ kind: 'hold', reasons: ['lot.recalled', 'session.contraindication'] });
  });

  it('[message.held] is held in quiet hours as well, for nobody knows whether the session takes place', () => {
    expect(dispatchDecision(matter(blocked))).toMatchObject({ kind: 'hold' });
  });

  it('[message.held] is not held for what is renewed when the patient comes', () => {
    const renewed = { standing: [finding('consultation.expired'), finding('consent.missing')] };
    const now = zoned('2026-05-20T09:00').instant;
    expect(dispatchDecision(matter({ ...renewed, now }))).toMatchObject({ kind: 'send' });
    expect(dispatchDecision(matter({ standing: [...renewed.standing, finding('lot.recalled')], now }))).toEqual({
      kind: 'hold',
      reasons: ['lot.recalled'],
    });
  });

  it('[message.held] expires once it is of no use any more', () => {
    expect(dispatchDecision(matter({ ...blocked, now: zoned('2026-05-20T14:00').instant }))).toEqual({
      kind: 'expire',
    });
  });
});

it('[message.told-before] is not told what was told before a correction', () => {
  const decision = dispatchDecision(matter({ wasTold: true, now: zoned('2026-05-20T09:00').instant }));
  expect(decision).toEqual({ kind: 'suppress', reason: 'already-told' });
});

it('[message.patient-gone] is told nothing of the future from the day on which the patient is gone', () => {
  const on = (person: Partial<DispatchMatter['person']>) =>
    dispatchDecision(matter({ person: { ...HERE, ...person }, now: zoned('2026-05-20T09:00').instant }));
  expect(on({ diedOn: '2026-05-20' })).toEqual({ kind: 'suppress', reason: 'patient-died' });
  expect(on({ movedAwayOn: '2026-05-20' })).toEqual({ kind: 'suppress', reason: 'patient-moved-away' });
  expect(on({ movedAwayOn: '2026-05-21' })).toMatchObject({ kind: 'send' });
});

describe('a time that is proposed', () => {
  const now = zoned('2026-05-20T09:00').instant;
  const held = {
    ...{ slotId: newId(), courseId: COURSE, patientId: PATIENT, siteId: SITE, ordinal: 1, try: 1 },
    ...{ at: zoned('2026-05-28T09:00'), durationMinutes: 60, heldUntil: zoned('2026-05-22T09:00').instant },
    confirmedBy: 'patient' as const,
  };
  const of = (slot: SlotState) => dispatchDecision(matter({ slot: heldTimeOf(slot), now }));

  it('[message.slot-released] is told while it is held, and not when it was given back, booked or never held', () => {
    expect(of({ status: 'held', slot: held })).toMatchObject({ kind: 'send' });
    const released = { kind: 'suppress', reason: 'slot-released' };
    expect(of({ status: 'released', slot: held, reason: 'no-answer', answeredLate: false })).toEqual(released);
    expect(of({ status: 'confirmed', slot: held, sessionId, by: 'staff' })).toEqual(released);
    expect(of({ status: 'none' })).toEqual(released);
  });

  it('[message.slot-released] is not told again to a patient who has said yes', () => {
    const accepted = { status: 'accepted' as const, slot: held, against: [] };
    expect(of(accepted)).toEqual({ kind: 'suppress', reason: 'already-told' });
  });

  it('[message.slot-proposed] takes the place of the invitations to call, and not of the word that it is overdue', () => {
    const invited = (
      kind: 'maintenance-due-soon' | 'maintenance-due' | 'maintenance-overdue',
      timesProposed: boolean,
    ) => {
      const all = matter({ now, timesProposed });
      const planned = { ...all.message.planned, kind };
      return dispatchDecision({ ...all, message: { ...all.message, planned } });
    };
    for (const kind of ['maintenance-due-soon', 'maintenance-due'] as const) {
      expect(invited(kind, true)).toEqual({ kind: 'suppress', reason: 'superseded' });
      expect(invited(kind, false)).toMatchObject({ kind: 'send' });
    }
    expect(invited('maintenance-overdue', true)).toMatchObject({ kind: 'send' });
  });
});
