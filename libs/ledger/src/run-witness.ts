import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { acquireFolderLock } from '#libs/database/src/folder-lock.js';
import { LedgerKeyFile } from './ledger-keys.js';
import { COSIGNATURE_V1, formatVkey, type VerifierKey, verifierKey } from './signed-note.js';
import { Witness } from './witness.js';
import { witnessServer } from './witness.server.js';

export interface RunWitnessOptions {
  readonly name: string;
  /** Holds `witness.key` and `witness.json`: what was co-signed. Kept apart from the ledger's own data. */
  readonly folder: string;
  readonly logs: readonly VerifierKey[];
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

export interface RunningWitness {
  readonly vkey: string;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Runs a witness until it is closed. Makes its key where there is none.
 * @throws Conflict `folder.locked` where another one runs on the folder: two would co-sign two histories; LedgerKeyProblem;
 *   Error where what was co-signed cannot be read
 */
export async function runWitness({ name, folder, logs, host, port }: RunWitnessOptions): Promise<RunningWitness> {
  const lock = await acquireFolderLock(folder);
  try {
    const file = new LedgerKeyFile(join(folder, 'witness.key'));
    if (!file.keys()) await file.create();
    const key = file.keys()?.at(-1);
    if (!key) throw new Error(`${file.file} is gone`);
    const vkey = formatVkey(verifierKey(name, key.publicKey, COSIGNATURE_V1));
    const server = witnessServer(new Witness({ name, key, logs, stateFile: join(folder, 'witness.json') }));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve);
    });
    const { port: taken } = server.address() as AddressInfo;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
    lock.setUrl(url);
    const close = async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      lock.release();
    };
    return { vkey, url, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}
