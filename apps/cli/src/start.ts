import { startServer } from '#apps/api/src/server.js';
import { importDemoHistory } from '#libs/composition/src/demo.js';
import { openPistor } from '#libs/composition/src/pistor.js';
import { runUntilSignal } from '#libs/composition/src/run-until-signal.js';
import { type Configuration, readConfiguration } from '#libs/engine/src/configuration.js';
import { parsePort, assertLoopback } from '#libs/http/src/listening-address.js';
import { createLog, logLevel } from '#libs/kernel/src/log.js';

/** Serves everything from one process: API, console, read models and workers. */
export async function start(options: {
  readonly data?: string;
  readonly port?: string;
  readonly demo: boolean;
}): Promise<void> {
  const since = performance.now();
  await runUntilSignal(async () => {
    const port = options.port === undefined ? undefined : parsePort(options.port);
    const configuration = readConfiguration(process.env, { dataFolder: options.data, port });
    // Before anything is opened: a wrong address is told at once.
    assertLoopback(configuration.host);
    const pistor = await openPistor(configuration, createLog('pistor', logLevel('warn')));
    try {
      await pistor.workers.start();
      if (options.demo) await importDemoHistory(pistor, (text) => say(text));
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
