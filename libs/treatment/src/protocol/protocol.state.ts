import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { ProtocolEvent } from './protocol.events.js';

/** The published versions of one protocol, in their order. */
export interface ProtocolState {
  readonly versions: readonly Protocol[];
  /** Numbers of the versions with which no new course is planned. */
  readonly retired: readonly number[];
}

function evolve(state: ProtocolState, { type, data }: RecordedEvent<ProtocolEvent>): ProtocolState {
  switch (type) {
    case 'ProtocolPublished':
      return { ...state, versions: [...state.versions, data.protocol] };
    case 'ProtocolRetired':
      return { ...state, retired: [...state.retired, data.version] };
    default:
      return assertNever(type, 'event of a protocol');
  }
}

export const protocolFold = { initial: { versions: [], retired: [] } as ProtocolState, evolve };

/** The newest version that was not retired: new courses are planned with it. */
export const latestVersion = ({ versions, retired }: ProtocolState): Protocol | undefined =>
  versions.findLast(({ version }) => !retired.includes(version));

export const versionOf = (state: ProtocolState, version: number): Protocol | undefined =>
  state.versions.find((protocol) => protocol.version === version);

/** The number of the next version. Numbers are never given again, whatever was retired. */
export const nextVersion = ({ versions }: ProtocolState): number =>
  versions.reduce((last, { version }) => Math.max(last, version), 0) + 1;
