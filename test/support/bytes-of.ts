import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A byte sequence that must not be anywhere, in one of the ways in which it may be written. */
export interface Needle {
  readonly of: string;
  readonly as: string;
  readonly bytes: Buffer;
}

/** Every usual way of writing bytes: as they are, in hex, and in Base64 whatever stands before and after them. */
export function needlesOfBytes(of: string, bytes: Buffer): Needle[] {
  const hex = bytes.toString('hex');
  return [
    { of, as: 'bytes', bytes },
    { of, as: 'hex', bytes: Buffer.from(hex) },
    { of, as: 'HEX', bytes: Buffer.from(hex.toUpperCase()) },
    ...[0, 1, 2].flatMap((before) => {
      const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
      // Only what no neighbour has a part in.
      const sure = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
      const url = sure.replaceAll('+', '-').replaceAll('/', '_');
      return [
        { of, as: `base64 after ${before}`, bytes: Buffer.from(sure) },
        ...(url === sure ? [] : [{ of, as: `base64url after ${before}`, bytes: Buffer.from(url) }]),
      ];
    }),
  ];
}

/** The same of a text in UTF-8, and in UTF-16 of both orders. */
export function needlesOfText(text: string): Needle[] {
  const little = Buffer.from(text, 'utf16le');
  return [
    ...needlesOfBytes(text, Buffer.from(text)),
    { of: text, as: 'UTF-16LE', bytes: little },
    { of: text, as: 'UTF-16BE', bytes: Buffer.from(little).swap16() },
  ];
}

/** All files under folders, each whole; a file that went away meanwhile is passed over. */
export async function* filesIn(...places: readonly string[]): AsyncGenerator<{ file: string; bytes: Buffer }> {
  for (const place of places) {
    if ((await stat(place)).isFile()) yield { file: place, bytes: await readFile(place) };
    else {
      for (const entry of await readdir(place, { recursive: true, withFileTypes: true })) {
        const file = join(entry.parentPath, entry.name);
        const bytes = entry.isFile() ? await readFile(file).catch(() => undefined) : undefined;
        if (bytes) yield { file, bytes };
      }
    }
  }
}

/** Where any of the needles is, as `file: what as how`. */
export async function findBytes(needles: readonly Needle[], ...places: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const { file, bytes } of filesIn(...places))
    for (const needle of needles) if (bytes.includes(needle.bytes)) found.push(`${file}: ${needle.of} as ${needle.as}`);
  return found;
}
