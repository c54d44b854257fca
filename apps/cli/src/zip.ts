import { createReadStream, existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { once } from 'node:events';
import { Zip, ZipDeflate } from 'fflate';
import { HISTORY_FILES } from '#libs/history-import/src/history-file.js';
import { Invalid } from '#libs/kernel/src/errors.js';
import type { RequestBody } from './client.js';

/** Fast rather than small: it goes over loopback, mostly. */
const LEVEL = 1;

/**
 * The files of a history as a zip, made while it is read, so that a large one never stands in memory.
 * @throws Invalid when there is no such folder or zip
 */
export async function zipOf(path: string): Promise<RequestBody> {
  const contentType = 'application/zip';
  if (!existsSync(path)) throw new Invalid('import.not-found', `There is no folder or zip ${path}.`);
  if (statSync(path).isFile()) return { contentType, stream: createReadStream(path) };
  const files = HISTORY_FILES.map((file) => join(path, `${file}.csv`)).filter((file) => existsSync(file));
  if (files.length === 0) {
    throw new Invalid(
      'import.no-history',
      `${path} has none of ${HISTORY_FILES.map((file) => `${file}.csv`).join(', ')}.`,
    );
  }
  const stream = new PassThrough();
  zipInto(stream, files).catch((error: unknown) => stream.destroy(error as Error));
  return { contentType, stream };
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
