import type { Command } from 'commander';
import { readFolderLock } from '#libs/database/src/folder-lock.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import { Conflict } from '#libs/kernel/src/errors.js';
import type { Client } from './client.js';
import { HttpClient } from './http.client.js';

/** Which Pistor a command is about. */
export interface TargetOptions {
  /** An embedded folder. */
  readonly data?: string;
  /** A running server. */
  readonly url?: string;
}

export const withTarget = (command: Command): Command =>
  command
    .option('--data <folder>', 'an embedded data folder (default: ./data, or what DATABASE_URL names)')
    .option('--url <url>', 'a running server, for example http://127.0.0.1:3000');

/**
 * Opens what the options name. A folder that a server holds is reached through that server, so that nobody has to stop
 * it first.
 * @throws Conflict when another process that is no server holds the folder
 */
export async function openClient(options: TargetOptions): Promise<Client> {
  if (options.url !== undefined) return new HttpClient(options.url);
  const configuration = readConfiguration(process.env, { dataFolder: options.data });
  if (configuration.mode === 'embedded') {
    const holder = readFolderLock(configuration.dataFolder);
    if (holder?.url !== undefined) return new HttpClient(holder.url);
    if (holder !== undefined) {
      throw new Conflict(
        'folder.locked',
        `The folder ${configuration.dataFolder} is in use by process ${holder.pid}. Wait until it is done, or stop it.`,
        { data: { pid: holder.pid } },
      );
    }
  }
  // Loaded only now: a client of a server starts in a fraction of the time.
  const { openInProcess } = await import('./in-process.js');
  return openInProcess(configuration);
}
