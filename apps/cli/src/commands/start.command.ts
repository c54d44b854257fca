import type { Command } from 'commander';
import { readAccessConfiguration } from '#libs/access/src/access.configuration.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import { assertMayListen, parsePort } from '#libs/http/src/listening-address.js';

interface Options {
  readonly data?: string;
  readonly port?: string;
  readonly demo: boolean;
  readonly allowUnguarded?: boolean;
}

export function addStart(program: Command): void {
  program
    .command('start')
    .description('serve the API, the console and the workers in one process')
    .option('--data <folder>', 'the data folder (default: ./data, or PISTOR_DATA)')
    .option('--port <port>', 'the port on 127.0.0.1 (default: 3000, or PORT)')
    .option('--no-demo', 'leave a fresh data folder empty, in place of importing the demo history')
    .option(
      '--allow-unguarded',
      'accept an event store that cannot check several streams at once (KurrentDB below 26.1)',
    )
    .action(run);
}

/** The database takes as long to open as the rest of the program to load, so both begin at once. */
async function run(options: Options): Promise<void> {
  const since = performance.now();
  const port = options.port === undefined ? undefined : parsePort(options.port);
  const configuration = readConfiguration(process.env, {
    dataFolder: options.data,
    port,
    allowUnguarded: options.allowUnguarded,
  });
  // Before anything is opened: a wrong address is told at once. What the data says of its chain is looked at later.
  const { wanted, provider } = readAccessConfiguration(process.env);
  const peopleSignIn = provider !== undefined || wanted === 'passkeys' || !configuration.sandbox;
  assertMayListen(configuration.host, peopleSignIn, process.env['PISTOR_PUBLIC_URL'] || undefined);
  const { openDatabase } = await import('#libs/composition/src/open-database.js');
  const database = openDatabase(configuration);
  // Whoever waits for it sees the error.
  database.catch(() => undefined);
  const { start } = await import('../start.js');
  await start({ configuration, database, demo: options.demo, since });
}
