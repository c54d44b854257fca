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
  readonly state: string;
  readonly position: number;
  readonly head: number;
  readonly lag: number;
  readonly ratePerSecond: number;
  readonly parked: number;
  readonly lastError: string | null;
}

interface Parked {
  readonly projection: string;
  readonly key: string;
  readonly events: number;
  readonly firstPosition: number;
  readonly error: string;
  readonly parkedAt: string;
  readonly attempts: number;
}

interface Retried {
  readonly projection: string;
  readonly items: readonly {
    readonly key: string;
    readonly applied: number;
    readonly left: number;
    readonly error: string | null;
  }[];
}

interface RebuildLine {
  readonly progress?: { readonly position: number; readonly head: number };
  readonly done?: { readonly projection: string; readonly events: number };
  readonly error?: { readonly detail?: string };
}

export function addProjections(program: Command): void {
  const projections = program.command('projections').description('the read models and how far they have come');
  asList(projections.command('list'))
    .description('position, lag, rate and errors of each')
    .action((options: TargetOptions & { json?: boolean }) =>
      printList<Status>(options, {
        path: '/v1/projections',
        json: (item) => item,
        headings: ['projection', 'version', 'kind', 'state', 'position', 'lag', 'per s', 'parked', 'last error'],
        row: (item) => [
          item.projection,
          item.version,
          item.kind,
          item.state,
          item.position,
          item.lag,
          item.ratePerSecond,
          item.parked,
          item.lastError && oneLine(item.lastError),
        ],
        empty: 'There are no projections.',
      }),
    );
  withTarget(projections.command('rebuild').argument('<projection>'))
    .description('build one anew from the events, beside the one that serves, then put it in its place')
    .option('--json', 'print the outcome as one JSON object')
    .action(rebuild);
  asList(projections.command('parked').argument('[projection]', 'of one projection; of all without it'))
    .description('what was set aside because it could not be applied, and why')
    .action((projection: string | undefined, options: TargetOptions & { json?: boolean }) =>
      printList<Parked>(options, {
        path: '/v1/projections/parked',
        query: { projection },
        json: (item) => item,
        headings: ['projection', 'key', 'events', 'first', 'since', 'attempts', 'error'],
        row: ({ projection: name, key, events, firstPosition, parkedAt, attempts, error }) => [
          name,
          key,
          events,
          firstPosition,
          parkedAt.slice(0, 16).replace('T', ' '),
          attempts,
          oneLine(error),
        ],
        empty: 'Nothing is set aside.',
      }),
    );
  withTarget(projections.command('retry').argument('<projection>'))
    .description('apply again what was set aside; ends with 1 when something is still left')
    .option('--key <key>', 'one key, as `parked` shows it; all of them without it')
    .option('--json', 'one JSON object for each key')
    .action(retry);
}

/** Long enough to tell errors apart; `--json` has all of it. */
const ERROR_CHARACTERS_MAX = 100;

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > ERROR_CHARACTERS_MAX ? `${line.slice(0, ERROR_CHARACTERS_MAX)}…` : line;
}

async function retry(name: string, options: TargetOptions & { key?: string; json?: boolean }): Promise<void> {
  await withClient(options, async (client) => {
    const body = options.key === undefined ? {} : { key: options.key };
    const path = `/v1/projections/${encodeURIComponent(name)}/retry`;
    const { projection, items } = (await client.request('POST', path, body)) as Retried;
    if (items.length === 0 && !options.json) await print(`${projection}: nothing is set aside.\n`);
    for (const { key, applied, left, error } of items) {
      const line = options.json
        ? JSON.stringify({ projection, key, applied, left, error })
        : told(key, applied, left, error);
      await print(`${line}\n`);
    }
    if (items.some(({ left }) => left > 0)) process.exitCode = 1;
  });
}

const told = (key: string, applied: number, left: number, error: string | null): string =>
  left === 0
    ? `${key}: ${applied} applied, nothing is left`
    : `${key}: ${applied} applied, ${left} left: ${error ?? 'not tried'}`;

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
