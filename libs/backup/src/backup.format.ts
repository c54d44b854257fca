import { z } from 'zod';

/**
 * A backup, as bytes (docs/backup.md):
 *
 *     pistor-backup 1\n
 *     {"manifest":{…}}\n
 *     {"block":1,"table":"chain","rows":1,"bytes":123,"sha256":"…"}\n   and 123 bytes of gzip, as often as it takes
 *     {"contents":{…}}\n
 *     {"seal":{"blocks":…,"bytes":…,"sha256":"…","hmac":"…"}}\n
 *
 * A block unpacks to lines, one JSON array for each row: the columns that the manifest names for the table, each as
 * PostgreSQL writes it as text, or null.
 */
export const FORMAT = 1;
export const MAGIC = 'pistor-backup';

/** What is packed together: enough for gzip and a round trip, little enough to hold a few of them. */
export const BLOCK_BYTES = 1024 * 1024;
/** An event may have 16 MB and takes twice that escaped; beyond this a block is not one of ours. */
export const BLOCK_BYTES_MAX = 256 * 1024 * 1024;
/** A line of the file itself. A manifest names tables and chains; ten thousand chains stay below this. */
export const LINE_BYTES_MAX = 8 * 1024 * 1024;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const manifestSchema = z.object({
  format: z.int().positive(),
  id: z.uuid(),
  /** Of the Pistor that made it. */
  version: z.string(),
  mode: z.enum(['embedded', 'scaled-out']),
  /** The instant that it shows, by the database's clock. */
  takenAt: z.iso.datetime(),
  /** Fingerprint of the master key that wraps the keys in it. The key itself is not in the file. */
  masterKey: z.string(),
  chains: z.array(
    z.object({
      no: z.int().positive(),
      id: z.uuid(),
      slug: z.string(),
      sandbox: z.boolean(),
      /** Position of the newest event. */
      head: z.int().nonnegative(),
      /** `takenAt` by the chain's own clock. */
      now: z.iso.datetime(),
    }),
  ),
  /** What made the tables, in the order in which it was applied. */
  migrations: z.array(
    z.object({ component: z.string(), number: z.int().positive(), name: z.string(), checksum: z.string() }),
  ),
  tables: z.array(z.object({ table: z.string(), columns: z.array(z.string()).min(1), rows: z.int().nonnegative() })),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const blockSchema = z.object({
  block: z.int().positive(),
  table: z.string(),
  rows: z.int().positive(),
  /** As they stand in the file. */
  bytes: z.int().positive().max(BLOCK_BYTES_MAX),
  /** Of those bytes. */
  sha256,
});
export type BlockHead = z.infer<typeof blockSchema>;

/** SHA-256 of the lines of each table, unpacked; of the log, of each chain by its id. Two backups can be compared by it. */
export const contentsSchema = z.record(z.string(), sha256);
export type Contents = z.infer<typeof contentsSchema>;

export const sealSchema = z.object({
  blocks: z.int().nonnegative(),
  /** Of everything before the seal. */
  bytes: z.int().positive(),
  sha256,
  /** HMAC-SHA-256 of `sha256` under a key derived from the master key: nobody else can make a backup that passes. */
  hmac: sha256,
});
export type Seal = z.infer<typeof sealSchema>;

export const eventsOf = (chainId: string): string => `event_log of ${chainId}`;
