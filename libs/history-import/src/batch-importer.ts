import type { Boxes } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { AppendContext, EventStore } from '#libs/event-store/src/event-store.js';
import { WrongExpectedRevision } from '#libs/event-store/src/event-store.errors.js';
import type { CodeKind, ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import { Invalid } from '#libs/kernel/src/errors.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { BrokenLine } from './csv-records.js';
import { FILE_FORMATS } from './file-formats.js';
import type { HistoryFile } from './history-file.js';
import type { FileFormat, Recording, UnderstoodLine } from './file-format.js';
import type { ImportLines } from './import-lines.js';
import { type ImportReport, NOTES_MAX, type RefusedLine } from './import-report.js';
import { checkLine, type Fault, type LineNote } from './line-checker.js';
import type { RawLine } from './line-reader.js';
import type { ReferenceFinder } from './reference-finder.js';

interface BatchEngine {
  readonly boxes: Boxes;
  readonly codes: ExternalCodes;
  readonly keys: SubjectKeys;
  readonly store: EventStore;
}

/** Of other files' refused lines nobody asks. */
const REFERABLE: ReadonlySet<HistoryFile> = new Set(
  FILE_FORMATS.flatMap(({ columns }) => columns.flatMap(({ refersTo }) => refersTo ?? [])),
);

/** One in the database, one on its way there. */
const APPENDING_MAX = 2;

interface Appending {
  readonly done: Promise<void>;
  /** Claimed, not done yet, and taken all the same. */
  readonly identities: ReadonlySet<string>;
}

/** What holds for a whole run. */
export interface RunContext {
  readonly chain: Chain;
  readonly lines: ImportLines;
  readonly references: ReferenceFinder;
  readonly context: AppendContext;
  readonly now: Instant;
  readonly report: ImportReport;
  readonly onRefused?: ((line: RefusedLine) => void) | undefined;
}

/** A line on its way into the store. */
interface Candidate {
  readonly raw: RawLine;
  readonly understood: UnderstoodLine;
  readonly notes: readonly LineNote[];
  readonly identity: string;
  readonly content: string;
}

interface Accepted extends Candidate {
  readonly id: Id;
  readonly recording: Recording;
}

/**
 * Imports lines of one file, some hundred at a time: checks them, claims their identities, appends their events, marks
 * them done. Ids and command ids follow from the claims, so that a batch that was cut off anywhere comes out the same
 * when it is done again.
 */
export class BatchImporter {
  /**
   * Batches that are appended while the next ones are checked: that keeps this thread (checks, boxes) and the database
   * busy at once.
   */
  private readonly appending: Appending[] = [];

  constructor(
    private readonly engine: BatchEngine,
    private readonly run: RunContext,
  ) {}

  /** Returns when the batch is claimed; its events may still be on their way. */
  async import(format: FileFormat, batch: readonly (RawLine | BrokenLine)[]): Promise<void> {
    this.run.report.files[format.file].lines += batch.length;
    const candidates = await this.check(format, batch);
    const accepted = await this.claim(format, candidates);
    while (this.appending.length >= APPENDING_MAX) await this.settleFirst();
    const done = this.append(format, accepted, this.appending.at(-1)?.done);
    // It is awaited with a later batch, or by `settle`; until then a failure waits, too.
    done.catch(() => undefined);
    this.appending.push({ done, identities: new Set(accepted.map(({ identity }) => identity)) });
  }

  /** Waits until everything that was imported is stored: before another file refers to it, and at the end. */
  async settle(): Promise<void> {
    while (this.appending.length > 0) await this.settleFirst();
  }

  /** As `settle`, when the import fails anyway: whatever becomes of it, nothing is under way any more after this. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.appending.splice(0).map(({ done }) => done));
  }

  private async settleFirst(): Promise<void> {
    const first = this.appending.shift();
    await first?.done;
  }

  private async check(format: FileFormat, batch: readonly (RawLine | BrokenLine)[]): Promise<Candidate[]> {
    const { references, lines } = this.run;
    const readable = batch.filter((line): line is RawLine => 'values' in line);
    const lookup = await references.forBatch(format, readable);
    const candidates: Candidate[] = [];
    const refused = new Map<string, number>();
    for (const raw of batch) {
      if ('problem' in raw) {
        this.refuse(format, raw.line, { column: null, value: raw.beginning, reason: raw.problem });
        continue;
      }
      const result = checkLine(format, raw, lookup);
      const identity = lines.hash(format.file, identityOf(format, raw));
      if ('fault' in result) {
        this.refuse(format, raw.line, result.fault);
        if (!refused.has(identity)) refused.set(identity, raw.line);
      } else {
        const content = lines.hash(
          format.file,
          format.columns.map(({ name }) => raw.values[name] as string),
        );
        candidates.push({ raw, ...result, identity, content });
      }
    }
    if (REFERABLE.has(format.file)) await lines.keepRefused(format.file, refused);
    return candidates;
  }

  /** The candidates that are new; the others are counted as repeated or refused. */
  private async claim(format: FileFormat, candidates: readonly Candidate[]): Promise<Accepted[]> {
    if (candidates.length === 0) return [];
    const first = new Map<string, Candidate>();
    for (const candidate of candidates) if (!first.has(candidate.identity)) first.set(candidate.identity, candidate);
    const claimants = [...first.values()];
    const ids = await this.idsOf(format, claimants);
    // As it is before the claim: a batch that is done meanwhile was not yet, for the statement below.
    const inFlight = this.appending.map(({ identities }) => identities);
    const holders = await this.run.lines.claim(
      format.file,
      claimants.map(({ identity, content, understood }, n) => ({
        identity,
        content,
        id: ids[n] as Id,
        info: format.infoOf?.(understood) ?? null,
      })),
    );
    const held = new Map(
      claimants.map(({ identity, content }, n) => [
        identity,
        { id: ids[n] as Id, ...(holders[n] ?? { content, done: false }) },
      ]),
    );
    const accepted: Accepted[] = [];
    for (const candidate of candidates) {
      const holder = held.get(candidate.identity) as { id: Id; content: string; done: boolean };
      if (holder.content !== candidate.content) {
        this.refuse(format, candidate.raw.line, taken(format, candidate.raw));
      } else if (holder.done || inFlight.some((identities) => identities.has(candidate.identity))) {
        this.run.report.files[format.file].repeated += 1;
      } else {
        // From here on the same line again is a repetition.
        holder.done = true;
        const recording = format.record(candidate.understood, holder.id, this.run.now);
        accepted.push({ ...candidate, id: holder.id, recording });
      }
    }
    return accepted;
  }

  private async idsOf(format: FileFormat, candidates: readonly Candidate[]): Promise<Id[]> {
    const named = candidates.map(({ understood }) => format.identify(understood));
    const codes = named.flatMap((name) => (typeof name === 'string' ? [] : [name.code]));
    const kind = named.find((name): name is { kind: CodeKind; code: string } => typeof name !== 'string')?.kind;
    const ids = kind && (await this.engine.codes.reserve(this.run.chain, kind, codes));
    return named.map((name) => (typeof name === 'string' ? name : (ids?.get(name.code) as Id)));
  }

  private async append(
    format: FileFormat,
    accepted: readonly Accepted[],
    before: Promise<void> | undefined,
  ): Promise<void> {
    if (accepted.length === 0) return before;
    await this.fetchKeys(accepted);
    const { store } = this.engine;
    const { chain, context, lines, report } = this.run;
    // All at once: the store commits them together.
    const results = await Promise.allSettled(
      accepted.map(({ id, recording }) =>
        store.append({
          chain: chain.id,
          commandId: derivedId(id, 'import'),
          streams: recording.streams,
          context: { ...context, site: recording.site },
        }),
      ),
    );
    const recorded: Accepted[] = [];
    const failed: { readonly line: Accepted; readonly reason: string }[] = [];
    accepted.forEach((line, n) => {
      const result = results[n] as PromiseSettledResult<unknown>;
      if (result.status === 'fulfilled') recorded.push(line);
      else failed.push({ line, reason: whyNotRecorded(result.reason) });
    });
    // One after the other: two batches may hold sessions of one course, and both note which was its last.
    await before;
    await this.finish(format, recorded);
    await lines.release(
      format.file,
      failed.map(({ line }) => line.identity),
    );
    for (const { line, reason } of failed) {
      this.refuse(format, line.raw.line, { ...identityFault(format, line.raw), reason });
    }
    report.files[format.file].accepted += recorded.length;
    for (const line of recorded) for (const note of line.notes) this.note(format, line.raw.line, note);
  }

  /** One statement for the keys of a batch, in place of one for each append. */
  private async fetchKeys(accepted: readonly Accepted[]): Promise<void> {
    const names = accepted.flatMap(({ recording: { person } }) =>
      person ? person.classes.map((personalClass) => ({ subject: person.id, class: personalClass })) : [],
    );
    if (names.length > 0) await this.engine.keys.findOrCreate(this.run.chain, names);
  }

  private async finish(format: FileFormat, recorded: readonly Accepted[]): Promise<void> {
    const ends = recorded.flatMap(({ recording }) => recording.courseEnd ?? []);
    const reasons = await this.engine.boxes.close(
      this.run.chain,
      ends.map(({ patientId, courseId, reason }) => ({
        subject: patientId,
        class: 'clinical' as const,
        of: courseId,
        value: reason,
      })),
    );
    await this.run.lines.finish({
      file: format.file,
      lines: recorded,
      courseEnds: ends.map((end, n) => ({ ...end, reason: reasons[n] ?? null })),
      performed: recorded.flatMap(({ recording }) => recording.performed ?? []),
    });
  }

  private refuse(
    format: FileFormat,
    line: number,
    fault: Fault | (Omit<Fault, 'column'> & { readonly column: null }),
  ): void {
    const { report, onRefused } = this.run;
    const { column, value, reason } = fault;
    const refused = { file: format.file, line, column, value, reason };
    report.files[format.file].refused += 1;
    if (onRefused) onRefused(refused);
    else report.refused.push(refused);
  }

  private note(format: FileFormat, line: number, note: LineNote): void {
    const { report } = this.run;
    report.notesCount += 1;
    if (report.notes.length < NOTES_MAX) report.notes.push({ file: format.file, line, ...note });
  }
}

/** `1` and `01` are the same number, and so the same session. */
const identityOf = (format: FileFormat, { values }: RawLine): string[] =>
  format.identity.map((name) => {
    const value = values[name] as string;
    return format.columns.find((column) => column.name === name)?.canonical?.(value) ?? value;
  });

const identityFault = (format: FileFormat, { raw }: RawLine): { readonly column: string; readonly value: string } => {
  const column = format.identity[0] as string;
  return { column, value: raw[column] as string };
};

function taken(format: FileFormat, raw: RawLine): Fault {
  const identity = format.identity.map((name) => `${name} ${raw.values[name]}`).join(', ');
  const reason = `Another line with ${identity} came first, with different content, and stands: correct or remove one of them.`;
  return { ...identityFault(format, raw), reason };
}

/** @throws the error, where it is not about this line */
function whyNotRecorded(error: unknown): string {
  if (error instanceof WrongExpectedRevision) {
    return 'Remove the line, or give it another code: this one was registered here already, by other means than an import.';
  }
  if (error instanceof Invalid) return `Mend the line so that it can be recorded. ${error.message}`;
  throw error;
}
