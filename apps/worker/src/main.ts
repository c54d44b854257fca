import { openPistor } from '#libs/composition/src/pistor.js';
import { runUntilSignal } from '#libs/composition/src/run-until-signal.js';
import { readChannelsConfiguration } from '#libs/channels/src/channels.configuration.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import { Invalid } from '#libs/kernel/src/errors.js';
import { createLog, logLevel } from '#libs/kernel/src/log.js';

/** Read models, planner and dispatch, without HTTP; any number of these may run beside any number of APIs. */
await runUntilSignal(async () => {
  const configuration = readConfiguration(process.env);
  if (configuration.mode === 'embedded') {
    throw new Invalid(
      'configuration.worker',
      'A worker of its own needs DATABASE_URL: an embedded folder takes one process.',
      {
        fields: [
          { field: 'DATABASE_URL', message: 'Name the PostgreSQL that the API uses, or run `pistor start` alone.' },
        ],
      },
    );
  }
  const log = createLog('worker', logLevel('info'));
  const channels = readChannelsConfiguration(process.env);
  const pistor = await openPistor(configuration, log, undefined, channels);
  await pistor.workers.start().catch(async (error: unknown) => {
    await pistor.close();
    throw error;
  });
  log.info({}, 'working');
  return () => pistor.close();
});
