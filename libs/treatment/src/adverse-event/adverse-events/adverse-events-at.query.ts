import type { References } from '#libs/cqrs/src/references.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { queryOf } from '#libs/http/src/validation.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { type CourseEvent, courseStream } from '../../course/course.events.js';
import { courseFold } from '../../course/course.state.js';
import { DIRECTORY } from '../../directory/directory.projection.js';
import type { People } from '../../directory/people.js';
import { correctionViews, retractionView } from '../../history/correction.views.js';
import { entriesOf, type EntryHistory, historyAt } from '../../history/entry-history.js';
import {
  type AskedHistory,
  askedHistory,
  type HistoryParams,
  historyShape,
  patientMissing,
  unknownThen,
} from '../../history/history.params.js';
import { RecordAt } from '../../history/record-at.js';
import { patientStream } from '../../patient/patient.events.js';
import { siteStream } from '../../site/site.events.js';
import { legalRulesOf, siteFold } from '../../site/site.state.js';
import type { AdverseEventEvent } from '../adverse-event.events.js';
import { type AdverseEventState, evolveAdverseEvents } from '../adverse-event.state.js';
import { adverseEventOfFollowUp, uniteAdverseEvent } from '../follow-up-adverse-event.js';
import type { AdverseEventDetail, AdverseEventEntryView, AdverseEventView } from './adverse-events.contract.js';
import { ADVERSE_EVENTS } from './adverse-events.projection.js';
import {
  type AdverseEventsParams,
  adverseEventsParamsSchema,
  type AdverseEventsQuery,
} from './adverse-events.query.js';

export const adverseEventsAtParamsSchema = adverseEventsParamsSchema.extend(historyShape);
export type AdverseEventsAtParams = AdverseEventsParams & HistoryParams;
export const adverseEventParamsSchema = queryOf(historyShape);

type FollowUpHeldEvent = RecordedEvent<Extract<CourseEvent, { type: 'FollowUpHeld' }>>;
type ReportedEvent = RecordedEvent<Extract<AdverseEventEvent, { type: 'AdverseEventReported' }>>;

/** An adverse event from both streams that say something of it. */
interface Row {
  readonly id: Id;
  readonly patient_id: Id;
  readonly found: AdverseEventState | null;
  readonly done: AdverseEventState | null;
  readonly description: string | null;
}

/** What a history is read for. */
interface Asked {
  readonly chain: Chain;
  readonly patientId: Id;
  readonly asked: AskedHistory;
  readonly records: RecordAt;
}

/** Adverse events as of any valid and recorded time, and everything that was recorded about one: from the log itself. */
export class AdverseEventsAtQuery {
  /** By which patients and streams are found. */
  static readonly reads = [ADVERSE_EVENTS.name, DIRECTORY.name, ...RecordAt.reads] as const;

  constructor(
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
    private readonly records: RecordAt,
    private readonly now: AdverseEventsQuery,
  ) {}

  /**
   * Those of one patient, as `AdverseEventsQuery.list` has them.
   * @throws NotFound `site.unknown`, `patient.unknown`, `practitioner.unknown`; Invalid `history.patient-missing`,
   *   `history.known-in-future`, `cursor.malformed`
   */
  async list(chain: Chain, params: AdverseEventsAtParams): Promise<{ items: AdverseEventView[]; next: string | null }> {
    if (params.patient === undefined) throw patientMissing('adverse events');
    const { references } = this;
    const patientId = await references.resolve(chain, 'patient', params.patient);
    const site = params.site && (await references.resolve(chain, 'site', params.site));
    const owner = params.owner && (await references.resolve(chain, 'practitioner', params.owner, 'owner'));
    const [reportBy, after] = params.cursor === undefined ? ['', ''] : decodeCursor(params.cursor, 2);
    const about = await this.about(chain, patientId, params);
    const rows = await this.rowsOf(about);
    const views = await this.viewsOf(about, rows);
    const found = views
      .filter((view) => params.state === undefined || view.state === params.state)
      .filter((view) => site === undefined || view.site.id === site)
      .filter((view) => owner === undefined || view.owner.id === owner)
      .filter((view) => params.overdue === undefined || String(view.daysOverdue > 0) === params.overdue)
      .filter((view) => [view.reportBy, view.id].join() > [reportBy, after].join())
      .sort((a, b) => ([a.reportBy, a.id].join() < [b.reportBy, b.id].join() ? -1 : 1));
    return pageOf(found.slice(0, params.limit + 1), params.limit, (view) => [view.reportBy, view.id]);
  }

  /**
   * One adverse event with its history. One that was taken back is shown as it read before, with who took it back and why.
   * @throws NotFound `adverse-event.unknown`, `adverse-event.unknown-then`; Invalid `history.known-in-future`
   */
  async detail(chain: Chain, id: string, params: HistoryParams): Promise<AdverseEventDetail> {
    const about = await this.about(chain, await this.now.patientOf(chain, id), params);
    const { asked, records, patientId } = about;
    const ofPatient = entriesOf(await records.events(chain, patientStream(patientId)), asked).filter(
      ({ entered }) => isAdverseEvent(entered) && entered.data.adverseEventId === id,
    );
    const reported = ofPatient.find(({ entered }) => entered.type === 'AdverseEventReported');
    const followUp = reported ? undefined : await this.followUp(about, id);
    const source = reported ?? followUp?.entry;
    if (!source) throw unknownThen('adverse-event.unknown-then', 'adverse event', params);
    const done = ofPatient
      .filter((entry) => entry === reported || entry.retraction === undefined)
      .map(({ reads }) => reads as RecordedEvent<AdverseEventEvent>)
      .reduce<readonly AdverseEventState[]>(evolveAdverseEvents, []);
    const row: Row = {
      id,
      patient_id: patientId,
      found: (followUp && (await this.foundBy(about, followUp.said, followUp.entry.entered))) ?? null,
      done: done[0] ?? null,
      description: descriptionOf(reported?.reads as ReportedEvent | undefined),
    };
    const [view] = await this.viewsOf(about, [row]);
    const back = source.retraction ?? followUp?.unsaidBy;
    const entries = [...(followUp ? [followUp.entry] : []), ...ofPatient];
    return {
      ...(view as AdverseEventView),
      ...(back ? { state: 'retracted' as const, daysOverdue: 0 } : {}),
      retracted: back ? await this.retraction(chain, back) : null,
      history: entries.map(entryView).sort((a, b) => (a.recordedAt < b.recordedAt ? -1 : 1)),
    };
  }

  private async about(chain: Chain, patientId: Id, params: HistoryParams): Promise<Asked> {
    const records = this.records.forAnswer();
    const [zone, now] = await Promise.all([records.zoneOf(chain, [patientId]), this.chains.now(chain)]);
    return { chain, patientId, records, asked: askedHistory(params, zone, now) };
  }

  private async viewsOf({ chain, asked }: Asked, rows: readonly Row[]): Promise<AdverseEventView[]> {
    const described = new Map(rows.map(({ id, description }) => [id, description]));
    const sites = await this.people.sites(chain);
    return this.now.viewsOf(chain, rows, (id) => described.get(id) ?? null, sites, asked.now);
  }

  /** Those that stood then. */
  private async rowsOf(about: Asked): Promise<Row[]> {
    const { chain, patientId, asked, records } = about;
    const events = historyAt(await records.events(chain, patientStream(patientId)), asked).filter(isAdverseEvent);
    const done = new Map(
      events
        .reduce<readonly AdverseEventState[]>(evolveAdverseEvents, [])
        .map((each) => [each.adverseEventId, each] as const),
    );
    const descriptions = new Map(
      events.flatMap((event) =>
        event.type === 'AdverseEventReported'
          ? [[event.data.adverseEventId, descriptionOf(event as ReportedEvent)] as const]
          : [],
      ),
    );
    const held = (await this.courseEvents(about)).flatMap((each) => historyAt(each, asked).filter(isFollowUp));
    const found = new Map(
      await Promise.all(
        held.map(async (each) => [each.data.followUpId, await this.foundBy(about, each, each)] as const),
      ),
    );
    return [...new Set([...done.keys(), ...found.keys()])]
      .map((id) => ({
        id,
        patient_id: patientId,
        found: found.get(id) ?? null,
        done: done.get(id) ?? null,
        description: descriptions.get(id) ?? null,
      }))
      .filter((row) => uniteAdverseEvent(row.found ?? undefined, row.done ?? undefined) !== undefined);
  }

  private async courseEvents({ chain, patientId, records }: Asked): Promise<(readonly RecordedEvent[])[]> {
    const streams = await records.streamsOf(chain, [patientId]);
    return Promise.all(
      streams.filter((stream) => stream.startsWith('course-')).map((stream) => records.events(chain, stream)),
    );
  }

  /** The adverse event that a follow-up says it found, nothing done about it yet. */
  private async foundBy(
    { chain, asked: { knownAt }, records }: Asked,
    { data }: Pick<FollowUpHeldEvent, 'data'>,
    entered: Pick<RecordedEvent, 'recordedAt' | 'header'>,
  ): Promise<AdverseEventState | undefined> {
    const [course, site] = await Promise.all([
      records.fold(chain, courseStream(data.courseId), courseFold, { knownAt }),
      records.fold(chain, siteStream(data.siteId), siteFold, { knownAt }),
    ]);
    if (course.state.status === 'none') return undefined;
    const { recordedAt, header } = entered;
    const { reportingDays } = legalRulesOf(site.state, data.at.instant);
    return adverseEventOfFollowUp(course.state, data, reportingDays, {
      recordedAt,
      isImported: header.origin === 'import',
    });
  }

  /** The follow-up that found an adverse event, as it said so last, and what made it say so no more. */
  private async followUp(about: Asked, id: Id) {
    for (const events of await this.courseEvents(about)) {
      const entry = entriesOf(events, about.asked).find(
        ({ entered }) => isFollowUp(entered) && entered.data.followUpId === id,
      );
      if (!entry) continue;
      const standing = entry.corrections.filter(({ retraction }) => retraction === undefined);
      const readings = [entry.entered, ...standing.map(({ event }) => event)] as unknown as FollowUpHeldEvent[];
      const said = readings.findLast(({ data }) => data.adverseEvent !== undefined);
      // One that never found any is no adverse event.
      if (said)
        return { entry, said, unsaidBy: readings.slice(readings.indexOf(said) + 1)[0] as RecordedEvent | undefined };
    }
    return undefined;
  }

  private async retraction(chain: Chain, event: RecordedEvent): Promise<AdverseEventDetail['retracted']> {
    const { physicianId, correctionReason } = event.data as { physicianId?: Id; correctionReason?: unknown };
    const named = physicianId && (await this.people.practitioners(chain, [physicianId]));
    const by = retractionView(event);
    if (!by) return null;
    const reason = by.reason ?? (typeof correctionReason === 'string' ? correctionReason : null);
    return { ...by, reason, physician: named && physicianId ? named(physicianId) : null };
  }
}

const isAdverseEvent = (event: RecordedEvent): event is RecordedEvent<AdverseEventEvent> =>
  event.type.startsWith('AdverseEvent');
const isFollowUp = (event: RecordedEvent): event is FollowUpHeldEvent => event.type === 'FollowUpHeld';

const descriptionOf = (event: ReportedEvent | undefined): string | null =>
  event === undefined || isErased(event.data.description) ? null : event.data.description;

function entryView(entry: EntryHistory): AdverseEventEntryView {
  const { entered, reads, retraction } = entry;
  const occurredAt: Instant = reads.occurredAt.instant;
  return {
    eventId: entered.header.id,
    type: entered.type,
    occurredAt,
    recordedAt: entered.recordedAt,
    actor: entered.header.actor,
    corrections: correctionViews(entry),
    retracted: retractionView(retraction),
  };
}
