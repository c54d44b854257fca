import { readFileSync } from 'node:fs';
import { Invalid } from '#libs/kernel/src/errors.js';
import { COSIGNATURE_V1, parseVkey } from './signed-note.js';
import type { WitnessAddress } from './witness-submitter.js';

/** Where the ledger keeps what does not stand in the database, and who co-signs. */
export interface LedgerConfiguration {
  readonly keyFile: string;
  readonly folder: string;
  readonly witnesses: readonly WitnessAddress[];
}

const WITNESSES_MAX = 16;

/**
 * Checks who co-signs.
 * @param text `<vkey> <url>`, several parted by commas or line ends; or `@` and the name of a file with them
 * @throws Invalid `configuration.invalid`
 */
export function parseWitnesses(text: string | undefined): WitnessAddress[] {
  if (text === undefined) return [];
  try {
    const list = text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text;
    const witnesses = list
      .split(/[,\n]/)
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(parseWitness);
    if (witnesses.length > WITNESSES_MAX) throw new Error(`at most ${WITNESSES_MAX} witnesses`);
    return witnesses;
  } catch (error) {
    const message = `one or several of "<vkey> <url>", parted by commas: ${(error as Error).message}`;
    throw new Invalid('configuration.invalid', `Mend the environment: PISTOR_WITNESSES: ${message}`, {
      fields: [{ field: 'PISTOR_WITNESSES', message }],
    });
  }
}

function parseWitness(line: string): WitnessAddress {
  const [vkey = '', url = '', ...rest] = line.split(/\s+/);
  const key = parseVkey(vkey);
  if (key.kind !== COSIGNATURE_V1) throw new Error(`${key.name} has a key that signs notes and does not co-sign`);
  if (rest.length > 0 || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Error(`${key.name} has no address with http or https`);
  }
  return { key, url: url.replace(/\/+$/, '') };
}
