import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { Boxes } from '#libs/event-store/src/boxes.js';
import type { Codec } from '#libs/event-store/src/codec.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import type { SubjectKeys } from '#libs/event-store/src/subject-keys.js';
import type { Database } from '#libs/database/src/database.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { BatchImporter } from './batch-importer.js';
import { appendCourseEnds } from './course-ends.js';
import type { BrokenLine, CsvProgress } from './csv-records.js';
import { FILE_FORMATS } from './file-formats.js';
import { HISTORY_FILES, type HistoryFile } from './history-file.js';
import type { HistorySource } from './history-source.js';
import { asOnlyImport } from './import-lease.js';
import { ImportLines } from './import-lines.js';
import { emptyReport, type ImportReport, type RefusedLine } from './import-report.js';
import { checkHeader, historyLines, type RawLine } from './line-reader.js';
import { ReferenceFinder } from './reference-finder.js';

/** What the import works with: an engine has all of it. */
export interface ImportEngine {
  readonly db: Database;
  readonly master: MasterKey;
  readonly chains: Chains;
  readonly boxes: Boxes;
  readonly codec: Codec;
  readonly codes: ExternalCodes;
  readonly keys: SubjectKeys;
  readonly store: EventStore;
}

/** How far an import is. Bytes tell it without reading everything first to count lines. */
export interface ImportProgress {
  readonly file: HistoryFile;
  /** Lines of all files so far. */
  readonly lines: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

export interface ImportRun {
  readonly chain: Chain;
  readonly source: HistorySource;
  /** The time of the import, for what has no time of its own; by default the chain's present time. */
  readonly now?: Instant | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Called for each refused line instead of keeping it in the report: for a caller that writes them out as they come. */
  readonly onRefused?: ((line: RefusedLine) => void) | undefined;
  /** Ends the import after the batch that is under way. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lines that go together: enough to make round trips and commits cheap for each (the store commits up to 512 appends at
 * once), few enough that a batch is done in a fraction of a second.
 */
const BATCH_LINES = 250;

/** Imports old histories: each line becomes the events that live work would have made of it. */
export class HistoryImporter {
  constructor(private readonly engine: ImportEngine) {}

  /**
   * Imports a history into a chain. Lines that cannot be understood are reported, the others go in; lines that went in
   * before change nothing. It may be interrupted at any moment and run again: what comes out is the same.
   *
   * @throws NoHistory, HeaderInvalid before anything is imported; SourceUnreadable, ImportUnderWay; the signal's reason
   *   when it is aborted; what the store throws. What went in until then stays.
   */
  async run(run: ImportRun): Promise<ImportReport> {
    // The mistakes of a whole file are told before the first line of another one goes in.
    for (const format of FILE_FORMATS) await checkHeader(run.source, format);
    return asOnlyImport(this.engine.db, run.chain, (stillMine) => this.importAll(run, stillMine));
  }

  private async importAll(run: ImportRun, stillMine: () => void): Promise<ImportReport> {
    const { engine } = this;
    const { chain, signal } = run;
    const report = emptyReport();
    const lines = new ImportLines(engine.db, chain, engine.master);
    const context = { actor: 'system:import', origin: 'import', correlationId: newId() } as const;
    const references = new ReferenceFinder(chain, lines, engine.codes, engine.store, engine.codec);
    const now = run.now ?? (await engine.chains.now(chain));
    const batches = new BatchImporter(engine, {
      chain,
      lines,
      references,
      context,
      now,
      report,
      onRefused: run.onRefused,
    });
    const goOn = () => {
      signal?.throwIfAborted();
      stillMine();
    };

    await lines.forgetRefused();
    try {
      await this.importFiles(run, batches, goOn);
    } finally {
      await batches.stop();
    }
    await appendCourseEnds(engine, { chain, lines, context, goOn });
    await lines.forgetRefused();
    report.refused.sort(byPlace);
    return report;
  }

  private async importFiles(
    { source, onProgress }: ImportRun,
    batches: BatchImporter,
    goOn: () => void,
  ): Promise<void> {
    const totalBytes = [...source.sizes.values()].reduce((sum, size) => sum + size, 0);
    let lines = 0;
    let bytesBefore = 0;
    for (const format of FILE_FORMATS) {
      const progress: CsvProgress = { bytes: 0 };
      for await (const batch of batchesOf(historyLines(source, format, progress))) {
        goOn();
        await batches.import(format, batch);
        lines += batch.length;
        onProgress?.({ file: format.file, lines, bytes: bytesBefore + progress.bytes, totalBytes });
      }
      await batches.settle();
      bytesBefore += source.sizes.get(format.file) ?? 0;
    }
  }
}

/** In the order of files and lines, though some lines are found to be wrong later than others. */
const byPlace = (a: RefusedLine, b: RefusedLine): number =>
  HISTORY_FILES.indexOf(a.file) - HISTORY_FILES.indexOf(b.file) || a.line - b.line;

async function* batchesOf(
  lines: AsyncGenerator<RawLine | BrokenLine>,
): AsyncGenerator<readonly (RawLine | BrokenLine)[]> {
  let batch: (RawLine | BrokenLine)[] = [];
  for await (const line of lines) {
    batch.push(line);
    if (batch.length === BATCH_LINES) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
