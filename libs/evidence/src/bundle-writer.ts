import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore, StoredEvent, StreamName } from '#libs/event-store/src/event-store.js';
import { PERSONAL_CLASSES, type PersonalClass } from '#libs/event-store/src/personal-data.js';
import { nameOf, type SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { originOf } from '#libs/ledger/src/checkpoint.js';
import { logEvent } from '#libs/ledger/src/ledger-log.js';
import type { LedgerReader } from '#libs/ledger/src/ledger-reader.js';
import type { PublishedCheckpoint } from '#libs/ledger/src/ledger-tables.js';
import { proveInclusion } from '#libs/ledger/src/merkle.js';
import { formatNote, type NoteSignature, parseSignature, parseVkey } from '#libs/ledger/src/signed-note.js';
import type { EvidenceScope } from './evidence.scope.js';
import { namedBy } from './verify-bundle.mjs';

/** Version of the format: docs/evidence.md. A change that an older verifier would misread is a new one. */
export const BUNDLE_VERSION = 1;
/** Of a report: an older verifier would not compute its figures. */
export const REPORT_VERSION = 2;

export interface BundleOptions {
  /** Sizes of older checkpoints that the reader may hold: the bundle proves that its history goes on from each. */
  readonly since?: readonly number[];
  /** With the keys of the persons in it, so that what is personal can be read. */
  readonly open?: boolean;
  /** Of a report: its bytes and its checkpoint. */
  readonly report?: BundledReport | undefined;
}

/** A report as a bundle holds it. */
export interface BundledReport {
  readonly text: string;
  readonly size: number;
  /** How many events it rests on that are too many for a bundle; 0 where all are in it. */
  readonly eventsLeftOut: number;
}

export interface BundleSource {
  readonly db: Database;
  readonly store: EventStore;
  readonly ledger: LedgerReader;
  readonly keys: SubjectKeys;
  /** Public keys that are told with a chain's: of its own signing keys, and of its witnesses. */
  readonly publicKeys: (chain: Chain) => Promise<readonly PublicKey[]>;
  /** Commits what is recorded, in a process that nobody else does it for. */
  readonly commit?: (() => Promise<void>) | undefined;
  /** Of this software. */
  readonly version: string;
}

/** A public key as it stands in a bundle. */
export interface PublicKey {
  readonly vkey: string;
  readonly role: 'log' | 'witness';
  /** Sizes of the first and the last checkpoint that it signs; null where there is no such end, or nobody knows. */
  readonly fromSize: number | null;
  readonly untilSize: number | null;
}

/** Newer events are waited for so long to come under a checkpoint, which takes a worker a second or two. */
const WAIT_MS_MAX = 6_000;
/** By then there is no worker. */
const WAIT_FOR_WORKER_MS = 3_000;
const WAIT_STEP_MS = 100;
const PAGE_EVENTS = 1_000;
/** Older checkpoints that are answered for at once. */
export const SINCE_MAX = 20;

/** Writes evidence bundles, event by event: memory holds a page of one stream. */
export class BundleWriter {
  constructor(private readonly source: BundleSource) {}

  /**
   * The text of a bundle in pieces. It holds what was recorded when it was asked for, as far as a checkpoint covers it
   * within some seconds.
   * @throws NotFound `ledger.no-checkpoint`, `ledger.size-not-reached` for one of `since`; Invalid `ledger.out-of-range`
   */
  async *write(
    chain: Chain,
    scope: EvidenceScope,
    { since = [], open = false, report }: BundleOptions = {},
  ): AsyncGenerator<string> {
    const { ledger, publicKeys, version } = this.source;
    const { size, body, lines } = report ? await ledger.published(chain, report.size) : await this.checkpointOf(chain);
    const consistency = [];
    for (const older of new Set(since)) {
      const { proof } = await ledger.consistency(chain, older, size);
      consistency.push({ size: older, proof: base64(proof) });
    }
    const keys = await publicKeys(chain);
    const known = new Set(keys.map(({ vkey }) => keyIdOf(parseVkey(vkey))));
    // Of a witness that is asked no more nobody here knows the key.
    const signed = lines.filter((line) => known.has(keyIdOf(parseSignature(line))));
    const head = {
      format: 'pistor-evidence',
      version: report ? REPORT_VERSION : BUNDLE_VERSION,
      origin: originOf(chain.id),
      scope: { kind: scope.kind, name: scope.name, streams: scope.streams },
      ...(report && { report: { text: report.text, eventsLeftOut: report.eventsLeftOut } }),
      madeAt: new Date().toISOString(),
      madeBy: `Pistor ${version}`,
      checkpoint: formatNote(body, signed),
      keys,
      consistency,
    };
    yield `${JSON.stringify(head).slice(0, -1)},\n"streams":[`;
    const subjects = new Set<Id>();
    let comma = '';
    // A set is walked to its end while it grows: what the events name comes in as it is read.
    const streams = new Set([...scope.streams, ...scope.further]);
    for (const stream of streams) {
      // Asked anew for each, so that the tiles of the last one need not be held.
      const { tree, readTiles } = await ledger.tree(chain);
      // A stream that begins after the checkpoint is left out: a verifier refuses one without an event.
      const beginning = `${comma}\n{"stream":${JSON.stringify(stream)},"events":[`;
      let before: string | undefined;
      for await (const event of this.eventsOf(chain, stream)) {
        const index = await tree.indexOf(event.position);
        if (index === undefined || index >= size) break;
        const proof = await proveInclusion(index, size, readTiles);
        const { subject } = JSON.parse(event.data) as { subject?: Id };
        if (subject !== undefined) subjects.add(subject);
        if (scope.kind !== 'report') for (const named of namedBy(stream, event.data, scope.kind)) streams.add(named);
        const { recordedAtMs, header, data } = logEvent(event);
        const written = {
          revision: event.revision,
          position: event.position,
          ...(index === event.position - 1 ? {} : { leaf: index }),
          recordedAt: new Date(recordedAtMs).toISOString(),
          header,
          data,
          proof: base64(proof),
        };
        yield `${before ?? beginning}\n${JSON.stringify(written)}`;
        before = ',';
      }
      if (before === undefined) continue;
      comma = ',';
      yield ']}';
    }
    const names = [...subjects].flatMap((subject) => PERSONAL_CLASSES.map((each) => ({ subject, class: each })));
    const end = {
      erased: await this.erased(chain, [...subjects]),
      opened: open ? await this.opened(chain, names) : [],
    };
    yield `],\n${JSON.stringify(end).slice(1)}\n`;
  }

  /** The newest published checkpoint; one that holds everything that is recorded now, if it comes soon. */
  private async checkpointOf(chain: Chain): Promise<PublishedCheckpoint> {
    const { ledger, store } = this.source;
    const head = await store.head(chain.id);
    for (let waitedMs = 0; waitedMs < WAIT_MS_MAX; waitedMs += WAIT_STEP_MS) {
      const published = await ledger.published(chain).catch((error: unknown) => {
        if (error instanceof NotFound) return undefined;
        throw error;
      });
      if (published && (await this.covers(chain, published.size, head))) return published;
      await pause(WAIT_STEP_MS);
      if (waitedMs === WAIT_FOR_WORKER_MS) await this.source.commit?.();
    }
    return ledger.published(chain);
  }

  /** Whether a tree of this size holds the event at a position. */
  private async covers(chain: Chain, size: number, position: number): Promise<boolean> {
    if (position === 0) return true;
    if (this.source.store.capabilities.gapFree) return size >= position;
    const { row } = (await this.source.ledger.tree(chain)).tree;
    return row.position >= position && size >= row.size;
  }

  private async *eventsOf(chain: Chain, stream: StreamName): AsyncGenerator<StoredEvent> {
    for (let from = 0; ; from += PAGE_EVENTS) {
      const events = await this.source.store.readStream(chain.id, stream, { from, limit: PAGE_EVENTS });
      yield* events;
      if (events.length < PAGE_EVENTS) return;
    }
  }

  /** Keys that were destroyed. That there was one is never forgotten. */
  private async erased(chain: Chain, subjects: readonly Id[]) {
    const { rows } = await this.source.db.query<{ subject: Id; class: PersonalClass; at: Date }>(
      `select subject, class, destroyed_at as at from subject_key
       where chain = $1 and subject = any($2::uuid[]) and destroyed_at is not null order by subject, class`,
      [chain.no, subjects],
    );
    return rows.map(({ subject, class: personalClass, at }) => ({
      subject,
      class: personalClass,
      at: at.toISOString(),
    }));
  }

  private async opened(chain: Chain, names: readonly { readonly subject: Id; readonly class: PersonalClass }[]) {
    const found = await this.source.keys.find(chain, names);
    return names.flatMap((name) => {
      const key = found.get(nameOf(name));
      return key ? [{ ...name, key: key.toString('base64') }] : [];
    });
  }
}

const keyIdOf = (key: { readonly name: string; readonly id: string } | NoteSignature): string =>
  `${key.name}+${'id' in key ? key.id : key.keyId}`;

const base64 = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('base64'));
