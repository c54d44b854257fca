import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../../../test/support/child-process.js';
import type { Child } from '../../../test/support/child-process.js';
import { acquireFolderLock, readFolderLock } from './folder-lock.js';

const HOLDER = 'test/support/hold-folder.ts';

describe('the lock of a data folder', () => {
  let folder: string;
  const children: Child[] = [];

  function hold(): Child {
    const child = startChild(HOLDER, ['lock', folder]);
    children.push(child);
    return child;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pistor lock '));
  });

  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.end('SIGKILL')));
    await rm(folder, { recursive: true });
  });

  it('refuses a second process and names the first one and its server', async () => {
    const holder = hold();
    await holder.line(/^held$/);
    const { pid } = holder.process;

    await expect(acquireFolderLock(folder)).rejects.toMatchObject({
      code: 'folder.locked',
      message: expect.stringContaining(`process ${pid}`),
      data: { pid, url: 'http://127.0.0.1:3000' },
    });
    expect(readFolderLock(folder)).toEqual({ pid, url: 'http://127.0.0.1:3000' });
  });

  it('lets the next process in after the holder ended in good order', async () => {
    const holder = hold();
    await holder.line(/^held$/);
    await holder.end('SIGTERM');

    expect(readFolderLock(folder)).toBeUndefined();
    (await acquireFolderLock(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes over from a process that was killed, also before anyone waited for it', async () => {
    const holder = hold();
    await holder.line(/^held$/);
    holder.process.kill('SIGKILL');
    await holder.end('SIGKILL');

    expect(readFolderLock(folder)).toBeUndefined();
    const lock = await acquireFolderLock(folder);
    expect(readFolderLock(folder)?.pid).toBe(process.pid);
    lock.release();
  });

  it('does not take a later process with the same pid for the holder', async () => {
    const lock = await acquireFolderLock(folder);
    const [file] = await readdir(folder);
    const claim = JSON.parse(await readFile(file!));
    lock.release();
    await writeFile(join(folder, 'lock.earlier'), JSON.stringify({ ...claim, startedAt: 'another boot 1' }));

    const again = await acquireFolderLock(folder);
    expect(await readdir(folder)).not.toContain('lock.earlier');
    again.release();
  });

  it('refuses the same process a second time', async () => {
    const lock = await acquireFolderLock(folder);
    await expect(acquireFolderLock(folder)).rejects.toMatchObject({ data: { pid: process.pid } });
    lock.release();
  });

  it('respects a holder that it cannot look at (another container) while that one beats', async () => {
    const claim = { pid: 1, startedAt: 'elsewhere', scope: 'another container', held: true };
    await writeFile(join(folder, 'lock.elsewhere'), JSON.stringify(claim));
    await expect(acquireFolderLock(folder)).rejects.toMatchObject({ code: 'folder.locked' });
  });

  it('survives a claim that a power cut left half written', async () => {
    await writeFile(join(folder, 'lock.torn'), '{"pid":');
    (await acquireFolderLock(folder)).release();
  });

  it('lets exactly one of many in that come at once, over a dead holder too', async () => {
    const holder = hold();
    await holder.line(/^held$/);
    await holder.end('SIGKILL');

    const contenders = Array.from({ length: 5 }, hold);
    const answers = await Promise.all(contenders.map((child) => child.line(/^(held|refused folder\.locked .*)$/)));
    expect(answers.filter((answer) => answer === 'held')).toHaveLength(1);
  });

  async function readFile(name: string): Promise<string> {
    const { readFile: read } = await import('node:fs/promises');
    return read(join(folder, name), 'utf8');
  }
});
