import type { Chain } from '#libs/event-store/src/chains.js';
import type { HistoryAt } from '#libs/event-store/src/correction.js';
import type { StreamName } from '#libs/event-store/src/event-store.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type People, siteIn, siteRef } from '../../directory/people.js';
import { correctionViews, retractionView } from '../../history/correction.views.js';
import { entriesOf, type EntryHistory } from '../../history/entry-history.js';
import type { RecordAt } from '../../history/record-at.js';
import type { TimelineItem } from './patient-timeline.contract.js';
import { tell } from './patient-timeline.titles.js';
import { openFieldsOf, type ResolvedEntry } from './timeline-entry.js';

/** The events of streams that were read already. */
export type ReadStreams = ReadonlyMap<StreamName, readonly RecordedEvent[]>;

/**
 * Makes entries into what is answered: names and codes resolved for all of them at once, and the corrections of those
 * few that have any, which are read from the log.
 */
export class TimelineItems {
  constructor(
    private readonly people: People,
    private readonly records: RecordAt,
  ) {}

  /** @param read streams of the entries that need not be read again */
  async of(
    chain: Chain,
    entries: readonly ResolvedEntry[],
    { knownAt }: HistoryAt = {},
    read: ReadStreams = new Map(),
  ): Promise<TimelineItem[]> {
    const [sites, practitioner, course, histories] = await Promise.all([
      this.people.sites(chain),
      this.people.practitioners(
        chain,
        entries.flatMap((entry) => entry.practitioner_id ?? []),
      ),
      this.people.courses(
        chain,
        entries.flatMap((entry) => entry.course_id ?? []),
      ),
      this.histories(chain, entries, { knownAt }, read),
    ]);
    return entries.map((entry): TimelineItem => {
      const history = histories.get(entry.event_id);
      return {
        eventId: entry.event_id,
        position: Number(entry.position),
        type: entry.type,
        occurredAt: entry.occurred_at,
        precision: entry.precision,
        wall: entry.wall,
        zone: entry.zone,
        recordedAt: entry.recorded_at,
        origin: entry.origin,
        actor: entry.actor,
        patientId: entry.patient_id,
        site: entry.site_id === null ? null : siteRef(siteIn(sites, entry.site_id)),
        course: entry.course_id === null ? null : course(entry.course_id, entry.protocol ?? ''),
        practitioner: entry.practitioner_id === null ? null : practitioner(entry.practitioner_id),
        ...told(entry, entry.facts, sessionOf(entry)),
        corrections: history ? correctionViews(history) : [],
        entered: history && history.corrections.length > 0 ? asEntered(entry, history) : null,
        retracted: retractionView(history?.retraction),
      };
    });
  }

  /** Of those entries that anything was said about since, by event id. */
  private async histories(
    chain: Chain,
    entries: readonly ResolvedEntry[],
    at: HistoryAt,
    read: ReadStreams,
  ): Promise<ReadonlyMap<Id, EntryHistory>> {
    const changed = new Map<StreamName, Set<Id>>();
    for (const entry of entries) {
      if (!entry.is_corrected && !entry.is_retracted) continue;
      changed.set(entry.stream, (changed.get(entry.stream) ?? new Set()).add(entry.event_id));
    }
    const events = await Promise.all(
      [...changed].map(async ([stream, ids]) => read.get(stream) ?? this.records.changesOf(chain, stream, ids)),
    );
    return new Map(
      events.flatMap((each) => entriesOf(each, at)).map((history) => [history.entered.header.id, history]),
    );
  }
}

type SessionNamed = { readonly kind: 'course' | 'maintenance'; readonly number: number } | undefined;

const sessionOf = ({ session_kind: kind, session_number: number }: ResolvedEntry): SessionNamed =>
  kind === null || number === null ? undefined : { kind, number };

const told = ({ type, protocol }: ResolvedEntry, facts: unknown, session: SessionNamed) =>
  tell({ type, facts, session, protocol: protocol ?? undefined });

function asEntered(entry: ResolvedEntry, { entered }: EntryHistory): TimelineItem['entered'] {
  const { kind, number } = entered.data as Partial<NonNullable<SessionNamed>>;
  const session = sessionOf(entry) && kind !== undefined && number !== undefined ? { kind, number } : sessionOf(entry);
  return {
    occurredAt: entered.occurredAt.instant,
    precision: entered.occurredAt.precision,
    wall: entered.occurredAt.time?.wall ?? null,
    ...told(entry, openFieldsOf(entered), session),
  };
}
