import { close } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { fileNameOf, HISTORY_FILES, type HistoryFile } from './history-file.js';
import { demandAny, type HistorySource, NoHistory } from './history-source.js';

/** Far above any real history (5 million patients make about 20 GB), far below what a hostile zip file can claim. */
const BYTES_MAX = 64 * 1024 ** 3;
/** CSV shrinks 5 to 30 times; only something made for it shrinks this much more. */
const SHRINKAGE_MAX = 300;
/** Below this many bytes it does not matter how much it shrank: a short file of equal lines does. */
const SHRINKAGE_FREE_BYTES = 16 * 1024 ** 2;
/** Seven files are wanted; other things may lie beside them, but a directory of millions is an attack. */
const ENTRIES_MAX = 10_000;

const OPTIONS = { lazyEntries: true, autoClose: false, strictFileNames: false };

/**
 * The history in a zip file: its CSV files stand at the top, or together in one folder. Nothing is unpacked to the disk,
 * so no name in the zip file can point anywhere; sizes are checked before and while reading.
 * @throws NoHistory
 */
export async function zipSource(path: string): Promise<HistorySource> {
  const zip = await openZip((done) => yauzl.open(path, OPTIONS, done)).catch((error: Error) => {
    throw new NoHistory(`${path} is neither a folder nor a zip file that can be read: ${error.message}`, error);
  });
  return sourceOf(zip, path);
}

/**
 * As `zipSource`, for a file that is open and need not have a name any more.
 * @param fd belongs to the source from now on: it is closed with it, and when there is no history in it
 * @param where what error texts call the file; they begin with it
 * @throws NoHistory
 */
export async function openZipSource(fd: number, where: string): Promise<HistorySource> {
  const zip = await openZip((done) => yauzl.fromFd(fd, OPTIONS, done)).catch(async (error: Error) => {
    await promisify(close)(fd);
    throw new NoHistory(`${where} is no zip file that can be read: ${error.message}`, error);
  });
  return sourceOf(zip, where);
}

async function sourceOf(zip: ZipFile, where: string): Promise<HistorySource> {
  try {
    const entries = await historyEntries(zip, where);
    const sizes = new Map([...entries].map(([file, entry]) => [file, entry.uncompressedSize]));
    demandAny(sizes, where);
    return {
      sizes,
      open: async (file) => {
        const entry = entries.get(file);
        return entry && (await openEntry(zip, entry));
      },
      close: () => Promise.resolve(zip.close()),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function openZip(open: (done: (error: Error | null, zip: ZipFile) => void) => void): Promise<ZipFile> {
  return new Promise((resolve, reject) => open((error, zip) => (error ? reject(error) : resolve(zip))));
}

function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(new NoHistory(`${entry.fileName} in the zip file cannot be read: ${error.message}`, error));
      else resolve(stream);
    });
  });
}

async function historyEntries(zip: ZipFile, where: string): Promise<Map<HistoryFile, Entry>> {
  if (zip.entryCount > ENTRIES_MAX) throw new NoHistory(`${where} has more than ${ENTRIES_MAX} entries.`);
  const found = new Map<HistoryFile, Entry>();
  const folders = new Set<string>();
  let bytes = 0;
  for (const entry of await allEntries(zip, where)) {
    const [folder, file] = placeOf(entry.fileName);
    if (file === undefined) continue;
    if (found.has(file)) throw new NoHistory(`${where} has ${fileNameOf(file)} more than once.`);
    found.set(file, entry);
    folders.add(folder);
    bytes += demandSane(entry, where);
  }
  if (folders.size > 1) throw new NoHistory(`${where} has its files in several folders; put them into one.`);
  if (bytes > BYTES_MAX) throw new NoHistory(`${where} unpacks to ${bytes} bytes; ${BYTES_MAX} are allowed.`);
  return found;
}

function allEntries(zip: ZipFile, where: string): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', (error: Error) => reject(new NoHistory(`${where} cannot be read: ${error.message}`, error)));
    zip.readEntry();
  });
}

/** The folder in the zip file and which file of a history it is; no file where it is something else. */
function placeOf(name: string): [folder: string, file: HistoryFile | undefined] {
  const parts = name.split('/');
  const base = parts.at(-1);
  const folder = parts.length === 2 ? (parts[0] as string) : '';
  // macOS puts a shadow of each file into this folder.
  if (parts.length > 2 || folder === '__MACOSX') return [folder, undefined];
  return [folder, HISTORY_FILES.find((file) => fileNameOf(file) === base)];
}

function demandSane(entry: Entry, where: string): number {
  const { fileName, uncompressedSize: size, compressedSize } = entry;
  if (entry.isEncrypted()) throw new NoHistory(`${where} has ${fileName} encrypted.`);
  if (size > SHRINKAGE_FREE_BYTES && size > compressedSize * SHRINKAGE_MAX) {
    throw new NoHistory(
      `${where} has ${fileName} that claims to unpack to ${size} bytes from ${compressedSize}: that is no history.`,
    );
  }
  return size;
}
