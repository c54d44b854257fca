import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { strToU8, zipSync, type Zippable } from 'fflate';
import { demoHistoryFolder } from './demo-history.js';
import { historySource } from './folder.source.js';

describe('the source of a history', () => {
  let folder: string;
  let count = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pistor source '));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const zipOf = async (files: Zippable): Promise<string> => {
    count += 1;
    const path = join(folder, `${count}.zip`);
    await writeFile(path, zipSync(files));
    return path;
  };
  const refusal = (path: string) =>
    historySource(path).then(
      () => 'taken',
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    );

  it('is a folder with some of the seven files', async () => {
    const path = join(folder, 'some');
    await mkdir(path);
    await writeFile(join(path, 'sites.csv'), 'x');
    await writeFile(join(path, 'notes.csv'), 'y');
    const source = await historySource(path);
    expect([...source.sizes]).toEqual([['sites', 1]]);
    expect(await text((await source.open('sites')) as Readable)).toBe('x');
    expect(await source.open('lots')).toBeUndefined();
  });

  it('is refused where it has none of them, or is not there', async () => {
    const path = join(folder, 'none');
    await mkdir(path);
    expect(await refusal(path)).toMatch(/^import.no-history: .* has none of the files of a history: sites\.csv, /);
    expect(await refusal(join(folder, 'missing'))).toMatch(/^import.no-history: There is nothing to read/);
    await mkdir(join(path, 'sites.csv'));
    expect(await refusal(path)).toMatch(/is not a file/);
  });

  it.each(['', 'export/'])('is a zip with the files in "%s"', async (prefix) => {
    const path = await zipOf({
      [`${prefix}sites.csv`]: strToU8('one'),
      [`${prefix}lots.csv`]: strToU8('two'),
      [`${prefix}readme.txt`]: strToU8('no'),
      '__MACOSX/sites.csv': strToU8('a shadow'),
      'deep/er/courses.csv': strToU8('too deep'),
    });
    const source = await historySource(path);
    expect(Object.fromEntries(source.sizes)).toEqual({ lots: 3, sites: 3 });
    // More than once: the header is read first.
    for (let n = 0; n < 2; n += 1) expect(await text((await source.open('sites')) as Readable)).toBe('one');
    await source.close();
  });

  it('is refused as a zip that is none, or is broken', async () => {
    const path = join(folder, 'text.zip');
    await writeFile(path, 'this is text');
    expect(await refusal(path)).toMatch(/^import.no-history: .* is neither a folder nor a zip file/);
    expect(await refusal(await zipOf({ 'readme.txt': strToU8('no') }))).toMatch(/none of the files/);
  });

  it('is refused as a zip with its files in several folders', async () => {
    expect(await refusal(await zipOf({ 'a/sites.csv': strToU8('1'), 'b/lots.csv': strToU8('2') }))).toMatch(
      /several folders/,
    );
    expect(await refusal(await zipOf({ 'a/sites.csv': strToU8('1'), 'sites.csv': strToU8('2') }))).toMatch(
      /more than once/,
    );
  });

  it('is refused as a zip that unpacks to far more than a history would', async () => {
    expect(await refusal(await zipOf({ 'sites.csv': new Uint8Array(64 * 1024 ** 2) }))).toMatch(/that is no history/);
  });

  it('comes with the software as a demo', async () => {
    expect((await historySource(demoHistoryFolder())).sizes.size).toBe(7);
  });
});
