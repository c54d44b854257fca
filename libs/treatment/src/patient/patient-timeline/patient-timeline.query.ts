import type { References } from '#libs/cqrs/src/references.js';
import type { Queryable } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { HistoryAt } from '#libs/event-store/src/correction.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { z } from 'zod';
import { DIRECTORY } from '../../directory/directory.projection.js';
import type { People } from '../../directory/people.js';
import { askedHistory, asksForHistory, historyShape, unknownThen } from '../../history/history.params.js';
import type { RecordAt } from '../../history/record-at.js';
import type { PatientTimeline } from './patient-timeline.contract.js';
import { PATIENT_TIMELINE } from './patient-timeline.projection.js';
import { byOccurrence, entriesAt, type ResolvedEntry } from './timeline-entry.js';
import type { TimelineItems } from './timeline-items.js';

export const timelineParamsSchema = listQueryOf({
  order: z.enum(['asc', 'desc']).default('desc').describe('`desc`: newest first.'),
  person: z
    .enum(['true', 'false'])
    .default('false')
    .describe('`true`: with what is on record under every registration that is linked with this one.'),
  ...historyShape,
});
export type TimelineParams = z.output<typeof timelineParamsSchema>;

const SCHEMA = `"${schemaOf(PATIENT_TIMELINE)}"`;

/** Everything that happened to a patient, in the order in which it occurred, with what was corrected since. */
export class PatientTimelineQuery {
  static readonly reads = [PATIENT_TIMELINE.name, DIRECTORY.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
    private readonly records: RecordAt,
    private readonly items: TimelineItems,
  ) {}

  /**
   * @param patient id or code
   * @throws NotFound `patient.unknown`, `patient.unknown-then`; Invalid `cursor.malformed`, `history.known-in-future`
   */
  async list(chain: Chain, patient: string, params: PageParams): Promise<PatientTimeline> {
    const patientId = await this.references.resolve(chain, 'patient', patient);
    const page = asksForHistory(params)
      ? await this.pageThen(chain, patientId, params)
      : await this.pageNow(chain, patientId, params);
    if (page.entries.length === 0 && params.cursor === undefined)
      throw await this.unknown(chain, patient, patientId, params);
    const { items: entries, next } = pageOf(page.entries, params.limit, ({ shown }) => [
      shown.occurredAt,
      shown.position,
    ]);
    const [person, items] = await Promise.all([
      this.people.patients(chain, page.registrations),
      this.items.of(chain, entries, page.at),
    ]);
    return { patient: person(patientId), registrations: page.registrations.map(person), items, next };
  }

  /** From the read model. */
  private async pageNow(chain: Chain, patientId: Id, params: PageParams): Promise<Page> {
    const registrations = await this.registrations(chain, patientId, params, {});
    const [occurredAt, position] = afterOf(params);
    const { rows } = await this.db.query<{ entries: string }>({
      ...(params.order === 'asc' ? ASCENDING : DESCENDING),
      values: [chain.no, registrations, params.limit + 1, occurredAt, position],
    });
    const entries = (JSON.parse(rows[0]?.entries ?? '[]') as EntryColumns[]).map(entryOf);
    return { registrations, entries, at: {} };
  }

  /** From the log. All that is on record about a person is looked at, which is some hundreds of events. */
  private async pageThen(chain: Chain, patientId: Id, params: PageParams): Promise<Page> {
    const [zone, now] = await Promise.all([this.records.zoneOf(chain, [patientId]), this.chains.now(chain)]);
    const { asOf, knownAt } = askedHistory(params, zone, now);
    const at: HistoryAt = { asOf, knownAt };
    const registrations = await this.registrations(chain, patientId, params, at);
    const names = await this.records.streamsOf(chain, registrations);
    const events = await Promise.all(names.map((stream) => this.records.sealedEvents(chain, stream)));
    const entries = entriesAt(events, at);
    const after = afterOf(params);
    const rest = (params.order === 'asc' ? entries : entries.reverse()).filter((entry) =>
      isAfter(entry, after, params.order),
    );
    return { registrations, entries: rest.slice(0, params.limit + 1), at };
  }

  private async registrations(chain: Chain, patientId: Id, { person }: PageParams, at: HistoryAt): Promise<Id[]> {
    return person === 'true' ? this.records.registrations(chain, patientId, at) : [patientId];
  }

  private async unknown(chain: Chain, patient: string, patientId: Id, params: PageParams): Promise<NotFound> {
    const { rows } = await this.db.query(`select 1 from ${SCHEMA}.entry where chain = $1 and patient_id = $2 limit 1`, [
      chain.no,
      patientId,
    ]);
    if (rows.length > 0 && asksForHistory(params)) return unknownThen('patient.unknown-then', 'patient', params);
    return new NotFound('patient.unknown', 'There is no such patient.');
  }
}

type PageParams = Omit<TimelineParams, 'person'> & Partial<Pick<TimelineParams, 'person'>>;

interface Page {
  readonly registrations: readonly Id[];
  /** One more than the limit where there are more. */
  readonly entries: readonly ResolvedEntry[];
  readonly at: HistoryAt;
}

/** Place of the last entry of the page before. */
type After = readonly [occurredAt: string | null, position: number | null];

function afterOf({ cursor }: PageParams): After {
  if (cursor === undefined) return [null, null];
  const [occurredAt, position] = decodeCursor(cursor, 2);
  return [String(occurredAt), Number(position)];
}

function isAfter(entry: ResolvedEntry, [occurredAt, position]: After, order: 'asc' | 'desc'): boolean {
  if (occurredAt === null || position === null) return true;
  const difference = byOccurrence(entry.shown, { occurredAt, position });
  return order === 'asc' ? difference > 0 : difference < 0;
}

/** An entry as the read model gives it: what a resolved one has, in this order. */
type EntryColumns = readonly [
  shown: ResolvedEntry['shown'],
  courseId: Id | null,
  siteId: Id | null,
  practitionerId: Id | null,
  protocol: string | null,
  sessionKind: ResolvedEntry['session_kind'],
  sessionNumber: number | null,
  changed: { readonly stream: string; readonly revision: number; readonly by: Readonly<Record<Id, number>> } | null,
];

function entryOf(columns: EntryColumns): ResolvedEntry {
  const [shown, courseId, siteId, practitionerId, protocol, kind, number, changed] = columns;
  return {
    shown,
    course_id: courseId,
    site_id: siteId,
    practitioner_id: practitionerId,
    protocol,
    session_kind: kind,
    session_number: number,
    changed: changed && { stream: changed.stream, revisions: [changed.revision, ...Object.values(changed.by)] },
  };
}

/** Ids and kinds of ours, which have nothing in them that JSON would write otherwise. */
const quoted = (value: string): string => `coalesce('"' || ${value} || '"', 'null')`;

/**
 * As `resolveEntries` does it. Named, so that it is planned once: with so many tables that takes as long as carrying it
 * out. A page is one text: taking apart the columns of hundreds of rows takes this process as long as the server
 * needs to find them, and leaves it half a megabyte of garbage.
 */
const select = (after: '<' | '>', direction: 'asc' | 'desc') => ({
  name: `${schemaOf(PATIENT_TIMELINE)} ${direction}`,
  text: `
  with page as (
    select * from ${SCHEMA}.entry
    where chain = $1 and patient_id = any($2::uuid[])
      and ($4::text is null or (occurred_at, position) ${after} ($4, $5::bigint))
    order by occurred_at ${direction}, position ${direction} limit $3
  )
  select '[' || string_agg(concat(
    '[', concat_ws(',',
      e.shown,
      ${quoted('e.course_id')},
      ${quoted('coalesce(e.site_id, b.site_id, k.site_id, c.site_id)')},
      ${quoted('coalesce(e.practitioner_id, b.practitioner_id, k.practitioner_id)')},
      coalesce(to_json(c.protocol)::text, 'null'),
      ${quoted('s.kind')},
      coalesce(s.number::text, 'null'),
      case when e.changes = '{}' then 'null'
        else json_build_object('stream', e.stream, 'revision', e.revision, 'by', e.changes)::text end
    ), ']'), ',' order by e.occurred_at ${direction}, e.position ${direction}) || ']' as entries
  from page e
  left join ${SCHEMA}.course c on c.chain = e.chain and c.id = e.course_id
  left join ${SCHEMA}.session s on s.chain = e.chain and s.id = e.session_id
  left join ${SCHEMA}.consultation k on k.chain = e.chain and k.id = e.consultation_id
  left join lateral (
    select x.site_id, x.practitioner_id from ${SCHEMA}.entry x
    where (e.site_id is null or e.practitioner_id is null) and x.chain = e.chain and x.session_id = e.session_id
      and x.position < e.position and x.site_id is not null and not x.is_retracted
    order by x.position desc limit 1
  ) b on true`,
});

const ASCENDING = select('>', 'asc');
const DESCENDING = select('<', 'desc');
