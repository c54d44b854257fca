import type { Chain } from '#libs/event-store/src/chains.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { CodeKind, ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { EventStore, StreamName } from '#libs/event-store/src/event-store.js';
import type { Id } from '#libs/kernel/src/ids.js';
import {
  CoursePlanned,
  courseStream,
  patientStream,
  practitionerStream,
  SiteRegistered,
  siteStream,
} from '#libs/treatment/src/history.contract.js';
import type { FileFormat, LineInfo, ReferableFile, Reference } from './file-format.js';
import type { ImportLines } from './import-lines.js';
import type { Found, Lookup } from './line-checker.js';
import type { RawLine } from './line-reader.js';

/** About 5 MB; courses come together in most files, and sites and practitioners of all chains fit. */
const CACHED_MAX = 20_000;

const THINGS: Record<ReferableFile, { readonly kind: CodeKind; readonly stream: (id: Id) => StreamName }> = {
  sites: { kind: 'site', stream: siteStream },
  practitioners: { kind: 'practitioner', stream: practitionerStream },
  patients: { kind: 'patient', stream: patientStream },
  courses: { kind: 'course', stream: courseStream },
};

/**
 * Finds what lines refer to, a batch at a time: things of accepted lines, and things that the chain knew before its old
 * history came.
 */
export class ReferenceFinder {
  /**
   * Also of codes under which there is nothing: a file is stored before another one refers to it, so that nothing comes
   * to be under them any more.
   */
  private readonly cache = new Map<string, Found>();

  constructor(
    private readonly chain: Chain,
    private readonly lines: ImportLines,
    private readonly codes: ExternalCodes,
    private readonly store: EventStore,
    private readonly codec: Codec,
  ) {}

  async forBatch(format: FileFormat, batch: readonly RawLine[]): Promise<Lookup> {
    const found = new Map<string, Found>();
    const finding = [...wanted(format, batch)].map(async ([file, codes]) => {
      const unknown = codes.filter((code) => !this.cache.has(keyOf(file, code)));
      for (const code of codes) found.set(keyOf(file, code), this.cache.get(keyOf(file, code)));
      for (const [code, thing] of await this.find(file, unknown)) {
        found.set(keyOf(file, code), thing);
        this.remember(keyOf(file, code), thing);
      }
    });
    await Promise.all(finding);
    return (file, code) => found.get(keyOf(file, code));
  }

  /** What there is under each code; undefined where there is nothing. */
  private async find(file: ReferableFile, codes: readonly string[]): Promise<Map<string, Found>> {
    const identityOf = new Map(codes.map((code) => [code, this.lines.hash(file, [code])]));
    const accepted = await this.lines.find(file, [...identityOf.values()]);
    const others = codes.filter((code) => !accepted.has(identityOf.get(code) as string));
    const [live, refused] = await Promise.all([
      this.findLive(file, others),
      this.lines.findRefused(
        file,
        others.map((code) => identityOf.get(code) as string),
      ),
    ]);
    return new Map(
      codes.map((code) => {
        const identity = identityOf.get(code) as string;
        const line = refused.get(identity);
        const missing = line === undefined ? undefined : { refusedOnLine: line };
        return [code, accepted.get(identity) ?? live.get(code) ?? missing];
      }),
    );
  }

  /** Things that were registered by other means. A code alone may be that of a line whose import was interrupted. */
  private async findLive(file: ReferableFile, codes: readonly string[]): Promise<Map<string, Reference>> {
    const { kind, stream } = THINGS[file];
    const ids = await this.codes.find(this.chain, kind, codes);
    const found = await Promise.all(
      [...ids].map(async ([code, id]) => {
        const [first] = await this.store.readStream(this.chain.id, stream(id), { limit: 1 });
        if (!first) return [];
        return [[code, { id, info: infoOf(this.codec.decodeSealed(first)) }] as const];
      }),
    );
    return new Map(found.flat());
  }

  private remember(key: string, found: Found): void {
    this.cache.set(key, found);
    if (this.cache.size > CACHED_MAX) this.cache.delete(this.cache.keys().next().value as string);
  }
}

const keyOf = (file: ReferableFile, code: string): string => `${file}/${code}`;

function wanted(format: FileFormat, batch: readonly RawLine[]): Map<ReferableFile, string[]> {
  const codes = new Map<ReferableFile, Set<string>>();
  for (const { name, refersTo } of format.columns) {
    if (!refersTo) continue;
    const set = codes.get(refersTo) ?? new Set();
    for (const { values } of batch) if (values[name]) set.add(values[name]);
    codes.set(refersTo, set);
  }
  return new Map([...codes].map(([file, set]) => [file, [...set]]));
}

function infoOf({ type, data }: { readonly type: string; readonly data: unknown }): LineInfo {
  if (type === SiteRegistered.type) return { zone: SiteRegistered.schema.parse(data).timeZone };
  if (type === CoursePlanned.type) return { patientId: CoursePlanned.schema.parse(data).patientId };
  return {};
}
