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
    const [sites, practitionerOf, courseOf, histories] = await Promise.all([
      this.people.sites(chain),
      this.people.practitioners(chain, idsOf(entries, 'practitioner_id')),
      this.people.courses(chain, idsOf(entries, 'course_id')),
      this.histories(chain, entries, { knownAt }, read),
    ]);
    // Hundreds of entries name a few things over and over: each is made once.
    const site = once((id: Id) => siteRef(siteIn(sites, id)));
    const practitioner = once(practitionerOf);
    const course = once(courseOf);
    return entries.map((entry): TimelineItem => {
      const { shown } = entry;
      const history = entry.changed === null ? undefined : histories.get(shown.eventId);
      const { title, details } = told(entry, shown.facts, sessionOf(entry));
      return {
        eventId: shown.eventId,
        position: shown.position,
        type: shown.type,
        occurredAt: shown.occurredAt,
        precision: shown.precision,
        wall: shown.wall,
        zone: shown.zone,
        recordedAt: shown.recordedAt,
        origin: shown.origin,
        actor: shown.actor,
        patientId: shown.patientId,
        site: entry.site_id === null ? null : site(entry.site_id),
        course: entry.course_id === null ? null : course(entry.course_id, entry.protocol ?? ''),
        practitioner: entry.practitioner_id === null ? null : practitioner(entry.practitioner_id),
        title,
        details,
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
    const changed = entries.flatMap((entry) => entry.changed ?? []);
    if (changed.length === 0) return new Map();
    const unread = changed.filter(({ stream }) => !read.has(stream));
    const events = await this.records.eventsAt(chain, unread);
    const streams = [...new Set(changed.map(({ stream }) => stream))];
    return new Map(
      streams
        .flatMap((stream) => entriesOf(read.get(stream) ?? events.get(stream) ?? [], at))
        .map((history) => [history.entered.header.id, history]),
    );
  }
}

const idsOf = (entries: readonly ResolvedEntry[], column: 'practitioner_id' | 'course_id'): Set<Id> => {
  const ids = new Set<Id>();
  for (const { [column]: id } of entries) if (id !== null) ids.add(id);
  return ids;
};

/** What is asked of the same id again is answered with the same. */
function once<More extends readonly unknown[], Named>(
  make: (id: Id, ...more: More) => Named,
): (id: Id, ...more: More) => Named {
  const made = new Map<Id, Named>();
  return (id, ...more) => {
    const known = made.get(id);
    if (known !== undefined) return known;
    const named = make(id, ...more);
    made.set(id, named);
    return named;
  };
}

type SessionNamed = { readonly kind: 'course' | 'maintenance'; readonly number: number } | undefined;

const sessionOf = ({ session_kind: kind, session_number: number }: ResolvedEntry): SessionNamed =>
  kind === null || number === null ? undefined : { kind, number };

const told = ({ shown: { type }, protocol }: ResolvedEntry, facts: unknown, session: SessionNamed) =>
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
