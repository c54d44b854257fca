import type { Command } from 'commander';

interface Options {
  readonly data?: string;
  readonly port?: string;
  readonly demo: boolean;
}

export function addStart(program: Command): void {
  program
    .command('start')
    .description('serve the API, the console and the workers in one process')
    .option('--data <folder>', 'the data folder (default: ./data, or PISTOR_DATA)')
    .option('--port <port>', 'the port on 127.0.0.1 (default: 3000, or PORT)')
    .option('--no-demo', 'leave a fresh data folder empty, in place of importing the demo history')
    .action(async (options: Options) => {
      // Compiled in the background while the rest of the program is loaded.
      if (!process.env['DATABASE_URL'] || options.data !== undefined) void warmUp();
      const { start } = await import('../start.js');
      await start(options);
    });
}

async function warmUp(): Promise<void> {
  const { compilePglite } = await import('#libs/database/src/pglite.host.js');
  // Whoever needs it sees the error.
  await compilePglite().catch(() => undefined);
}
