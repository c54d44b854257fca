import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { ErrorField } from '#libs/kernel/src/errors.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { type Occurred, occurredAt, occurredNow } from '#libs/kernel/src/occurred.js';
import {
  dateOfWall,
  type Instant,
  type LocalDate,
  wallToInstant,
  type ZonedTime,
  zonedTime,
} from '#libs/kernel/src/zoned-time.js';
import { earliestDayAt, latestDayAt, occurredOnDay } from '../day-anywhere.js';
import type { RegisteredPatient } from '../patient/patient.state.js';
import type { PractitionerState } from '../practitioner/practitioner.state.js';
import type { LegalRules } from '../site/site.events.js';
import { sameData } from '../same-data.js';
import { brokenRule, refuseBroken } from './adverse-event.errors.js';
import {
  AdverseEventAssessed,
  AdverseEventClosed,
  type AdverseEventEvent,
  type AdverseEventOutcome,
  AdverseEventReopened,
  AdverseEventReported,
  AdverseEventReportedToAuthority,
  type Causality,
} from './adverse-event.events.js';
import type { AdverseEventSeverity, AdverseEventState } from './adverse-event.state.js';

/** Days from learning of an adverse event to the last day for its report, as the law of its site's country has them. */
export type ReportingDays = LegalRules['reportingDays'];

/** The last day for the report of what was learned of on a day, where whoever reports gives none. */
export const defaultReportBy = (learnedOn: LocalDate, severity: AdverseEventSeverity, days: ReportingDays): LocalDate =>
  addDays(learnedOn, days[severity]);

export type RegisteredPractitioner = Extract<PractitionerState, { status: 'registered' }>;

export interface ReportAdverseEvent {
  readonly adverseEventId: string;
  readonly courseId: string | null;
  readonly sessionId: string | null;
  readonly siteId: string;
  /** IANA zone of the site: the onset is a day there. */
  readonly siteZone: string;
  /** In force at the site. */
  readonly reportingDays: ReportingDays;
  readonly kind: AdverseEventState['kind'] & string;
  readonly severity: AdverseEventSeverity;
  readonly causality: Causality | null;
  readonly ownerId: string;
  readonly onsetOn: LocalDate;
  readonly reportBy: LocalDate | undefined;
  readonly description: string;
}

type ReportedData = Parameters<typeof AdverseEventReported>[1];

/**
 * Reports an adverse event of a patient.
 * @returns nothing where it is on record under its id
 * @throws AdverseEventRefused
 */
export function decideReport(
  { siteZone, reportingDays, ...report }: ReportAdverseEvent,
  { patientId, adverseEvents }: RegisteredPatient,
  now: Instant,
): AdverseEventEvent[] {
  if (adverseEvents.some(({ adverseEventId }) => adverseEventId === report.adverseEventId)) return [];
  const { kind, severity, onsetOn } = report;
  // The deadline counts from today, not from the onset: what began long ago is not overdue before anybody knew of it.
  const reportBy = report.reportBy ?? defaultReportBy(earliestDayAt(now), severity, reportingDays);
  refuseBroken(reportFaults({ onsetOn, reportBy: report.reportBy ?? null }, now));
  const data = { ...report, patientId, followUpId: null, reportBy, kind: kind as ReportedData['kind'] };
  return [AdverseEventReported(onsetAt(onsetOn, siteZone), data)];
}

/** The onset is a day at the site. */
export const onsetAt = (onsetOn: LocalDate, siteZone: string): Occurred =>
  occurredAt(wallToInstant(`${onsetOn}T00:00`, siteZone), 'day');

/** What is wrong with the days of a report. */
export function reportFaults(
  { onsetOn, reportBy }: { readonly onsetOn: LocalDate | null; readonly reportBy: LocalDate | null },
  now: Instant,
): (ErrorField | false)[] {
  return [
    onsetOn !== null && stillToCome('onsetOn', onsetOn, now),
    onsetOn !== null &&
      reportBy !== null &&
      reportBy < onsetOn &&
      brokenRule('adverse-event.deadline-before-onset', 'reportBy', `${reportBy} lies before the onset.`, {
        seen: reportBy,
        accepted: `${onsetOn} or later`,
      }),
  ];
}

const stillToCome = (field: string, day: LocalDate, now: Instant): ErrorField | false =>
  day > latestDayAt(now) &&
  brokenRule('adverse-event.future', field, `${day} is still to come.`, {
    seen: day,
    accepted: `${latestDayAt(now)} or earlier`,
  });

export type AdverseEventCommand =
  | {
      readonly type: 'Assess';
      readonly practitionerId: string;
      readonly causality: Causality;
      readonly severity: AdverseEventSeverity;
      readonly actions: readonly string[];
      /** The same as before where undefined. */
      readonly ownerId: string | undefined;
      readonly reportBy: LocalDate | undefined;
      /** In force at the site of the adverse event. */
      readonly reportingDays: ReportingDays;
    }
  | { readonly type: 'ReportToAuthority'; readonly on: LocalDate; readonly reference: string }
  | {
      readonly type: 'Close';
      readonly physician: RegisteredPractitioner;
      readonly outcome: AdverseEventOutcome;
      readonly note: string;
      /** When the physician closed it, where that is entered late; now where it is left out. */
      readonly at?: ZonedTime | undefined;
    }
  | { readonly type: 'Reopen'; readonly practitionerId: string; readonly reason: string };

type CommandOf<Type extends AdverseEventCommand['type']> = Extract<AdverseEventCommand, { type: Type }>;

/** What the events about an adverse event name. */
interface Named {
  readonly patientId: string;
  readonly adverseEventId: string;
  readonly courseId: string | null;
  readonly followUpId: string | null;
}

/**
 * Decides what is done about an adverse event, be it reported or found by a follow-up.
 * @returns nothing where it is so already
 * @throws AdverseEventRefused
 */
export function decideAdverseEvent(
  command: AdverseEventCommand,
  state: AdverseEventState,
  patientId: string,
  now: Instant,
): AdverseEventEvent[] {
  const { adverseEventId, courseId, followUpId } = state;
  const named: Named = { patientId, adverseEventId, courseId, followUpId };
  switch (command.type) {
    case 'Assess':
      return assess(command, state, named, now);
    case 'ReportToAuthority':
      return reportToAuthority(command, state, named, now);
    case 'Close':
      return close(command, state, named, now);
    case 'Reopen': {
      const { practitionerId, reason } = command;
      if (state.status === 'open') return [];
      return [AdverseEventReopened(occurredNow(now), { ...named, practitionerId, reason })];
    }
    default:
      return assertNever(command, 'adverse event command');
  }
}

function assess(command: CommandOf<'Assess'>, state: AdverseEventState, named: Named, now: Instant) {
  const { practitionerId, causality, severity, actions } = command;
  const ownerId = command.ownerId ?? state.ownerId ?? practitionerId;
  const reportBy = command.reportBy ?? deadlineOf(severity, state, command.reportingDays, now);
  const adds =
    causality !== state.causality ||
    severity !== state.severity ||
    ownerId !== state.ownerId ||
    reportBy !== state.reportBy ||
    (actions.length > 0 && !sameData(actions, state.actions));
  if (!adds) return [];
  refuseBroken([
    whileClosed(state),
    ...reportFaults({ onsetOn: state.onsetOn, reportBy: command.reportBy ?? null }, now),
  ]);
  return [
    AdverseEventAssessed(occurredNow(now), {
      ...named,
      practitionerId,
      causality,
      severity,
      ownerId,
      reportBy,
      actions: [...actions],
    }),
  ];
}

/** The deadline stands, unless what is worse than it seemed asks for an earlier one. */
function deadlineOf(
  severity: AdverseEventSeverity,
  state: AdverseEventState,
  days: ReportingDays,
  now: Instant,
): LocalDate {
  const anew = defaultReportBy(earliestDayAt(now), severity, days);
  if (state.reportBy === null) return anew;
  return severity !== state.severity && anew < state.reportBy ? anew : state.reportBy;
}

function reportToAuthority(
  { on, reference }: CommandOf<'ReportToAuthority'>,
  state: AdverseEventState,
  named: Named,
  now: Instant,
) {
  const before = state.reportedToAuthority;
  if (before?.on === on && before.reference === reference) return [];
  refuseBroken([
    stillToCome('on', on, now),
    state.onsetOn !== null &&
      on < state.onsetOn &&
      brokenRule('adverse-event.future', 'on', `${on} lies before the onset.`, {
        seen: on,
        accepted: `${state.onsetOn} or later`,
      }),
  ]);
  return [AdverseEventReportedToAuthority(occurredOnDay(on), { ...named, on, reference })];
}

function close(command: CommandOf<'Close'>, state: AdverseEventState, named: Named, now: Instant) {
  const { physician, outcome, note, at } = command;
  const isSame = state.closure?.outcome === outcome && state.closure.physicianId === physician.practitionerId;
  if (state.status === 'closed' && isSame) return [];
  refuseBroken([whileClosed(state), notByPhysician(physician), at !== undefined && closedOutOfTime(at, state, now)]);
  const physicianId = physician.practitionerId;
  return [AdverseEventClosed(at ? occurredAt(at) : occurredNow(now), { ...named, physicianId, outcome, note })];
}

/** Nothing was closed before it began, or before it was opened again, or at a time that is still to come. */
function closedOutOfTime(at: ZonedTime, { onsetOn, closings }: AdverseEventState, now: Instant): ErrorField | false {
  const refused = (message: string, accepted: string) =>
    brokenRule('adverse-event.closed-then', 'at', message, { seen: at.wall, accepted });
  if (at.instant > now) return refused(`${at.wall} is still to come.`, 'a time that has come');
  if (onsetOn !== null && dateOfWall(at.wall) < onsetOn) {
    return refused(`${at.wall} lies before the onset.`, `${onsetOn} or later`);
  }
  const reopenedAt = closings.at(-1)?.reopenedAt ?? null;
  if (reopenedAt === null || at.instant >= reopenedAt) return false;
  return refused('It was opened again after that.', `${zonedTime(reopenedAt, at.zone).wall} or later`);
}

/** Who closes one is a physician, in a correction of the closing as well. */
export const notByPhysician = ({ role }: RegisteredPractitioner): ErrorField | false =>
  role !== 'physician' &&
  brokenRule('adverse-event.closed-by-physician', 'physician', 'A physician closes an adverse event.', {
    seen: role,
    accepted: 'physician',
  });

/** Who takes one back that is open is a physician as well: it blocks sessions no more. */
export const withoutPhysician = (physician: RegisteredPractitioner | undefined): ErrorField | false =>
  physician?.role !== 'physician' &&
  brokenRule(
    'adverse-event.retracted-by-physician',
    'physician',
    'The adverse event is open: name the physician by whom it is taken back.',
    { seen: physician?.role ?? 'nobody', accepted: 'physician' },
  );

const whileClosed = ({ status }: AdverseEventState): ErrorField | false =>
  status === 'closed' &&
  brokenRule('adverse-event.closed', 'adverseEvent', 'The adverse event is closed: open it again first.', {
    seen: 'closed',
    accepted: 'open',
  });
