import { createApi } from '#apps/api/src/server.js';
import { unlessAborted } from '#libs/composition/src/import-lines.js';
import { openPistor } from '#libs/composition/src/pistor.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { createLog, logLevel } from '#libs/kernel/src/log.js';
import { InProcessClient } from './in-process.client.js';

/** Opens the data itself, for one command: read models follow, messages do not go out. */
export async function openInProcess(configuration: Configuration, signal: AbortSignal): Promise<InProcessClient> {
  const pistor = await openPistor(configuration, createLog('cli', logLevel('warn')));
  try {
    signal.throwIfAborted();
    const app = await createApi(pistor);
    pistor.workers.follow();
    await unlessAborted(pistor.readModelsAtHead(pistor.chain), signal);
    return new InProcessClient(pistor, app, signal);
  } catch (error) {
    await pistor.close();
    throw error;
  }
}
