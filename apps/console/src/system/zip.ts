import { Zip, ZipDeflate } from 'fflate';

/**
 * Packs files into a zip, chunk by chunk: each chunk is read and packed on its own, so that the page stays alive and a
 * file never stands in memory whole. Level 1, since the way to a local server is short.
 */
export async function zipFiles(files: readonly File[], onPacked: (bytes: number) => void): Promise<Blob> {
  const parts: BlobPart[] = [];
  const failures: Error[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) failures.push(error);
    else parts.push(chunk as Uint8Array<ArrayBuffer>);
  });
  let packed = 0;
  for (const file of files) {
    const entry = new ZipDeflate(file.name.toLowerCase(), { level: 1 });
    zip.add(entry);
    const reader = file.stream().getReader();
    for (;;) {
      const { done, value } = await reader.read();
      entry.push(value ?? new Uint8Array(), done);
      if (failures[0]) throw failures[0];
      if (done) break;
      packed += value.length;
      onPacked(packed);
    }
  }
  zip.end();
  if (failures[0]) throw failures[0];
  return new Blob(parts, { type: 'application/zip' });
}
