import { addDateDuration, addDays, laterDate, subtractDateDuration } from '#libs/kernel/src/local-date.js';
import { type Instant, localDateAt, zonedTime, type ZonedTime } from '#libs/kernel/src/zoned-time.js';
import { maintenanceState } from '#libs/protocols/src/maintenance.rule.js';
import { messageRuleOf } from '#libs/protocols/src/protocol.schema.js';
import type { Cause, MessageKind } from '../message/message.events.js';
import { bookedMaintenance, type PlannedTimeline } from './course-timeline.js';
import type { DesiredMessage, PlanContext } from './desired-message.js';
import { toldOfWindow } from './generation.js';
import { currentWindow } from './maintenance-proposal.js';
import { morningOf, shiftTime, startOf } from './shift-time.js';
import { later } from './told.js';

/** What nobody limits ends here: a reminder of something overdue for longer reaches nobody. */
const OVERDUE_USEFUL_FOR = 'P1Y';

/**
 * Around the window that was proposed last: due soon, due, overdue. None while a maintenance session is booked; when it
 * falls away, and when maintenance comes back that had ended, what is still to come is told again under the next
 * generation.
 */
export function maintenanceMessages(timeline: PlannedTimeline, context: PlanContext): DesiredMessage[] {
  const { course, proposed } = timeline;
  const window = currentWindow(course, context.protocol, context.rhythmEnded);
  const open = window !== null && proposed !== undefined && window.ordinal === course.proposal?.ordinal;
  if (!open || bookedMaintenance(course)) return [];

  const told = toldOfWindow(timeline, window.ordinal, context);
  const all = aroundWindow(window, context, told.times);
  const since = later(proposed.recordedAt, told.recordedAt);
  const state = maintenanceState(window, localDateAt(proposed.recordedAt, context.zone));
  const overdue = all.filter(({ kind }) => kind === 'maintenance-overdue');
  // Whatever was told again before this window was proposed says nothing about it.
  const firstTime = since === proposed.recordedAt;

  if (state === 'overdue' && proposed.origin === 'import') {
    // It is listed, and waits until staff have looked at the list.
    const released = releasedSince(proposed.recordedAt, context);
    const from = released && later(released, since);
    return from ? overdue.map((message) => dueAt(message, zonedTime(from, context.zone), context)) : [];
  }
  if (state === 'overdue' && firstTime) {
    return overdue.map((message) => dueAt(message, zonedTime(since, context.zone), context));
  }
  // Learned of while it is due: live, that is news for the patient; from an old history, it was told long ago.
  if (state === 'due' && firstTime && proposed.origin === 'live') {
    const due = all.filter(({ kind }) => kind === 'maintenance-due');
    return [...due.map((message) => dueNoEarlierThan(message, since, context.zone)), ...overdue];
  }
  return all.filter(({ due }) => due.instant >= since);
}

/**
 * Whether the course has maintenance from an old history that was overdue when it came in, and whose first message waits
 * for staff of the site.
 */
export function waitsForRelease(timeline: PlannedTimeline, context: PlanContext): boolean {
  const { course, proposed } = timeline;
  const window = currentWindow(course, context.protocol, context.rhythmEnded);
  if (!window || proposed?.origin !== 'import') return false;
  const state = maintenanceState(window, localDateAt(proposed.recordedAt, context.zone));
  return state === 'overdue' && releasedSince(proposed.recordedAt, context) === undefined;
}

const releasedSince = (proposedAt: Instant, { importedMaintenanceReleasedAt: released }: PlanContext) =>
  released !== undefined && released >= proposedAt ? released : undefined;

function aroundWindow(
  window: { readonly ordinal: number; readonly opens: string; readonly closes: string },
  { protocol, zone }: PlanContext,
  generation: number,
): DesiredMessage[] {
  const cause: Cause = { kind: 'maintenance-window', ordinal: window.ordinal };
  const opening = morningOf(window.opens, zone);
  const closed = startOf(addDays(window.closes, 1), zone);
  const message = (
    kind: MessageKind,
    due: ZonedTime,
    until: Instant,
    usefulFor: string | null,
    facts: readonly string[],
  ) => ({
    kind,
    cause,
    generation,
    due,
    expiresAt: usefulFor === null ? until : shiftTime(due, usefulFor, 1).instant,
    facts,
  });
  const soon = messageRuleOf(protocol, 'maintenance-due-soon');
  const due = messageRuleOf(protocol, 'maintenance-due');
  const overdue = messageRuleOf(protocol, 'maintenance-overdue');
  const facts = (own: readonly string[]) => [...new Set([...own, ...protocol.maintenance.facts])];
  const messages: DesiredMessage[] = [];
  if (soon) {
    const at = morningOf(subtractDateDuration(window.opens, soon.before), zone);
    messages.push(message('maintenance-due-soon', at, opening.instant, soon.usefulFor, facts(soon.facts)));
  }
  // The window of a drawn-out course may close before it opens: then it is never due, and overdue from its opening on.
  if (due && closed.instant > opening.instant) {
    messages.push(message('maintenance-due', opening, closed.instant, due.usefulFor, facts(due.facts)));
  }
  if (overdue) {
    const at = morningOf(laterDate(window.opens, addDateDuration(window.closes, overdue.after)), zone);
    const until = shiftTime(at, OVERDUE_USEFUL_FOR, 1).instant;
    messages.push(message('maintenance-overdue', at, until, overdue.usefulFor, facts(overdue.facts)));
  }
  return messages;
}

/** The same message at another time; it stays useful for as long after it as before. */
function dueAt(message: DesiredMessage, due: ZonedTime, { protocol }: PlanContext): DesiredMessage {
  const usefulFor = messageRuleOf(protocol, 'maintenance-overdue')?.usefulFor ?? OVERDUE_USEFUL_FOR;
  return { ...message, due, expiresAt: shiftTime(due, usefulFor, 1).instant };
}

const dueNoEarlierThan = (message: DesiredMessage, since: Instant, zone: string): DesiredMessage =>
  message.due.instant >= since ? message : { ...message, due: zonedTime(since, zone) };
