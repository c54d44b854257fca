/** An event of a bundle, for people to read. */
export interface ShownEvent {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly recordedAt: string;
  readonly occurredAt: unknown;
  readonly actor: string;
  readonly site: string | undefined;
  readonly open: Readonly<Record<string, unknown>>;
  /** By class; `(sealed)` where the bundle has no key. */
  readonly personal: Readonly<Record<string, unknown>>;
}

export function eventsIn(file: Uint8Array): ShownEvent[];
