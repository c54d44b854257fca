import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { ProtocolEvent } from './protocol.events.js';

/** The published versions of one protocol, in their order. */
export interface ProtocolState {
  readonly versions: readonly Protocol[];
}

export const protocolFold = {
  initial: { versions: [] } as ProtocolState,
  evolve: (state: ProtocolState, event: RecordedEvent<ProtocolEvent>): ProtocolState => ({
    versions: [...state.versions, event.data.protocol],
  }),
};

export const latestVersion = (state: ProtocolState): Protocol | undefined => state.versions.at(-1);

export const versionOf = (state: ProtocolState, version: number): Protocol | undefined =>
  state.versions.find((protocol) => protocol.version === version);
