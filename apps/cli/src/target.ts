import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readOperatorToken } from '#libs/composition/src/operator-token.js';
import { readFolderLock } from '#libs/database/src/folder-lock.js';
import { type Configuration, readConfiguration } from '#libs/engine/src/configuration.js';
import { Conflict, Invalid, NotFound } from '#libs/kernel/src/errors.js';
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

/** Where a command finds its Pistor: behind an address, or in data that nobody else holds. */
export type Located =
  /** `token`: of the server of an embedded folder on this machine, where people have to sign in. */
  { readonly url: string; readonly token?: string | undefined } | { readonly configuration: Configuration };

/**
 * Finds what the options name, and opens nothing. A folder that a server holds is reached through that server, so that
 * nobody has to stop it first.
 * @throws Conflict when another process that is no server holds the folder; NotFound when there is no data in it and
 *   the command may not make any; Invalid for a URL that is none
 */
export function locate(options: TargetOptions & { readonly mayCreate?: boolean }): Located {
  if (options.url !== undefined) return { url: checkUrl(options.url) };
  const configuration = readConfiguration(process.env, { dataFolder: options.data });
  if (configuration.mode === 'embedded') {
    const holder = readFolderLock(configuration.dataFolder);
    if (holder?.url !== undefined) {
      return { url: holder.url, token: readOperatorToken(configuration.dataFolder) };
    }
    if (holder !== undefined) {
      throw new Conflict(
        'folder.locked',
        `The folder ${configuration.dataFolder} is in use by process ${holder.pid}. Wait until it is done, or stop it.`,
        { data: { pid: holder.pid } },
      );
    }
    if (!options.mayCreate) demandData(configuration.dataFolder);
  }
  return { configuration };
}

/**
 * Opens what the options name.
 * @param signal ends what is under way
 * @throws as `locate`
 */
export async function openClient(
  options: TargetOptions & { readonly mayCreate?: boolean },
  signal: AbortSignal,
): Promise<Client> {
  const located = locate(options);
  if ('url' in located) return new HttpClient(located.url, signal, located.token);
  // Loaded only now: a client of a server starts in a fraction of the time.
  const { openInProcess } = await import('./in-process.js');
  return openInProcess(located.configuration, signal);
}

function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text;
  throw new Invalid(
    'target.url',
    `--url ${JSON.stringify(text)} is not a URL of a server. Write it in full, for example http://127.0.0.1:3000.`,
  );
}

/** A mistyped folder must not become a new, empty book of record. */
function demandData(folder: string): void {
  if (existsSync(join(folder, 'pgdata'))) return;
  throw new NotFound(
    'target.no-data',
    `There is no data of Pistor in ${folder}. Name its folder with --data, or make one: pistor start, pistor import.`,
  );
}
