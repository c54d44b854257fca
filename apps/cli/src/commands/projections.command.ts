import type { Command } from 'commander';
import type { Client } from '../client.js';
import { asList, print, printList } from '../list.command.js';
import { progressBar } from '../progress.js';
import { type TargetOptions, withTarget } from '../target.js';
import { withClient } from '../with-client.js';

interface Status {
  readonly projection: string;
  readonly version: number;
  readonly kind: string;
  readonly position: number;
  readonly head: number;
  readonly lag: number;
  readonly parked: number;
  readonly lastError: string | null;
}

interface RebuildLine {
  readonly progress?: { readonly position: number; readonly head: number };
  readonly done?: { readonly projection: string; readonly events: number };
  readonly error?: { readonly detail?: string };
}

export function addProjections(program: Command): void {
  const projections = program.command('projections').description('the read models and how far they have come');
  asList(projections.command('list'))
    .description('position, lag and errors of each')
    .action((options: TargetOptions & { json?: boolean }) =>
      printList<Status>(options, {
        path: '/v1/projections',
        json: (item) => item,
        headings: ['projection', 'version', 'kind', 'position', 'lag', 'parked', 'last error'],
        row: (item) => [item.projection, item.version, item.kind, item.position, item.lag, item.parked, item.lastError],
        empty: 'There are no projections.',
      }),
    );
  withTarget(projections.command('rebuild').argument('<projection>'))
    .description('build one anew from the events, beside the one that serves, then put it in its place')
    .option('--json', 'print the outcome as one JSON object')
    .action(rebuild);
}

async function rebuild(name: string, options: TargetOptions & { json?: boolean }): Promise<void> {
  const bar = progressBar(`rebuilding ${name}`, 'events');
  const run = async (client: Client) => {
    for await (const line of client.lines('POST', `/v1/projections/${encodeURIComponent(name)}/rebuild`)) {
      const { progress, done, error } = line as RebuildLine;
      if (error) throw new Error(error.detail ?? 'The rebuild failed.');
      if (progress) bar.update(progress.position, progress.head);
      if (done) {
        bar.stop();
        await print(
          options.json ? `${JSON.stringify(done)}\n` : `${done.projection}: built anew from ${done.events} events\n`,
        );
      }
    }
  };
  await withClient(options, (client) => run(client).finally(() => bar.stop()));
}
