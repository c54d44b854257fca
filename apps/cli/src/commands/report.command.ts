import type { Command } from 'commander';
import { withQuery } from '../client.js';
import { print } from '../list.command.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

export interface ReportOptions extends TargetOptions {
  readonly site?: string;
  readonly from: string;
  readonly to: string;
  readonly checkpoint?: string;
}

export function addReport(program: Command): void {
  const report = program.command('report').description('reports that can be computed again, to the byte');
  asReport(report.command('compliance'))
    .description(
      'sessions, adverse events and recalls of a period, as JSON; it names the checkpoint it was computed from',
    )
    .action((options: ReportOptions) =>
      withClient(options, async (client) => {
        const text = new TextDecoder();
        for await (const chunk of client.bytes('GET', reportPath(options))) {
          await print(text.decode(chunk, { stream: true }));
        }
      }),
    );
}

/** What a report is asked for by. */
export const asReport = (command: Command): Command =>
  withTarget(command)
    .option('--site <site>', 'by code or id; all sites without it')
    .requiredOption('--from <day>', 'the first day, such as 2026-01-01')
    .requiredOption('--to <day>', 'the last day')
    .option('--checkpoint <size>', 'compute it from this older checkpoint, as it was computed then');

export const reportPath = ({ site, from, to, checkpoint }: ReportOptions, rest = ''): string =>
  withQuery(`/v1/reports/compliance${rest}`, { site, from, to, checkpoint });
