// A process that gives buckets new keys, one after the other, until it is killed.
//   rotate-until-killed.ts FOLDER KEYS_FOLDER MASTER_KEY_HEX BUCKET…
import { writeSync } from 'node:fs';
import { openPglite } from '../../libs/database/src/pglite.database.js';
import { openEngine } from '../../libs/engine/src/engine.js';
import { openKeyVault } from '../../libs/engine/src/open-key-vault.js';
import { MasterKey } from '../../libs/event-store/src/master-key.js';
import { RewrappedKeys } from '../../libs/event-store/src/rewrapped-keys.js';

async function main(): Promise<void> {
  const [folder, keysFolder, hex, ...buckets] = process.argv.slice(2) as [string, string, string, ...string[]];
  const db = await openPglite(folder, { scratch: true });
  const { bucketKeys } = await openEngine({
    db,
    masterKey: () => new MasterKey(Buffer.from(hex, 'hex')),
    keyVault: (mayCreate) => openKeyVault({ keyVault: { kind: 'file' }, keysFolder }, mayCreate),
    rewrapped: new RewrappedKeys(keysFolder),
    eventTypes: [],
  });
  writeSync(1, 'begun\n');
  for (;;) for (const bucket of buckets) await bucketKeys.rotate(Number(bucket));
}

void main();
