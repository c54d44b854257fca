import type { Command } from 'commander';
import { SOFTWARE_VERSION } from '#apps/api/src/version.js';
import { BackupFile } from '#libs/backup/src/backup-file.js';
import type { Manifest, Seal } from '#libs/backup/src/backup.format.js';
import { readBackup } from '#libs/backup/src/backup-reader.js';
import { HttpClient } from '../http.client.js';
import { print } from '../list.command.js';
import { progressBar } from '../progress.js';
import { type Located, locate, type TargetOptions, withTarget } from '../target.js';
import { withSignal } from '../with-client.js';

interface Options extends TargetOptions {
  readonly json?: boolean;
}

/** In place of a file: the backup goes to stdout, and what is told of it to stderr. */
const STDOUT = '-';

export function addBackup(program: Command): void {
  withTarget(program.command('backup').argument('<file>', 'where to write it; - for stdout'))
    .description('write everything that was recorded to one file, whether Pistor runs meanwhile or not')
    .option('--json', 'tell of it as one JSON object')
    .addHelpText(
      'after',
      '\nThe master key is not in the file. Keep a copy of it in another place: without it no personal data in the backup\n' +
        'can be read by anybody.',
    )
    .action(backup);
}

async function backup(name: string, options: Options): Promise<void> {
  const located = locate(options);
  await withSignal({ onInterrupted: 'Interrupted. No backup was made.' }, async (signal) => {
    const out = name === STDOUT ? standardOutput() : await BackupFile.create(name);
    const bar = progressBar('backing up', 'rows');
    try {
      const { manifest, seal } = await copy(bytesOf(located, signal), out, signal, bar.update.bind(bar));
      await out.complete();
      bar.stop();
      const told = options.json ? `${JSON.stringify(asJson(name, manifest, seal))}\n` : tell(name, manifest, seal);
      await (name === STDOUT ? new Promise((done) => process.stderr.write(told, done)) : print(told));
    } catch (error) {
      await out.discard();
      throw error;
    } finally {
      bar.stop();
    }
  });
}

async function* bytesOf(located: Located, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if ('url' in located) return yield* new HttpClient(located.url, signal, located.token).bytes('POST', '/v1/backup');
  // Loaded only now: a client of a server starts in a fraction of the time.
  const { backUpUnopened } = await import('#libs/composition/src/back-up.js');
  yield* backUpUnopened(located.configuration, SOFTWARE_VERSION);
}

/** What a backup is written to. */
type Output = Pick<BackupFile, 'write' | 'complete' | 'discard'>;

/** Checks every byte on its way: an answer that breaks off must not become a backup. */
async function copy(
  bytes: AsyncIterable<Uint8Array>,
  out: Output,
  signal: AbortSignal,
  onProgress: (rows: number, total: number, note: string) => void,
): Promise<{ manifest: Manifest; seal: Seal }> {
  let manifest: Manifest | undefined;
  let rows = 0;
  for await (const part of readBackup(bytes)) {
    signal.throwIfAborted();
    await out.write(part.bytes);
    if ('manifest' in part) manifest = part.manifest;
    if ('block' in part) rows += part.block.rows;
    onProgress(rows, manifest ? rowsOf(manifest) : 0, 'block' in part ? part.block.table : '');
    if ('seal' in part) return { manifest: manifest as Manifest, seal: part.seal };
  }
  throw new Error('A backup ends with its seal');
}

function standardOutput(): Output {
  // A reader that has seen enough of a list is no failure; half a backup is.
  process.stdout.prependListener('error', (error) => {
    process.stderr.write(`The backup could not be written: ${error.message}\n`);
    process.exit(1);
  });
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()))),
    complete: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}

export const rowsOf = ({ tables }: Manifest): number => tables.reduce((sum, { rows }) => sum + rows, 0);

export const eventsIn = ({ chains }: Manifest): number => chains.reduce((sum, { head }) => sum + head, 0);

/** What a backup holds, for programs. */
export const summaryOf = (manifest: Manifest, sha256: string, bytes: number): object => ({
  takenAt: manifest.takenAt,
  version: manifest.version,
  mode: manifest.mode,
  events: eventsIn(manifest),
  rows: rowsOf(manifest),
  chains: manifest.chains.map(({ slug, head }) => ({ slug, head })),
  masterKey: manifest.masterKey,
  bytes,
  sha256,
});

const asJson = (file: string, manifest: Manifest, { sha256, bytes }: Seal): object => ({
  file: file === STDOUT ? null : file,
  ...summaryOf(manifest, sha256, bytes),
});

function tell(file: string, manifest: Manifest, { sha256, bytes }: Seal): string {
  const where = file === STDOUT ? 'The backup' : file;
  return (
    `${where} holds what was recorded until ${manifest.takenAt}: ${eventsIn(manifest)} events, ` +
    `${rowsOf(manifest)} rows in all, ${(bytes / 1e6).toFixed(1)} MB (SHA-256 ${sha256}).\n` +
    `The master key (fingerprint ${manifest.masterKey}) is not in it. Keep a copy of the key in another place: without it ` +
    'nobody can read the personal data in the backup.\n'
  );
}
