import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { ADVERSE_EVENT_EVENTS, type AdverseEventEvent } from '../../adverse-event/adverse-event.events.js';
import {
  CourseEntryRetracted,
  CourseLapsed,
  CourseStopped,
  type CourseStreamEvent,
  FollowUpHeld,
  FollowUpHeldCorrected,
  SessionBooked,
  SessionCancelled,
  SessionMissed,
  SessionPerformed,
  SessionPerformedCorrected,
  SessionProductsPlanned,
  SessionRescheduled,
  SessionZoneRulesApplied,
} from '../../course/course.events.js';
import { LOT_EVENTS, type LotStreamEvent } from '../../lot/lot.events.js';
import { PatientEntryRetracted } from '../../patient/patient.events.js';
import { RECALL_EVENTS, type RecallStreamEvent } from '../recall.events.js';
import { AdverseEventRows } from './adverse-event.rows.js';
import { LOT_TRACE_DDL, LOT_TRACE_ROWS } from './lot-trace.ddl.js';
import { LotUseRows } from './lot-use.rows.js';
import { RecallRows } from './recall.rows.js';

export const LOT_TRACE = { name: 'lot_trace', version: 3 } as const;

const named = (types: readonly { readonly type: string }[]): ReadonlySet<string> =>
  new Set(types.map(({ type }) => type));

const COURSE_TYPES = named([
  SessionBooked,
  SessionProductsPlanned,
  SessionRescheduled,
  SessionZoneRulesApplied,
  SessionPerformed,
  SessionMissed,
  SessionCancelled,
  CourseStopped,
  CourseLapsed,
  FollowUpHeld,
  SessionPerformedCorrected,
  FollowUpHeldCorrected,
  CourseEntryRetracted,
]);
const PATIENT_TYPES = named([...ADVERSE_EVENT_EVENTS, PatientEntryRetracted]);
const LOT_TYPES = named(LOT_EVENTS);
const RECALL_TYPES = named(RECALL_EVENTS);

/**
 * What a lot touched: sessions performed with it and planned on it, where it was received, adverse events, recalls and
 * who was told. A correction folds the stream that it stands in anew, and its rows take the place of those before.
 */
export class LotTraceProjection implements Projection {
  readonly name = LOT_TRACE.name;
  readonly version = LOT_TRACE.version;
  readonly ddl = LOT_TRACE_DDL;
  readonly rowsOf = LOT_TRACE_ROWS;
  readonly types: ReadonlySet<string> = new Set([...COURSE_TYPES, ...PATIENT_TYPES, ...LOT_TYPES, ...RECALL_TYPES]);

  private readonly uses = new LotUseRows();
  private readonly adverse = new AdverseEventRows();
  private readonly recalls = new RecallRows();

  async apply(context: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const of = <E extends CourseStreamEvent | AdverseEventEvent | LotStreamEvent | RecallStreamEvent>(
      types: ReadonlySet<string>,
    ) => events.filter(({ type }) => types.has(type)) as unknown as SealedEvent<E>[];
    const courses = of<CourseStreamEvent>(COURSE_TYPES);
    await this.uses.apply(context, courses);
    await this.adverse.applyCourses(context, courses);
    await this.adverse.applyPatients(context, of<AdverseEventEvent>(PATIENT_TYPES));
    await this.recalls.applyLots(context, of<LotStreamEvent>(LOT_TYPES));
    await this.recalls.applyRecalls(context, of<RecallStreamEvent>(RECALL_TYPES));
  }
}
