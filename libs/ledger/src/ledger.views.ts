import { z } from 'zod';
import { originOf } from './checkpoint.js';
import type { LedgerKey } from './ledger-keys.js';
import type { ConsistencyProof, InclusionProof } from './ledger-reader.js';
import { parseVkey } from './signed-note.js';

const hash = z.string().describe('32 bytes in base64');
const size = z.int().min(0).describe('Leaves of a tree');

export const inclusionProofSchema = z
  .strictObject({
    origin: z.string(),
    position: z.int().min(1),
    index: z.int().min(0).describe('Of the leaf, from 0'),
    size,
    root: hash,
    leafHash: hash.describe('SHA-256 of a zero byte and the entry, in base64'),
    proof: z.array(hash).describe('From the leaf upwards: RFC 6962, 2.1.1'),
  })
  .meta({ id: 'InclusionProof' });

export const consistencyProofSchema = z
  .strictObject({
    origin: z.string(),
    from: size,
    to: size,
    fromRoot: hash,
    toRoot: hash,
    proof: z.array(hash).describe('RFC 6962, 2.1.2'),
  })
  .meta({ id: 'ConsistencyProof' });

const ledgerKeySchema = z.strictObject({
  vkey: z.string().describe('Public key as C2SP signed-note has it: name, key id, key'),
  keyId: z.string(),
  fromSize: size.describe('Size of the first checkpoint that it signs'),
  untilSize: size.nullable().describe('Size of the last one; null while it signs'),
  endorsement: z.string().nullable().describe('A note, signed by the key before it, that names it'),
});
export const ledgerKeysSchema = z
  .strictObject({ origin: z.string(), keys: z.array(ledgerKeySchema) })
  .meta({ id: 'LedgerKeys' });

const base64 = (bytes: Buffer): string => bytes.toString('base64');

export const inclusionView = (
  chain: string,
  { position, index, size: of, root, leaf, proof }: InclusionProof,
): z.output<typeof inclusionProofSchema> => ({
  ...{ origin: originOf(chain), position, index, size: of },
  ...{ root: base64(root), leafHash: base64(leaf), proof: proof.map(base64) },
});

export const consistencyView = (
  chain: string,
  { from, to, fromRoot, toRoot, proof }: ConsistencyProof,
): z.output<typeof consistencyProofSchema> => ({
  ...{ origin: originOf(chain), from, to },
  ...{ fromRoot: base64(fromRoot), toRoot: base64(toRoot), proof: proof.map(base64) },
});

export const keysView = (chain: string, keys: readonly LedgerKey[]): z.output<typeof ledgerKeysSchema> => ({
  origin: originOf(chain),
  keys: keys.map((key) => ({ ...key, keyId: parseVkey(key.vkey).id })),
});
