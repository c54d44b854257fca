import type { Command } from 'commander';
import type { ImportLine } from '#libs/composition/src/import-lines.js';
import { historySource } from '#libs/history-import/src/folder.source.js';
import type { Client } from '../client.js';
import { formatTable } from '../table.js';
import { print } from '../list.command.js';
import { progressBar } from '../progress.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

type Report = Extract<ImportLine, { report: unknown }>;

/** A terminal shows so many; `--json` has them all. */
const SHOWN_MAX = 40;

export function addImport(program: Command): void {
  withTarget(program.command('import').argument('<folder>', 'folder, or zip, with the CSV files of the history'))
    .description('take over an old history; it may be interrupted and run again')
    .option('--json', 'print the report as one JSON object')
    .action(importHistory);
}

async function importHistory(path: string, options: TargetOptions & { json?: boolean }): Promise<void> {
  // A wrong path is told before a folder is made or a server asked.
  await (await historySource(path)).close();
  const bar = progressBar('importing', 'bytes');
  const run = async (client: Client) => {
    for await (const line of client.importHistory(path)) {
      if ('progress' in line) {
        const { file, lines, bytes, totalBytes } = line.progress;
        bar.update(bytes, totalBytes, `${file}, ${lines} lines`);
      } else {
        bar.stop();
        await print(options.json ? `${JSON.stringify(line.report)}\n` : humanReport(line));
      }
    }
  };
  const onInterrupted = 'Interrupted. What went in stays; the same command again takes over the rest.';
  await withClient({ ...options, mayCreate: true, onInterrupted }, (client) => run(client).finally(() => bar.stop()));
}

function humanReport({ report, notes, notesCount }: Report): string {
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
