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
  private readonly cache = new Map<string, Reference>();

  constructor(
    private readonly chain: Chain,
    private readonly lines: ImportLines,
    private readonly codes: ExternalCodes,
    private readonly store: EventStore,
    private readonly codec: Codec,
  ) {}

  async forBatch(format: FileFormat, batch: readonly RawLine[]): Promise<Lookup> {
    const found = new Map<string, Found>();
    for (const [file, codes] of wanted(format, batch)) {
      const unknown = codes.filter((code) => {
        const cached = this.cache.get(`${file}/${code}`);
        if (cached) found.set(`${file}/${code}`, cached);
        return cached === undefined;
      });
      for (const [code, thing] of await this.find(file, unknown)) found.set(`${file}/${code}`, thing);
    }
    return (file, code) => found.get(`${file}/${code}`);
  }

  private async find(file: ReferableFile, codes: readonly string[]): Promise<Map<string, Found>> {
    const found = new Map<string, Found>();
    const byIdentity = new Map(codes.map((code) => [this.lines.hash(file, [code]), code]));
    for (const [identity, reference] of await this.lines.find(file, [...byIdentity.keys()])) {
      const code = byIdentity.get(identity) as string;
      found.set(code, reference);
      this.remember(`${file}/${code}`, reference);
    }
    const missing = codes.filter((code) => !found.has(code));
    for (const [code, reference] of await this.findLive(file, missing)) found.set(code, reference);
    const identities = [...byIdentity].flatMap(([identity, code]) => (found.has(code) ? [] : [identity]));
    for (const [identity, line] of await this.lines.findRefused(file, identities)) {
      found.set(byIdentity.get(identity) as string, { refusedOnLine: line });
    }
    return found;
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

  private remember(key: string, reference: Reference): void {
    this.cache.set(key, reference);
    if (this.cache.size > CACHED_MAX) this.cache.delete(this.cache.keys().next().value as string);
  }
}

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
