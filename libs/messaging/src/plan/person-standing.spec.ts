import type { NewEvent } from '#libs/event-store/src/event-type.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  PatientDied,
  PatientDiedCorrected,
  PatientEntryRetracted,
  PatientErased,
  PatientLinked,
  PatientMovedAway,
  PatientReturned,
  patientStream,
  PatientUnlinked,
} from '#libs/treatment/src/patient/patient.events.js';
import { CourseCompleted, MaintenanceProposed } from '#libs/treatment/src/course/course.events.js';
import { COURSE, courseOf, entryId, PATIENT, planContext, timelineOf } from '#test/support/messaging-timeline.js';
import { zoned } from '#test/support/treatment-history.js';
import { causeGone } from './cause-gone.js';
import { desiredMessages } from './desired-messages.js';
import { goneAt, HERE, personStanding, readPerson } from './person-standing.js';

const ZONE = 'Europe/Istanbul';
const at = occurredNow('2026-05-01T00:00:00.000Z');
const of = (on: string, patientId = PATIENT) => ({ patientId, on });

/** Events as they were recorded: each on its day, at noon at the site. */
type Entry = readonly [day: string, event: NewEvent];
const recorded = (...events: readonly Entry[]): RecordedEvent[] =>
  events.map(([day, event], n) => {
    const place = { position: n + 1, revision: n, recordedAt: zoned(`${day}T12:00`).instant };
    return { ...event, ...place, header: { id: entryId(n), origin: 'live' } } as unknown as RecordedEvent;
  });
const standing = (...events: readonly Entry[]) => personStanding(recorded(...events), PATIENT, ZONE);
const gone = (day: string, ...events: readonly Entry[]) =>
  goneAt(standing(...events), zoned(`${day}T12:00`).instant, ZONE);

describe('a person', () => {
  it('[message.patient-gone] is gone from the day of the death or of the move on', () => {
    const moves = ['2026-05-01', PatientMovedAway(at, of('2026-05-10'))] as const;
    const dies = ['2026-05-02', PatientDied(at, of('2026-05-20'))] as const;
    expect(gone('2026-05-09', moves, dies)).toBeUndefined();
    expect(gone('2026-05-10', moves, dies)).toBe('patient-moved-away');
    expect(gone('2026-05-20', moves, dies)).toBe('patient-died');
    expect(standing()).toEqual(HERE);
  });

  it('[message.maintenance-back] is back on return, and what is to come is told again since then', () => {
    const moves = ['2026-05-10', PatientMovedAway(at, of('2026-05-10'))] as const;
    const returns = ['2026-06-01', PatientReturned(at, of('2026-06-01'))] as const;
    expect(standing(moves, returns)).toMatchObject({
      movedAwayOn: undefined,
      back: { times: 1, recordedAt: zoned('2026-06-01T12:00').instant },
      alive: { times: 0 },
    });
  });

  it('[message.maintenance-back] has not been gone where the move was called off before its day', () => {
    const moves = ['2026-05-01', PatientMovedAway(at, of('2026-05-10'))] as const;
    const stays = ['2026-05-05', PatientReturned(at, of('2026-05-05'))] as const;
    expect(standing(moves, stays)).toEqual(HERE);
  });

  it('[message.patient-gone] follows corrections, and is alive where the death was entered by mistake', () => {
    const dies = ['2026-05-10', PatientDied(at, of('2026-05-09'))] as const;
    const later = PatientDiedCorrected(at, { ...of('2026-05-19'), corrects: entryId(0), correctionReason: 'a typo' });
    expect(gone('2026-05-18', dies, ['2026-05-11', later])).toBeUndefined();
    const retraction = PatientEntryRetracted(at, {
      patientId: PATIENT,
      retracts: entryId(0),
      retractionReason: 'the sister',
    });
    expect(standing(dies, ['2026-05-12', retraction])).toMatchObject({
      diedOn: undefined,
      back: { times: 1 },
      alive: { times: 1 },
    });
  });

  it('[message.patient-gone] is read with all registrations that are linked, and with no others', async () => {
    const [second, third, link, other] = [newId(), newId(), newId(), newId()];
    const linked = (a: string, b: string, linkId: string) => ({
      patientId: a,
      otherPatientId: b,
      linkId,
      reason: 'same',
    });
    const streams = new Map([
      [patientStream(PATIENT), recorded(['2026-05-01', PatientLinked(at, linked(PATIENT, second, link))])],
      [
        patientStream(second),
        recorded(
          ['2026-05-01', PatientLinked(at, linked(second, PATIENT, link))],
          ['2026-05-02', PatientLinked(at, linked(second, third, other))],
          ['2026-05-03', PatientUnlinked(at, linked(second, third, other))],
          ['2026-05-04', PatientDied(at, of('2026-05-04', second))],
        ),
      ],
      [patientStream(third), recorded(['2026-05-04', PatientMovedAway(at, of('2026-05-01', third))])],
    ]);
    const events = await readPerson((stream) => Promise.resolve(streams.get(stream) ?? []), PATIENT);
    expect(personStanding(events, PATIENT, ZONE)).toMatchObject({ diedOn: '2026-05-04', movedAwayOn: undefined });
  });
});

describe('a person who was erased', () => {
  const erased = (id = PATIENT) => PatientErased(at, { patientId: id, erasureId: newId() });

  it('[message.patient-erased] is gone for ever, whatever else was on record', () => {
    const dies = ['2026-05-02', PatientDied(at, of('2026-05-02'))] as const;
    const erases = ['2026-05-10', erased()] as const;
    expect(gone('2026-05-11', dies, erases)).toBe('patient-erased');
    // Nothing is told again: an erasure is no return.
    expect(standing(dies, erases)).toMatchObject({ isErased: true, back: { times: 0 }, alive: { times: 0 } });
  });

  it('[message.patient-erased] is gone under every registration that is linked', () => {
    const other = newId();
    const links = [PATIENT, other].map((patientId) =>
      PatientLinked(at, {
        ...{ patientId, otherPatientId: patientId === PATIENT ? other : PATIENT, linkId: COURSE, reason: 'same' },
      }),
    );
    const linked = links.map((event) => ['2026-05-02', event] as const);
    expect(gone('2026-05-11', ...linked, ['2026-05-10', erased(other)])).toBe('patient-erased');
  });
});

describe('a person whose registrations are linked', () => {
  const [second, linkId] = [newId(), newId()];
  const link = { patientId: PATIENT, otherPatientId: second, linkId, reason: 'same' };
  const links = ['2026-05-05', PatientLinked(at, link)] as const;
  const unlinks = ['2026-05-06', PatientUnlinked(at, link)] as const;

  it('[message.patient-gone] was not gone, and is not back, by what the other did before the link', () => {
    const gone = ['2026-05-01', PatientMovedAway(at, of('2026-05-01', second))] as const;
    const back = ['2026-05-02', PatientReturned(at, of('2026-05-02', second))] as const;
    expect(standing(gone, back, links)).toMatchObject({ back: { times: 0 }, alive: { times: 0 } });
  });

  it('[message.patient-gone] is alive again when the link with somebody who has died is undone', () => {
    const dies = ['2026-05-01', PatientDied(at, of('2026-05-01', second))] as const;
    expect(standing(dies, links)).toMatchObject({ diedOn: '2026-05-01', alive: { times: 0 } });
    const recordedAt = zoned('2026-05-06T12:00').instant;
    const since = { times: 1, recordedAt };
    expect(standing(dies, links, unlinks)).toMatchObject({ diedOn: undefined, back: since, alive: since });
  });

  it('[message.patient-gone] has come back as often as before when the link is undone', () => {
    const gone = ['2026-05-05', PatientMovedAway(at, of('2026-05-05', second))] as const;
    const back = ['2026-05-06', PatientReturned(at, of('2026-05-06', second))] as const;
    expect(standing(links, gone, back, unlinks)).toMatchObject({ back: { times: 1 } });
  });
});

describe('messages to a person who is gone', () => {
  const named = { courseId: COURSE, patientId: PATIENT };
  const sessionId = newId();
  const course = courseOf().performed('2026-04-30T14:00').booked('2026-05-20T14:00', { id: sessionId });
  const timeline = timelineOf([course.events, { at: zoned('2026-04-30T14:50').instant }]);
  const kinds = (person: Partial<typeof HERE>) =>
    desiredMessages(timeline, planContext({ person: { ...HERE, ...person } })).map(({ kind }) => kind);

  it('[message.patient-gone] are none after a death, and none about the future after a move', () => {
    expect(kinds({ diedOn: '2026-05-01' })).toEqual([]);
    expect(kinds({ movedAwayOn: '2026-05-01' })).toEqual(['aftercare', 'all-clear', 'check-in']);
    expect(kinds({ movedAwayOn: '2026-05-02' })).toHaveLength(5);
  });

  it('[message.patient-gone] say why they ended', () => {
    const reason = (kind: 'session-reminder' | 'all-clear', person: Partial<typeof HERE>) => {
      const [performed] = timeline.course.sessions.filter(({ status }) => status === 'performed');
      const cause = {
        kind: 'session' as const,
        sessionId: kind === 'all-clear' ? (performed?.sessionId as string) : sessionId,
      };
      return causeGone({ kind, cause, generation: 0 }, timeline, planContext({ person: { ...HERE, ...person } }));
    };
    expect(reason('session-reminder', { movedAwayOn: '2026-05-01' })).toBe('patient-moved-away');
    expect(reason('all-clear', { movedAwayOn: '2026-05-01' })).toBeUndefined();
    expect(reason('all-clear', { diedOn: '2026-05-01' })).toBe('patient-died');
  });

  it('[message.maintenance-back] around maintenance are told again under the next generation on return', () => {
    const completed = courseOf().performed('2026-01-10T10:00').performed('2026-02-21T10:00');
    completed.push(
      CourseCompleted(at, named),
      MaintenanceProposed(at, { ...named, ordinal: 1, opens: '2026-04-10', closes: '2026-07-10' }),
    );
    const maintained = timelineOf([completed.events, { at: zoned('2026-02-21T12:00').instant }]);
    const person = { ...HERE, back: { times: 1, recordedAt: zoned('2026-05-01T12:00').instant } };
    const desired = desiredMessages(maintained, planContext({ person }));
    expect(desired.filter(({ kind }) => kind.startsWith('maintenance'))).toMatchObject([
      { kind: 'maintenance-overdue', generation: 1 },
    ]);
  });
});
