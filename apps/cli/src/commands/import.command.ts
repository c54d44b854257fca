import type { Command } from 'commander';
import { formatTable } from '../table.js';
import { print } from '../list.command.js';
import { progressBar } from '../progress.js';
import { openClient, type TargetOptions, withTarget } from '../target.js';
import { zipOf } from '../zip.js';

interface FileCounts {
  readonly lines: number;
  readonly accepted: number;
  readonly refused: number;
  readonly repeated: number;
}

interface ImportLine {
  readonly progress?: {
    readonly file: string;
    readonly lines: number;
    readonly bytes: number;
    readonly totalBytes: number;
  };
  readonly report?: { readonly files: Readonly<Record<string, FileCounts>>; readonly refused: readonly Refused[] };
  readonly notes?: readonly {
    readonly file: string;
    readonly line: number;
    readonly column: string;
    readonly value: string;
    readonly note: string;
  }[];
  readonly notesCount?: number;
  readonly error?: { readonly detail?: string; readonly title?: string };
}

interface Refused {
  readonly file: string;
  readonly line: number;
  readonly column: string | null;
  readonly value: string;
  readonly reason: string;
}

/** A terminal shows so many; `--json` has them all. */
const SHOWN_MAX = 40;

export function addImport(program: Command): void {
  withTarget(program.command('import').argument('<folder>', 'folder, or zip, with the CSV files of the history'))
    .description('take over an old history; it may be interrupted and run again')
    .option('--json', 'print the report as one JSON object')
    .action(importHistory);
}

async function importHistory(path: string, options: TargetOptions & { json?: boolean }): Promise<void> {
  const body = await zipOf(path);
  const client = await openClient(options);
  const bar = progressBar('importing', 'bytes');
  try {
    for await (const each of client.lines('POST', '/v1/imports', body)) {
      const line = each as ImportLine;
      if (line.error) throw new Error(line.error.detail ?? line.error.title ?? 'The import failed.');
      if (line.progress)
        bar.update(
          line.progress.bytes,
          line.progress.totalBytes,
          `${line.progress.file}, ${line.progress.lines} lines`,
        );
      if (line.report) {
        bar.stop();
        await print(options.json ? `${JSON.stringify(line.report)}\n` : humanReport(line));
      }
    }
  } finally {
    bar.stop();
    await client.close();
  }
}

function humanReport({ report, notes = [], notesCount = 0 }: ImportLine): string {
  if (!report) return '';
  const rows = Object.entries(report.files).map(([file, { lines, accepted, refused, repeated }]) => [
    file,
    lines,
    accepted,
    refused,
    repeated,
  ]);
  const parts = [formatTable(['file', 'lines', 'accepted', 'refused', 'repeated'], rows)];
  if (report.refused.length > 0) {
    parts.push(
      formatTable(
        ['refused', 'line', 'column', 'value', 'what to mend'],
        report.refused
          .slice(0, SHOWN_MAX)
          .map(({ file, line, column, value, reason }) => [file, line, column, value, reason]),
      ),
    );
    if (report.refused.length > SHOWN_MAX)
      parts.push(`… and ${report.refused.length - SHOWN_MAX} more: --json has them all.`);
  }
  if (notesCount > 0) {
    parts.push(
      formatTable(
        ['noted', 'line', 'column', 'value', 'note'],
        notes.slice(0, SHOWN_MAX).map(({ file, line, column, value, note }) => [file, line, column, value, note]),
      ),
    );
  }
  return `${parts.join('\n\n')}\n`;
}
