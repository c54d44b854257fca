/** What an auditor has from elsewhere. */
export interface Given {
  /** Public keys, a line each. */
  readonly keys?: readonly string[] | undefined;
  /** An older checkpoint, or the bundle's own, as a signed note. */
  readonly checkpoint?: string | undefined;
  /** The entries of the whole log, each with its length in two bytes before it. */
  readonly entries?: Iterable<Uint8Array> | undefined;
}

export interface BundleVerdict {
  readonly outcome: 'valid' | 'valid but erased' | 'not proved' | 'invalid';
  /** The first thing that does not hold; null where everything does. */
  readonly problem: { readonly what: string; readonly stream?: string; readonly position?: number } | null;
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string } | null;
  readonly streams: number;
  readonly events: number;
  /** Sentences: what was found, what it does not show, and what was erased. */
  readonly found: readonly string[];
  readonly notShown: readonly string[];
  readonly erased: readonly string[];
}

/** Text with its control characters written out. */
export function printable(text: string): string;
/** What is in a box of personal data. @throws Error where it does not open with this key */
export function openBox(classKey: Uint8Array, text: string, bound: string): unknown;
export function verifyBundle(file: Uint8Array, given?: Given): BundleVerdict;
/** Streams that an event names and a bundle of this kind must have. */
export function namedBy(stream: string, data: string, kind: string): string[];

/** What a report names of the checkpoint that it was computed from. */
export interface ReportParameters {
  readonly log: string;
  readonly checkpoint: { readonly size: number; readonly root: string };
  /** Null: all sites. */
  readonly site: string | null;
  /** Days, both belong to it. */
  readonly from: string;
  readonly to: string;
}
export interface ReportStream {
  readonly stream: string;
  readonly events: readonly {
    readonly position: number;
    readonly recordedAt: string;
    readonly header: string;
    readonly data: string;
  }[];
}
/** More events than this are not put in the bundle of a report; it is computed again from the log then. */
export const BUNDLED_EVENTS_MAX: number;
/** The streams that an event brings into a report about a site (null: about all). */
export function countedBy(stream: string, header: string, data: string, site: string | null): string[];
export function complianceReport(streams: readonly ReportStream[], parameters: ReportParameters): object;
/** The bytes of a report. */
export function reportText(report: object): string;
export function outcomeText(verdict: BundleVerdict): string;
/** What the command ends with. */
export const EXIT_CODES: Readonly<Record<BundleVerdict['outcome'], number>>;
export function chunksOf(path: string): Generator<Uint8Array>;
export function keysOf(text: string): string[];
