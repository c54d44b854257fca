import { dateOfWall, type Instant, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { earliestDayAt } from '../day-anywhere.js';
import type { CourseState } from '../course/course.state.js';
import { defaultReportBy, type ReportingDays } from './adverse-event.decider.js';
import type { AdverseEventSeverity, AdverseEventState } from './adverse-event.state.js';

/** What a follow-up says about severity when it says nothing: neither told at once nor left for weeks. */
const UNSTATED_SEVERITY: AdverseEventSeverity = 'moderate';

type PlannedCourse = Exclude<CourseState, { status: 'none' }>;

/** What is looked at of a follow-up, be it an event or in the state of its course. */
interface FollowUp {
  readonly followUpId: string;
  readonly siteId: string;
  readonly at: ZonedTime;
  readonly adverseEvent?: { readonly kind: string; readonly severity?: string | undefined } | undefined;
}

/** How the follow-up came to be on record. */
export interface Entered {
  readonly recordedAt: Instant;
  /** By an import: whoever held it knew of it on its day. */
  readonly isImported: boolean;
}

/**
 * The adverse event that a follow-up found and nothing was done about yet: open, with the follow-up's id. Its owner is
 * the practitioner of the course, and it began, as far as anybody knows, on the day of the follow-up. Its deadline counts
 * from the day on which it was entered: what is entered late is not overdue before anybody knew of it.
 * @param reportingDays as they were in force at the site of the follow-up when it was held
 * @returns undefined where the follow-up found none
 */
export function adverseEventOfFollowUp(
  { courseId, practitionerId }: Pick<PlannedCourse, 'courseId' | 'practitionerId'>,
  { followUpId, siteId, at, adverseEvent }: FollowUp,
  reportingDays: ReportingDays,
  { recordedAt, isImported }: Entered,
): AdverseEventState | undefined {
  if (!adverseEvent) return undefined;
  const onsetOn = dateOfWall(at.wall);
  const enteredOn = isImported ? onsetOn : earliestDayAt(recordedAt);
  const knownOn = enteredOn > onsetOn ? enteredOn : onsetOn;
  const severity = (adverseEvent.severity ?? null) as AdverseEventSeverity | null;
  return {
    adverseEventId: followUpId,
    status: 'open',
    source: 'follow-up',
    courseId,
    sessionId: null,
    followUpId,
    siteId,
    kind: adverseEvent.kind,
    severity,
    causality: null,
    ownerId: practitionerId,
    onsetOn,
    reportBy: defaultReportBy(knownOn, severity ?? UNSTATED_SEVERITY, reportingDays),
    reportedToAuthority: null,
    actions: null,
    closure: null,
    reportedAt: null,
    closings: [],
  };
}

/**
 * An adverse event from both streams that may say something of it.
 * @param found as the follow-up that opened it says, in the course's stream
 * @param done as the patient's stream says
 * @returns undefined where neither a report nor a follow-up opened it: the follow-up was corrected since
 */
export function uniteAdverseEvent(
  found: AdverseEventState | undefined,
  done: AdverseEventState | undefined,
): AdverseEventState | undefined {
  if (done?.source === 'report') return done;
  if (!found || !done) return found;
  return {
    ...found,
    status: done.status,
    severity: done.severity ?? found.severity,
    causality: done.causality,
    ownerId: done.ownerId ?? found.ownerId,
    reportBy: done.reportBy ?? found.reportBy,
    reportedToAuthority: done.reportedToAuthority,
    actions: done.actions,
    closure: done.closure,
    closings: done.closings,
  };
}
