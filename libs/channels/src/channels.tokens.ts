import type { InboundMessages } from './inbound.port.js';
import type { TwilioCalls } from './twilio.signature.js';

export const INBOUND_CALLS = Symbol('inbound calls of providers');

export interface InboundCalls {
  readonly inbound: InboundMessages;
  /** Null where SMS does not go by Twilio, or nobody can reach us from outside: every call is refused. */
  readonly twilio: TwilioCalls | null;
}
