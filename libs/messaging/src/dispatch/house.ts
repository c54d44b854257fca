/** What a message says of the house that it comes from. */
export interface House {
  /** The address that calendars know the clinic by; undefined: no calendar part is made. */
  readonly organizer: string | undefined;
  /** Somebody reads what patients answer to an SMS. Only then does one ask for an answer. */
  readonly readsReplies: boolean;
}
