/** Who writes what becomes of messages, as their events name it. */
export const DISPATCHER = 'system:dispatcher';

/** What became of one try to dispatch a message. */
export type DispatchOutcome =
  | 'sent'
  | 'suppressed'
  | 'expired'
  | 'deferred'
  /** Something stands against the session that it is about. */
  | 'held'
  | 'failed'
  | 'unknown'
  /** The provider did not take it, and is asked again later. */
  | 'refused'
  /** The chain's messages do not go at present. */
  | 'closed'
  /** Its time has not come by the chain's clock. */
  | 'not-due'
  /** It had been settled before. */
  | 'settled'
  /** Somebody is sending it, or died while doing so: the sweeper will see. */
  | 'in-flight';
