import { join } from 'node:path';
import { FileKeyVault } from '#libs/event-store/src/file.key-vault.js';
import type { KeyVault } from '#libs/event-store/src/key-vault.js';
import { SecretKeyVault, secretsFromFile } from '#libs/event-store/src/secret.key-vault.js';
import { TransitKeyVault } from '#libs/event-store/src/transit.key-vault.js';
import type { Configuration } from './configuration.js';

/** In the folder of keys. */
const BUCKET_KEYS_FILE = 'bucket.keys';

/**
 * The vault that the configuration names.
 * @param mayCreate whether keys may be made where there are none yet
 * @throws KeyVaultProblem
 */
export function openKeyVault(
  { keyVault, keysFolder }: Pick<Configuration, 'keyVault' | 'keysFolder'>,
  mayCreate: boolean,
): KeyVault {
  switch (keyVault.kind) {
    case 'file':
      return FileKeyVault.open(join(keysFolder, BUCKET_KEYS_FILE), mayCreate);
    case 'secret': {
      const { text, file } = keyVault;
      return file === undefined
        ? new SecretKeyVault(() => text as string, 'PISTOR_BUCKET_KEYS')
        : new SecretKeyVault(() => secretsFromFile(file), file);
    }
    case 'transit': {
      const { token, tokenFile, ...options } = keyVault;
      return new TransitKeyVault({
        ...options,
        token: () => (tokenFile === undefined ? (token as string) : secretsFromFile(tokenFile).trim()),
      });
    }
  }
}
