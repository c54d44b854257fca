import type { Command } from 'commander';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import type { CheckedBackup } from '#libs/composition/src/restore.js';
import { print } from '../list.command.js';
import { progressBar } from '../progress.js';
import { withSignal } from '../with-client.js';
import { eventsIn, rowsOf, summaryOf } from './backup.command.js';

interface Options {
  readonly into?: string;
  readonly check?: boolean;
  readonly json?: boolean;
  readonly withoutErasureRegister?: boolean;
}

export function addRestore(program: Command): void {
  program
    .command('restore')
    .argument('<file>', 'what `pistor backup` has written')
    .description('restore a backup into an empty data folder, or the empty database that DATABASE_URL names')
    .option('--into <folder>', 'an embedded data folder (default: ./data, or what DATABASE_URL names)')
    .option('--check', 'only read the file and check it; nothing is written')
    .option(
      '--without-erasure-register',
      'go on where the folder of keys has no register of erasures: whoever was erased since is there again',
    )
    .option('--json', 'tell of it as one JSON object')
    .addHelpText(
      'after',
      '\nKeys are not in a backup: put the master key where PISTOR_MASTER_KEY_FILE says, or into the folder as master.key,\n' +
        'and the folder `keys` beside it, before. Whoever was erased since the backup is erased again. After a restore no messages leave until `pistor dispatch open`.',
    )
    .action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const configuration = readConfiguration(process.env, { dataFolder: options.into });
  const { checkBackup, restore } = await import('#libs/composition/src/restore.js');
  const bars = { checking: progressBar('checking', 'bytes'), restoring: progressBar('restoring', 'bytes') };
  const onInterrupted = options.check
    ? 'Interrupted.'
    : 'Interrupted. Where nothing was restored yet, nothing was changed; otherwise what is there cannot be started, and ' +
      'the same command again begins anew.';
  await withSignal({ onInterrupted }, async (signal) => {
    const onProgress = (step: keyof typeof bars, bytes: number, total: number) => {
      bars[step].update(bytes, total);
      if (bytes === total) bars[step].stop();
    };
    try {
      const checked = await (options.check
        ? checkBackup(file, { signal, onProgress })
        : restore(file, configuration, { signal, onProgress, withoutRegister: options.withoutErasureRegister }));
      await print(
        options.json ? `${JSON.stringify(asJson(checked, !options.check))}\n` : tell(checked, !options.check),
      );
    } finally {
      for (const bar of Object.values(bars)) bar.stop();
    }
  });
}

const asJson = ({ manifest, seal, bytes }: CheckedBackup, restored: boolean): object => ({
  restored,
  ...summaryOf(manifest, seal.sha256, bytes),
});

function tell({ manifest, bytes }: CheckedBackup, restored: boolean): string {
  const { takenAt, version, mode, masterKey } = manifest;
  const what =
    `${eventsIn(manifest)} events and ${rowsOf(manifest)} rows in all, as they stood at ${takenAt} ` +
    `(${mode}, Pistor ${version}, ${(bytes / 1e6).toFixed(1)} MB)`;
  if (!restored) return `The backup is whole: ${what}. Its personal data needs master key ${masterKey}.\n`;
  return (
    `Restored: ${what}.\n` +
    'Read models are built at the next start. No messages leave yet: what fell due since then may have been sent. ' +
    'Start Pistor, look at what is pending, then run `pistor dispatch open`.\n'
  );
}
