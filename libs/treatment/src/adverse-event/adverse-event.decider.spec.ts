import fc from 'fast-check';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { wallToInstant } from '#libs/kernel/src/zoned-time.js';
import { zoned } from '#test/support/treatment-history.js';
import { given, NOW, patientId, refusal, registered } from '#test/support/patient-given.js';
import {
  type AdverseEventCommand,
  decideAdverseEvent,
  decideReport,
  defaultReportBy,
  type RegisteredPractitioner,
  type ReportAdverseEvent,
} from './adverse-event.decider.js';
import { type AdverseEventEvent, AdverseEventReopened, causalitySchema } from './adverse-event.events.js';
import { LEGAL_RULES_DEFAULT } from '../site/site.events.js';
import type { AdverseEventState } from './adverse-event.state.js';
import { daysOverdue } from './adverse-events/adverse-events.query.js';
import { adverseEventOfFollowUp, uniteAdverseEvent } from './follow-up-adverse-event.js';

const [adverseEventId, siteId, ownerId, physicianId, nurseId] = [newId(), newId(), newId(), newId(), newId()];
const physician: RegisteredPractitioner = {
  status: 'registered',
  practitionerId: physicianId,
  role: 'physician',
  credentials: [],
};
const nurse: RegisteredPractitioner = { ...physician, practitionerId: nurseId, role: 'nurse' };

const patient = given(registered());
const { reportingDays } = LEGAL_RULES_DEFAULT;
const reportOf = (changes: Partial<ReportAdverseEvent> = {}): ReportAdverseEvent => ({
  adverseEventId,
  courseId: null,
  sessionId: null,
  siteId,
  siteZone: 'Europe/Istanbul',
  reportingDays,
  kind: 'infection',
  severity: 'severe',
  causality: null,
  ownerId,
  onsetOn: '2026-02-28',
  reportBy: undefined,
  description: 'red and warm',
  ...changes,
});
const report = (changes: Partial<ReportAdverseEvent> = {}, now = NOW) => decideReport(reportOf(changes), patient, now);
const stateAfter = (...events: readonly AdverseEventEvent[]): AdverseEventState =>
  given(registered(), ...events).adverseEvents.find(
    (each) => each.adverseEventId === adverseEventId,
  ) as AdverseEventState;
const open = stateAfter(...report());
const decide = (command: AdverseEventCommand, state = open) => decideAdverseEvent(command, state, patientId, NOW);
const rules = (command: AdverseEventCommand, state = open) => refusal(() => decide(command, state)).rules;

const close: AdverseEventCommand = { type: 'Close', physician, outcome: 'recovered', note: 'nothing is left' };
const assess = (changes: object = {}): AdverseEventCommand => ({
  type: 'Assess',
  practitionerId: physicianId,
  causality: 'probable',
  severity: 'severe',
  actions: ['ointment'],
  ownerId: undefined,
  reportBy: undefined,
  reportingDays,
  ...changes,
});

describe('reporting an adverse event', () => {
  it('[adverse-event.owner] has an owner, and dates from its onset at the site (S4-R2)', () => {
    expect(report()).toMatchObject([
      {
        type: 'AdverseEventReported',
        occurredAt: { instant: '2026-02-27T21:00:00.000Z', precision: 'day' },
        data: { patientId, adverseEventId, ownerId, siteId, onsetOn: '2026-02-28', followUpId: null },
      },
    ]);
    expect(open).toMatchObject({ status: 'open', source: 'report', ownerId });
  });
  it('[adverse-event.deadline] has a last day for the report, sooner the more severe it is, unless one is given', () => {
    const by = (severity: 'mild' | 'moderate' | 'severe') => report({ severity })[0]?.data;
    expect(by('severe')).toMatchObject({ reportBy: '2026-03-03' });
    expect(by('moderate')).toMatchObject({ reportBy: '2026-03-17' });
    expect(by('mild')).toMatchObject({ reportBy: '2026-04-01' });
    expect(report({ reportBy: '2026-03-10' })[0]?.data).toMatchObject({ reportBy: '2026-03-10' });
    expect(defaultReportBy('2026-03-02', 'severe', { severe: 7, moderate: 8, mild: 9 })).toBe('2026-03-09');
  });
  it('[adverse-event.deadline-of-site] counts the days that the site has set, reported, assessed or found', () => {
    const days = { severe: 3, moderate: 5, mild: 90 };
    expect(report({ reportingDays: days })[0]?.data).toMatchObject({ reportBy: '2026-03-05' });
    const mild = stateAfter(...report({ severity: 'mild', reportingDays: days }));
    expect(mild.reportBy).toBe('2026-05-31');
    expect(decide(assess({ severity: 'moderate', reportingDays: days }), mild)).toMatchObject([
      { data: { reportBy: '2026-03-07' } },
    ]);
  });
  it('[adverse-event.deadline-before-onset] cannot be due before it began', () => {
    expect(refusal(() => report({ reportBy: '2026-02-27' })).rules).toEqual(['adverse-event.deadline-before-onset']);
    expect(report({ reportBy: '2026-02-28' })).toHaveLength(1);
  });
  it('[adverse-event.future] began by today', () => {
    expect(refusal(() => report({ onsetOn: '2026-03-04' })).rules).toEqual(['adverse-event.future']);
    expect(report({ onsetOn: '2026-03-03' })).toHaveLength(1);
  });
  it('[adverse-event.repeated] is recorded once under its id', () => {
    expect(decideReport(reportOf(), given(registered(), ...report()), NOW)).toEqual([]);
  });
});

describe('assessing it', () => {
  it('takes each term of the WHO-UMC scale', () => {
    for (const causality of causalitySchema.options) {
      expect(stateAfter(...report(), ...decide(assess({ causality })))).toMatchObject({ causality });
    }
  });
  it('[adverse-event.owner] keeps the owner unless another is named', () => {
    expect(stateAfter(...report(), ...decide(assess()))).toMatchObject({ ownerId, causality: 'probable' });
    expect(stateAfter(...report(), ...decide(assess({ ownerId: nurseId })))).toMatchObject({ ownerId: nurseId });
  });
  it('[adverse-event.deadline] brings the last day forward where it is worse than it seemed, and never back', () => {
    const mild = stateAfter(...report({ severity: 'mild' }));
    const worse = decideAdverseEvent(assess({ severity: 'severe' }), mild, patientId, NOW);
    expect(worse[0]?.data).toMatchObject({ reportBy: '2026-03-03' });
    expect(decide(assess({ severity: 'mild' }))[0]?.data).toMatchObject({ reportBy: '2026-03-03' });
    expect(decide(assess({ reportBy: '2026-04-04' }))[0]?.data).toMatchObject({ reportBy: '2026-04-04' });
    expect(rules(assess({ reportBy: '2026-02-01' }))).toEqual(['adverse-event.deadline-before-onset']);
  });
});

describe('telling the authority', () => {
  const tell = (on: string): AdverseEventCommand => ({ type: 'ReportToAuthority', on, reference: 'A-1' });

  it('[adverse-event.future] happened by today, after the onset', () => {
    expect(rules(tell('2026-03-04'))).toEqual(['adverse-event.future']);
    expect(rules(tell('2026-02-27'))).toEqual(['adverse-event.future']);
    expect(stateAfter(...report(), ...decide(tell('2026-03-01')))).toMatchObject({
      status: 'open',
      reportedToAuthority: { on: '2026-03-01', reference: 'A-1' },
    });
  });
  it('[adverse-event.closed] may follow the closing', () => {
    expect(decide(tell('2026-03-01'), stateAfter(...report(), ...decide(close)))).toHaveLength(1);
  });
  it('[adverse-event.overdue] is overdue after the last day, as long as it is open and nobody was told', () => {
    const due = { ...open, reportBy: '2026-03-03' };
    expect(daysOverdue(due, '2026-03-03')).toBe(0);
    expect(daysOverdue(due, '2026-03-05')).toBe(2);
    expect(daysOverdue({ ...due, status: 'closed' }, '2026-03-05')).toBe(0);
    expect(daysOverdue({ ...due, reportedToAuthority: { on: '2026-03-05', reference: 'A-1' } }, '2026-03-05')).toBe(0);
  });
});

describe('closing it', () => {
  it('[adverse-event.closed-by-physician] is for a physician (S4-R2)', () => {
    expect(rules({ ...close, physician: nurse } as AdverseEventCommand)).toEqual(['adverse-event.closed-by-physician']);
    const closed = stateAfter(...report(), ...decide(close));
    expect(closed).toMatchObject({ status: 'closed', closure: { physicianId, outcome: 'recovered' } });
  });
  it('[adverse-event.closed-then] is closed as of when the physician closed it, after it began and by now', () => {
    const at = (wall: string) => ({ ...close, at: zoned(wall) }) as AdverseEventCommand;
    expect(decide(at('2026-03-01T10:00'))).toMatchObject([
      { occurredAt: { instant: zoned('2026-03-01T10:00').instant } },
    ]);
    expect(rules(at('2026-02-27T23:00'))).toEqual(['adverse-event.closed-then']);
    expect(rules(at('2026-12-01T10:00'))).toEqual(['adverse-event.closed-then']);
    const reopened = stateAfter(
      ...report(),
      ...decide(at('2026-03-01T08:00')),
      AdverseEventReopened(occurredAt(zoned('2026-03-01T12:00')), {
        ...{ patientId, adverseEventId, courseId: null, followUpId: null },
        ...{ practitionerId: physicianId, reason: 'it is back' },
      }),
    );
    expect(rules(at('2026-03-01T11:00'), reopened)).toEqual(['adverse-event.closed-then']);
    expect(decide(at('2026-03-01T13:00'), reopened)).toHaveLength(1);
  });
  it('[adverse-event.closed] is final until it is opened again', () => {
    const closing = [...report(), ...decide(close)];
    const closed = stateAfter(...closing);
    expect(rules(assess(), closed)).toEqual(['adverse-event.closed']);
    expect(rules({ ...close, outcome: 'fatal' } as AdverseEventCommand, closed)).toEqual(['adverse-event.closed']);
    const reopened = stateAfter(
      ...closing,
      ...decide({ type: 'Reopen', practitionerId: nurseId, reason: 'it came back' }, closed),
    );
    expect(reopened).toMatchObject({ status: 'open', closure: { outcome: 'recovered' } });
    expect(decide(assess(), reopened)).toHaveLength(1);
  });
});

describe('one that a follow-up found', () => {
  const AT_ONCE = { recordedAt: '2026-02-20T07:10:00.000Z', isImported: false };
  const followUpId = adverseEventId;
  const course = { courseId: newId(), practitionerId: ownerId };
  const followUp = {
    followUpId,
    siteId,
    at: wallToInstant('2026-02-20T10:00', 'Europe/Istanbul'),
    adverseEvent: { kind: 'haematoma', severity: undefined },
  };
  const found = adverseEventOfFollowUp(course, followUp, reportingDays, AT_ONCE) as AdverseEventState;

  it('[adverse-event.found-by-follow-up] is open under the id of the follow-up, and the practitioner of the course owns it', () => {
    expect(found).toMatchObject({
      adverseEventId: followUpId,
      followUpId,
      status: 'open',
      source: 'follow-up',
      kind: 'haematoma',
      severity: null,
      ownerId,
      onsetOn: '2026-02-20',
      reportBy: '2026-03-07',
    });
    const days = { severe: 1, moderate: 2, mild: 3 };
    expect(adverseEventOfFollowUp(course, followUp, days, AT_ONCE)).toMatchObject({ reportBy: '2026-02-22' });
    const none = { ...followUp, adverseEvent: undefined };
    expect(adverseEventOfFollowUp(course, none, reportingDays, AT_ONCE)).toBeUndefined();
  });
  it('[adverse-event.found-by-follow-up] is due from the day on which it was entered, but for an old history', () => {
    const late = { recordedAt: '2026-04-21T10:00:00.000Z', isImported: false };
    const dueOf = (entered: typeof late) => adverseEventOfFollowUp(course, followUp, reportingDays, entered)?.reportBy;
    expect(dueOf(late)).toBe('2026-05-05');
    expect(dueOf({ ...late, isImported: true })).toBe('2026-03-07');
  });
  it('[adverse-event.found-by-follow-up] is closed by a physician in the patient’s stream', () => {
    const events = decide(close, found);
    expect(events).toMatchObject([
      { type: 'AdverseEventClosed', data: { patientId, adverseEventId, courseId: course.courseId, followUpId } },
    ]);
    const done = stateAfter(...events);
    expect(done).toMatchObject({ status: 'closed', source: 'follow-up' });
    expect(uniteAdverseEvent(found, done)).toMatchObject({ status: 'closed', kind: 'haematoma', ownerId });
    expect(uniteAdverseEvent(found, undefined)).toBe(found);
  });
  it('[adverse-event.closed-then] is not closed before it was opened again either', () => {
    const named = { patientId, adverseEventId, courseId: course.courseId, followUpId };
    const reopened = AdverseEventReopened(occurredAt(zoned('2026-03-01T12:00')), {
      ...{ ...named, practitionerId: physicianId, reason: 'it is back' },
    });
    const closed = decide({ ...close, at: zoned('2026-03-01T08:00') } as AdverseEventCommand, found);
    const state = uniteAdverseEvent(found, stateAfter(...closed, reopened)) as AdverseEventState;
    expect(rules({ ...close, at: zoned('2026-03-01T11:00') } as AdverseEventCommand, state)).toEqual([
      'adverse-event.closed-then',
    ]);
  });
  it('[adverse-event.found-by-follow-up] is gone with what the follow-up said of it', () => {
    expect(uniteAdverseEvent(undefined, stateAfter(...decide(close, found)))).toBeUndefined();
  });
});

it('[adverse-event.repeated] adds nothing a second time, whatever was done before', () => {
  const day = fc.integer({ min: 0, max: 9 }).map((n) => new Date(Date.UTC(2026, 1, 25 + n)).toISOString().slice(0, 10));
  const severity = fc.constantFrom('mild' as const, 'moderate' as const, 'severe' as const);
  const practitionerId = fc.constantFrom(physicianId, nurseId);
  const command: fc.Arbitrary<AdverseEventCommand> = fc.oneof(
    fc.record({
      type: fc.constant('Assess' as const),
      practitionerId,
      causality: fc.constantFrom(...causalitySchema.options),
      severity,
      actions: fc.array(fc.constantFrom('ointment', 'rest'), { maxLength: 2 }),
      ownerId: fc.option(practitionerId, { nil: undefined }),
      reportBy: fc.option(day, { nil: undefined }),
      reportingDays: fc.constant(reportingDays),
    }),
    fc.record({ type: fc.constant('ReportToAuthority' as const), on: day, reference: fc.constantFrom('A-1', 'A-2') }),
    fc.record({
      type: fc.constant('Close' as const),
      physician: fc.constantFrom(physician, nurse),
      outcome: fc.constantFrom('recovered' as const, 'fatal' as const),
      note: fc.constant(''),
    }),
    fc.record({ type: fc.constant('Reopen' as const), practitionerId, reason: fc.constant('it came back') }),
  );
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 8 }), (commands) => {
      const events: AdverseEventEvent[] = report();
      for (const each of commands) {
        try {
          events.push(...decide(each, stateAfter(...events)));
        } catch (error) {
          if (!(error instanceof PistorError)) throw error;
          continue;
        }
        accepted += 1;
        expect(decide(each, stateAfter(...events))).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
  expect(accepted).toBeGreaterThan(300);
});
