import { createReadStream, existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { once } from 'node:events';
import { Zip, ZipDeflate } from 'fflate';
import { fileNameOf, HISTORY_FILES } from '#libs/history-import/src/history-file.js';

/** Fast rather than small: it goes over loopback, mostly. */
const LEVEL = 1;

/**
 * The files of a history as a zip, made while it is read, so that a large one never stands in memory.
 * @param path a folder or zip that `historySource` takes
 */
export function zipOf(path: string): Readable {
  if (statSync(path).isFile()) return createReadStream(path);
  const files = HISTORY_FILES.map((file) => join(path, fileNameOf(file))).filter((file) => existsSync(file));
  const stream = new PassThrough();
  zipInto(stream, files).catch((error: unknown) => stream.destroy(error as Error));
  return stream;
}

async function zipInto(stream: PassThrough, files: readonly string[]): Promise<void> {
  let full = false;
  const zip = new Zip((error, chunk, final) => {
    if (error) stream.destroy(error);
    else full = !stream.write(chunk);
    if (final) stream.end();
  });
  for (const file of files) {
    const entry = new ZipDeflate(basename(file), { level: LEVEL });
    zip.add(entry);
    for await (const chunk of createReadStream(file)) {
      entry.push(chunk as Buffer);
      if (full && !stream.destroyed) await once(stream, 'drain');
      full = false;
    }
    entry.push(new Uint8Array(0), true);
  }
  zip.end();
}
