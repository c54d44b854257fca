import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackupFile } from './backup-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor backup file '));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the file of a backup', () => {
  it('has its name only when it is complete, and is for its owner alone', async () => {
    const file = await BackupFile.create(join(folder, 'a.backup'));
    await file.write(Buffer.from('one '));
    await file.write(Buffer.from('two'));
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^\.a\.backup\.[0-9a-f]{8}\.unfinished$/)]);
    await file.complete();
    expect(await readdir(folder)).toEqual(['a.backup']);
    expect(await readFile(join(folder, 'a.backup'), 'utf8')).toBe('one two');
    expect((await stat(join(folder, 'a.backup'))).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing when it is given up', async () => {
    const file = await BackupFile.create(join(folder, 'a.backup'));
    await file.write(Buffer.from('one'));
    await file.discard();
    expect(await readdir(folder)).toEqual([]);
  });

  it('never takes the place of another one, however late that came', async () => {
    const path = join(folder, 'a.backup');
    const file = await BackupFile.create(path);
    await writeFile(path, 'an older one');
    await expect(file.complete()).rejects.toMatchObject({ code: 'backup.exists' });
    await expect(BackupFile.create(path)).rejects.toMatchObject({ code: 'backup.exists' });
    expect(await readFile(path, 'utf8')).toBe('an older one');
  });

  it('is not begun in a folder that is not there', async () => {
    const attempt = BackupFile.create(join(folder, 'no', 'a.backup'));
    await expect(attempt).rejects.toMatchObject({ code: 'backup.no-folder' });
  });
});
