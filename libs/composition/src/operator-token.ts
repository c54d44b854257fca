import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const fileOf = (folder: string): string => join(folder, 'operator.token');

/**
 * Lets the command line of this machine use the server that holds an embedded folder. Whoever can read the folder has
 * the data and its key anyway; the token is of this run of the server, and is gone with it.
 */
export function writeOperatorToken(folder: string, token: string): void {
  removeOperatorToken(folder);
  // Made here and now, readable by nobody else: never what somebody has laid there.
  const descriptor = openSync(fileOf(folder), 'wx', 0o600);
  writeSync(descriptor, token);
  closeSync(descriptor);
}

export const removeOperatorToken = (folder: string): void => rmSync(fileOf(folder), { force: true });

/** Undefined where the server needs none, or this user may not read it. */
export function readOperatorToken(folder: string): string | undefined {
  try {
    return readFileSync(fileOf(folder), 'utf8');
  } catch {
    return undefined;
  }
}
