import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent, StreamName } from '#libs/event-store/src/event-store.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import { originOf } from '#libs/ledger/src/checkpoint.js';
import { logEvent } from '#libs/ledger/src/ledger-log.js';
import type { LedgerReader } from '#libs/ledger/src/ledger-reader.js';
import { complianceReport, countedBy, type ReportStream, reportText } from './verify-bundle.mjs';

export interface ReportAsked {
  /** Null: all sites. */
  readonly site: Id | null;
  /** Days by the clocks of the sites, both belong to it. */
  readonly from: LocalDate;
  readonly to: LocalDate;
  /** Of the checkpoint to compute from; the newest where none is named. */
  readonly size?: number | undefined;
}

export interface ComputedReport {
  /** The bytes. */
  readonly text: string;
  readonly size: number;
  /** What it rests on, in the order in which it came up. */
  readonly streams: readonly StreamName[];
  readonly events: number;
  /** Persons in what it rests on whose data nobody can read any more. */
  readonly erased: number;
}

/** Events of one read; at some 600 bytes each, 6 MB. */
const PAGE_EVENTS = 10_000;
/** Streams that are read at the same time. */
const STREAMS_AT_ONCE = 16;

/**
 * Reports that name the checkpoint they were computed from. They are folded from the log itself, up to that checkpoint, by
 * the function that verifies them (verify-bundle.mjs): read models show what is known now, and have forgotten what was
 * known then. So a report takes the time of reading the log once, and is the same to the byte whenever it is asked for.
 */
export class ComplianceReports {
  constructor(
    private readonly source: {
      readonly db: Database;
      readonly store: Pick<EventStore, 'readAll' | 'readStream'>;
      readonly ledger: LedgerReader;
    },
  ) {}

  /** @throws NotFound `ledger.no-checkpoint` where none of that size was published */
  async compute(chain: Chain, { site, from, to, size: wanted }: ReportAsked): Promise<ComputedReport> {
    const { ledger } = this.source;
    const { size, body } = await ledger.published(chain, wanted);
    const root = body.split('\n')[2] as string;
    const { streams, until } = await this.counted(chain, site, size);
    const persons = new Set<Id>();
    const read: ReportStream[] = [];
    let events = 0;
    for (let n = 0; n < streams.length; n += STREAMS_AT_ONCE) {
      const some = streams.slice(n, n + STREAMS_AT_ONCE);
      const pages = await Promise.all(some.map((stream) => this.eventsOf(chain, stream, until)));
      for (const [i, page] of pages.entries()) {
        events += page.length;
        for (const { data } of page) {
          const { subject } = JSON.parse(data) as { subject?: Id };
          if (subject !== undefined) persons.add(subject);
        }
        read.push({ stream: some[i] as StreamName, events: page.map(reportEvent) });
      }
    }
    const parameters = { log: originOf(chain.id), checkpoint: { size, root }, site, from, to };
    const text = reportText(complianceReport(read, parameters));
    return { text, size, streams, events, erased: await this.erased(chain, [...persons]) };
  }

  /**
   * The streams that matter, found in the log: what a correction has moved to another site since is among them. Leaves are
   * the events in their order, so that the last one of a checkpoint is found by counting, also where positions have gaps.
   */
  private async counted(
    chain: Chain,
    site: Id | null,
    size: number,
  ): Promise<{ streams: StreamName[]; until: number }> {
    const found = new Set<StreamName>();
    let until = 0;
    for (let read = 0; read < size; ) {
      const limit = Math.min(PAGE_EVENTS, size - read);
      const events = await this.source.store.readAll(chain.id, { from: until + 1, limit });
      for (const event of events) {
        const { stream, header, data } = logEvent(event);
        for (const name of countedBy(stream, header, data, site)) found.add(name);
      }
      const last = events.at(-1);
      if (!last) throw new Error(`the log of ${chain.slug} ends before its checkpoint of ${size}`);
      read += events.length;
      until = last.position;
    }
    return { streams: [...found], until };
  }

  private async eventsOf(chain: Chain, stream: StreamName, until: number): Promise<StoredEvent[]> {
    const found: StoredEvent[] = [];
    for (let from = 0; ; from += PAGE_EVENTS) {
      const events = await this.source.store.readStream(chain.id, stream, { from, limit: PAGE_EVENTS });
      found.push(...events.filter(({ position }) => position <= until));
      if (events.length < PAGE_EVENTS) return found;
    }
  }

  private async erased(chain: Chain, persons: readonly Id[]): Promise<number> {
    const { rows } = await this.source.db.query<{ n: string }>(
      `select count(distinct subject) as n from subject_key
       where chain = $1 and subject = any($2::uuid[]) and destroyed_at is not null`,
      [chain.no, persons],
    );
    return Number(rows[0]?.n ?? 0);
  }
}

/** As it stands in a bundle. */
function reportEvent(event: StoredEvent): ReportStream['events'][number] {
  const { position, recordedAtMs, header, data } = logEvent(event);
  return { position, recordedAt: new Date(recordedAtMs).toISOString(), header, data };
}
