import { createApi } from '#apps/api/src/server.js';
import { openPistor } from '#libs/composition/src/pistor.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { createLog, logLevel } from '#libs/kernel/src/log.js';
import { InProcessClient } from './in-process.client.js';

/** Opens the data itself, for one command: read models follow, messages do not go out. */
export async function openInProcess(configuration: Configuration): Promise<InProcessClient> {
  const pistor = await openPistor(configuration, createLog('cli', logLevel('warn')));
  const app = await createApi(pistor);
  pistor.workers.follow();
  await pistor.readModelsAtHead(pistor.chain);
  return new InProcessClient(
    configuration.databaseUrl === undefined ? configuration.dataFolder : 'the database',
    app,
    async () => {
      await app.close();
      await pistor.close();
    },
  );
}
