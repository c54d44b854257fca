// A process that makes or restores a backup and says how far it is, to be killed on the way.
//   backup-process.ts backup|restore FILE FOLDER|URL MASTER_KEY_FILE
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackupFile } from '../../libs/backup/src/backup-file.js';
import { readBackup } from '../../libs/backup/src/backup-reader.js';
import { backUpUnopened } from '../../libs/composition/src/back-up.js';
import { restore } from '../../libs/composition/src/restore.js';
import { readConfiguration } from '../../libs/engine/src/configuration.js';

/** Whoever is to kill it needs a moment to do so. */
const PAUSE_MS = 50;

async function main(): Promise<void> {
  const [what, file, where, masterKeyFile] = process.argv.slice(2) as [string, string, string, string];
  const environment = { PISTOR_MASTER_KEY_FILE: masterKeyFile };
  const configuration = where.startsWith('postgres')
    ? readConfiguration({ ...environment, DATABASE_URL: where })
    : readConfiguration(environment, { dataFolder: where });
  if (what === 'backup') {
    const out = await BackupFile.create(file);
    for await (const part of readBackup(backUpUnopened(configuration, '0.1.0'))) {
      await out.write(part.bytes);
      if ('block' in part) say(`block ${part.block.block}`);
      await sleep(PAUSE_MS);
    }
    await out.complete();
  } else {
    let parts = 0;
    await restore(file, configuration, {
      onProgress: (step, bytes, total) => {
        if (step === 'checking') return;
        if (parts === 0) say('restoring');
        // The manifest is the first part.
        else say(bytes === total ? 'seal' : `block ${parts}`);
        parts += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      },
    });
  }
  say('done');
}

const say = (text: string) => writeSync(1, `${text}\n`);

void main();
