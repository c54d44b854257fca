import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { ProtocolEvent } from './protocol.events.js';

/** The published versions of one protocol, in their order. */
export interface ProtocolState {
  readonly versions: readonly Protocol[];
  /** Numbers of the versions with which no new course is planned. */
  readonly retired: readonly number[];
  /** From when to when new courses were planned with each version, in their order. */
  readonly terms: readonly VersionTerm[];
}

export interface VersionTerm {
  readonly version: number;
  /** Null: a built-in version, which says what was published long before any chain was. */
  readonly from: Instant | null;
  /** Null: it is not retired. */
  readonly until: Instant | null;
}

/** Who publishes the built-in protocols of a chain. */
export const BUILT_IN_ACTOR = 'system:built-in';

function evolve(state: ProtocolState, event: RecordedEvent<ProtocolEvent>): ProtocolState {
  const { type, data, header } = event;
  const { instant } = event.occurredAt;
  switch (type) {
    case 'ProtocolPublished':
      return {
        ...state,
        versions: [...state.versions, data.protocol],
        terms: [
          ...state.terms,
          { version: data.protocol.version, from: header.actor === BUILT_IN_ACTOR ? null : instant, until: null },
        ],
      };
    case 'ProtocolRetired':
      return {
        ...state,
        retired: [...state.retired, data.version],
        terms: state.terms.map((term) =>
          term.version === data.version && term.until === null ? { ...term, until: instant } : term,
        ),
      };
    default:
      return assertNever(type, 'event of a protocol');
  }
}

export const protocolFold = { initial: { versions: [], retired: [], terms: [] } as ProtocolState, evolve };

/** The newest version that was not retired: new courses are planned with it. */
export const latestVersion = ({ versions, retired }: ProtocolState): Protocol | undefined =>
  versions.findLast(({ version }) => !retired.includes(version));

/** The newest version with which courses were planned at an instant: published by then, and not retired by then. */
export const versionAt = (state: ProtocolState, instant: Instant): Protocol | undefined => {
  const held = state.terms.findLast(
    ({ from, until }) => (from === null || from <= instant) && (until === null || instant < until),
  );
  return held && versionOf(state, held.version);
};

/** From when to when new courses were planned with a version; undefined where it was never published. */
export const termOf = ({ terms }: ProtocolState, version: number): VersionTerm | undefined =>
  terms.findLast((term) => term.version === version);

/** When the next version was published after an instant; undefined: none was. */
export const publishedAfter = ({ terms }: ProtocolState, instant: Instant): Instant | undefined =>
  terms
    .flatMap(({ from }) => (from !== null && from > instant ? [from] : []))
    .sort()
    .at(0);

export const versionOf = (state: ProtocolState, version: number): Protocol | undefined =>
  state.versions.find((protocol) => protocol.version === version);

/** The number of the next version. Numbers are never given again, whatever was retired. */
export const nextVersion = ({ versions }: ProtocolState): number =>
  versions.reduce((last, { version }) => Math.max(last, version), 0) + 1;
