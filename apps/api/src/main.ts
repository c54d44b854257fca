import { openPistor } from '#libs/composition/src/pistor.js';
import { runUntilSignal } from '#libs/composition/src/run-until-signal.js';
import { readAccessConfiguration } from '#libs/access/src/access.configuration.js';
import { readChannelsConfiguration } from '#libs/channels/src/channels.configuration.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import { createLog, logLevel } from '#libs/kernel/src/log.js';
import { startServer } from './server.js';

/** The HTTP API alone; workers run in processes of their own. */
await runUntilSignal(async () => {
  const log = createLog('api', logLevel('info'));
  const pistor = await openPistor(
    readConfiguration(process.env),
    log,
    undefined,
    readChannelsConfiguration(process.env),
    readAccessConfiguration(process.env),
  );
  const server = await pistor.workers
    .watch()
    .then(() => startServer(pistor))
    .catch(async (error: unknown) => {
      await pistor.close();
      throw error;
    });
  log.info({ url: server.url }, 'listening');
  return async () => {
    await server.close();
    await pistor.close();
  };
});
