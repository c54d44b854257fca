import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '#libs/kernel/src/ids.js';
import { FileKeyVault } from './file.key-vault.js';
import {
  BucketKeyMissing,
  BUCKETS,
  bucketOf,
  KeyDoesNotUnwrap,
  type KeyVault,
  KeyVaultProblem,
  KeyVaultReadOnly,
} from './key-vault.js';
import { SecretKeyVault, secretsFromFile } from './secret.key-vault.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor keys '));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fileIn = (name = 'bucket.keys') => join(folder, name);
const boundTo = 'chain/person/contact';
const secret = () => randomBytes(32).toString('hex');

describe('the bucket of a person', () => {
  it('follows from the id, and persons are spread over all of them', () => {
    const buckets = Array.from({ length: 20_000 }, () => bucketOf(newId()));
    expect(Math.min(...buckets)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...buckets)).toBeLessThan(BUCKETS);
    expect(new Set(buckets).size).toBe(BUCKETS);
    // It never changes: keys are wrapped by it for ever.
    expect(bucketOf('0199a0b1-c2d3-7e4f-8a5b-000000000003')).toBe(735);
  });
});

describe.each([
  ['a file', () => FileKeyVault.open(fileIn(), true)],
  ['a secret', () => new SecretKeyVault(() => `1:${'a1'.repeat(32)} 2:${'b2'.repeat(32)}`, 'the environment')],
] as [string, () => KeyVault][])('keys in %s', (_, open) => {
  it('unwrap what they have wrapped, and only where it belongs', async () => {
    const vault = open();
    const key = randomBytes(32);
    const [wrapped] = await vault.wrap(7, 1, [{ key, boundTo }]);
    expect(wrapped!.includes(key)).toBe(false);
    expect(await vault.unwrap(7, 1, [{ wrapped: wrapped!, boundTo }])).toEqual([key]);
    await expect(vault.unwrap(8, 1, [{ wrapped: wrapped!, boundTo }])).rejects.toBeInstanceOf(KeyDoesNotUnwrap);
    await expect(vault.unwrap(7, 1, [{ wrapped: wrapped!, boundTo: 'another' }])).rejects.toBeInstanceOf(
      KeyDoesNotUnwrap,
    );
    const changed = Buffer.from(wrapped!);
    changed[changed.length - 1]! ^= 1;
    await expect(vault.unwrap(7, 1, [{ wrapped: changed, boundTo }])).rejects.toBeInstanceOf(KeyDoesNotUnwrap);
  });

  it('say clearly that a version is missing', async () => {
    await expect(open().wrap(7, 9, [{ key: randomBytes(32), boundTo }])).rejects.toThrow(
      /Version 9 of the key of bucket 7 is not in .*without them the personal data of the bucket cannot be read/,
    );
  });
});

describe('a file of bucket keys', () => {
  it('is made once, for its owner alone, and not where keys must be there already', async () => {
    const vault = FileKeyVault.open(fileIn(), true);
    expect((await stat(fileIn())).mode & 0o777).toBe(0o600);
    expect((await vault.versions()).size).toBe(BUCKETS);
    expect(FileKeyVault.open(fileIn(), true).id).toBe(vault.id);
    expect(() => FileKeyVault.open(fileIn('none'), false)).toThrow(/missing, but the data was written with them/);
    expect(await readdir(folder)).toEqual(['bucket.keys']);
  });

  it('is refused when others can read it, and when it was cut off or changed', async () => {
    FileKeyVault.open(fileIn(), true);
    await chmod(fileIn(), 0o640);
    expect(() => FileKeyVault.open(fileIn(), false)).toThrow(/can be read by others \(mode 640\).*chmod 600/);
    await chmod(fileIn(), 0o600);
    const text = await readFile(fileIn(), 'utf8');
    const digit = text.indexOf('3.1 ') + 10;
    for (const wrong of [
      text.slice(0, -100),
      '',
      `${text.slice(0, digit)}${text[digit] === '0' ? '1' : '0'}${text.slice(digit + 1)}`,
    ]) {
      await writeFile(fileIn(), wrong);
      expect(() => FileKeyVault.open(fileIn(), false)).toThrow(/was cut off or changed/);
    }
  });

  it('gives a bucket another key and destroys the older one: nothing of it is left in the folder', async () => {
    const vault = FileKeyVault.open(fileIn(), true);
    const key = randomBytes(32);
    const [before] = await vault.wrap(7, 1, [{ key, boundTo }]);
    const old = (await readFile(fileIn(), 'utf8')).match(/^7\.1 (\w{64})$/m)![1]!;
    expect((await vault.rotate(7)).version).toBe(2);
    expect(await vault.unwrap(7, 1, [{ wrapped: before!, boundTo }])).toEqual([key]);
    await vault.destroyBelow(7, 2);
    await vault.destroyBelow(7, 2);
    await expect(vault.unwrap(7, 1, [{ wrapped: before!, boundTo }])).rejects.toBeInstanceOf(BucketKeyMissing);
    expect(await readdir(folder)).toEqual(['bucket.keys']);
    expect(await readFile(fileIn(), 'utf8')).not.toContain(old);
    expect((await vault.versions()).get(7)).toMatchObject([{ version: 2 }]);
    expect((await vault.versions()).get(8)).toMatchObject([{ version: 1 }]);
  });

  it('wipes what a process left that was killed while it changed the file', async () => {
    const vault = FileKeyVault.open(fileIn(), true);
    await copyFile(fileIn(), join(folder, '.bucket.keys-0a1b2c3d.tmp'));
    await vault.rotate(7);
    expect(await readdir(folder)).toEqual(['bucket.keys']);
  });

  it('is read again when another process has changed it', async () => {
    const [one, other] = [FileKeyVault.open(fileIn(), true), FileKeyVault.open(fileIn(), true)];
    await one.rotate(7);
    const key = randomBytes(32);
    const [wrapped] = await one.wrap(7, 2, [{ key, boundTo }]);
    expect(await other.unwrap(7, 2, [{ wrapped: wrapped!, boundTo }])).toEqual([key]);
    await other.rotate(9);
    expect((await one.versions()).get(7)).toHaveLength(2);
  });

  it('says that it is gone, and makes no other one', async () => {
    const vault = FileKeyVault.open(fileIn(), true);
    await rm(fileIn());
    await expect(vault.rotate(7)).rejects.toThrow(/are gone. Put the file back/);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('bucket keys that an operator gives', () => {
  it('are versions of a secret, and nothing else is taken or told', () => {
    const open = (text: string) => () => new SecretKeyVault(() => text, 'PISTOR_BUCKET_KEYS');
    for (const wrong of ['', secret(), `1:${secret().slice(1)}`, `0:${secret()}`, `1:${secret()} 1:${secret()}`]) {
      expect(open(wrong)).toThrow(KeyVaultProblem);
      try {
        open(wrong)();
      } catch (error) {
        if (wrong.length > 10) expect((error as Error).message).not.toContain(wrong.slice(-20));
      }
    }
    expect(open(`1:${secret()},2:${secret()}\n`)).not.toThrow();
  });

  it('are never changed by Pistor, which says what to do instead', async () => {
    const vault = new SecretKeyVault(() => `1:${secret()}`, 'PISTOR_BUCKET_KEYS');
    await expect(vault.rotate(7)).rejects.toThrow(/add 2:HEX .* to PISTOR_BUCKET_KEYS/);
    await expect(vault.destroyBelow(7, 2)).rejects.toBeInstanceOf(KeyVaultReadOnly);
  });

  it('are taken up from a file anew when a version was added, and the file is for its owner alone', async () => {
    await writeFile(fileIn(), `1:${secret()}`, { mode: 0o600 });
    const vault = new SecretKeyVault(() => secretsFromFile(fileIn()), fileIn());
    await writeFile(fileIn(), `${await readFile(fileIn(), 'utf8')}\n2:${secret()}`);
    expect((await vault.versions()).get(3)).toMatchObject([{ version: 1 }, { version: 2 }]);
    await chmod(fileIn(), 0o604);
    expect(() => secretsFromFile(fileIn())).toThrow(/can be read by others/);
    expect(() => secretsFromFile(fileIn('none'))).toThrow(/cannot be read/);
  });
});
