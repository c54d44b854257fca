import type { RecordedEvent } from '../../libs/event-store/src/recorded-event.js';
import type { NewEvent } from '../../libs/event-store/src/event-type.js';
import {
  isPlanned,
  type PlannedTimeline,
  timelineOf as timelineOfEvents,
} from '../../libs/messaging/src/plan/course-timeline.js';
import type { PlanContext } from '../../libs/messaging/src/plan/desired-message.js';
import { HERE } from '../../libs/messaging/src/plan/person-standing.js';
import { builtInProtocol } from '../../libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '../../libs/protocols/src/protocol.schema.js';
import type { CourseStreamEvent } from '../../libs/treatment/src/course/course.events.js';
import { CourseHistory, type CourseOptions } from './treatment-history.js';

export const SITE = '0199a000-0000-7000-8000-00000000000a';
export const PATIENT = '0199a000-0000-7000-8000-00000000000b';
export const PRACTITIONER = '0199a000-0000-7000-8000-00000000000c';
export const COURSE = '0199a000-0000-7000-8000-00000000000d';

/** A course of one patient at one site, to be told event by event. */
export const courseOf = (options: CourseOptions = {}): CourseHistory =>
  new CourseHistory({ site: SITE, patient: PATIENT, practitioner: PRACTITIONER }, { id: COURSE, ...options });

/** Events as they were recorded: each at its time, or all of them when an old history came in. */
export interface Recording {
  readonly at: string;
  readonly origin?: 'live' | 'import';
}

/** Id of the n-th event (from 0) of a timeline, which a correction names. */
export const entryId = (n: number): string => `0199a000-0000-7000-8000-${String(n).padStart(12, '0')}`;

/** The timeline that events make when recorded so; corrections among them are applied. */
export function timelineOf(
  ...recorded: readonly (readonly [events: readonly NewEvent[], recording: Recording])[]
): PlannedTimeline {
  const events = recorded
    .flatMap(([all, { at, origin = 'live' }]) => all.map((event) => ({ event, recordedAt: at, origin })))
    .map(({ event, recordedAt, origin }, n) => {
      const place = { position: n + 1, revision: n, recordedAt, header: { id: entryId(n), origin } };
      return { ...event, ...place } as unknown as RecordedEvent<CourseStreamEvent>;
    });
  const timeline = timelineOfEvents(events);
  if (!isPlanned(timeline)) throw new Error('The course was never planned');
  return timeline;
}

export const planContext = (changes: Partial<PlanContext> = {}): PlanContext => ({
  protocol: builtInProtocol('facial') as Protocol,
  zone: 'Europe/Istanbul',
  importedMaintenanceReleasedAt: undefined,
  rhythmEnded: false,
  person: HERE,
  now: '2026-05-01T00:00:00.000Z',
  ...changes,
});
