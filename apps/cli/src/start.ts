import { startServer } from '#apps/api/src/server.js';
import { readAccessConfiguration } from '#libs/access/src/access.configuration.js';
import { readChannelsConfiguration } from '#libs/channels/src/channels.configuration.js';
import { importDemoHistory } from '#libs/composition/src/demo.js';
import type { OpenedDatabase } from '#libs/composition/src/open-database.js';
import { openPistor } from '#libs/composition/src/pistor.js';
import { runUntilSignal } from '#libs/composition/src/run-until-signal.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { createLog, logLevel } from '#libs/kernel/src/log.js';

export interface StartOptions {
  readonly configuration: Configuration;
  /** Being opened since before this file was loaded. */
  readonly database: Promise<OpenedDatabase>;
  readonly demo: boolean;
  /** When the command was given (performance.now()). */
  readonly since: number;
}

/** Serves everything from one process: API, console, read models and workers. */
export async function start({ configuration, database, demo, since }: StartOptions): Promise<void> {
  await runUntilSignal(async () => {
    const log = createLog('pistor', logLevel('warn'));
    const channels = readChannelsConfiguration(process.env);
    const pistor = await openPistor(configuration, log, database, channels, readAccessConfiguration(process.env));
    try {
      await pistor.workers.start();
      if (demo) await importDemoHistory(pistor, (text) => say(text));
      const server = await startServer(pistor);
      const ms = Math.round(performance.now() - since);
      say(`Pistor is ready at ${server.url} (${ms} ms), with its data in ${storeOf(configuration)}. Ctrl-C ends it.`);
      return async () => {
        await server.close();
        await pistor.close();
      };
    } catch (error) {
      await pistor.close();
      throw error;
    }
  });
}

/** Where the data is, for people; of a database only the host, since its URL holds a password. */
function storeOf({ databaseUrl, dataFolder }: Configuration): string {
  if (databaseUrl === undefined) return dataFolder;
  const url = new URL(databaseUrl);
  return `PostgreSQL at ${url.searchParams.get('host') ?? (url.host || 'localhost')}`;
}

const say = (text: string) => process.stdout.write(`${text}\n`);
