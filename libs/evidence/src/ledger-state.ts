import type { Chain } from '#libs/event-store/src/chains.js';
import { originOf } from '#libs/ledger/src/checkpoint.js';
import type { Ledger } from '#libs/ledger/src/ledger.js';
import type { PublishedCheckpoint } from '#libs/ledger/src/ledger-tables.js';
import { cosignatureTime, parseSignature } from '#libs/ledger/src/signed-note.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { z } from 'zod';

const witnessSchema = z.strictObject({
  name: z.string(),
  witnessedAt: z.iso.datetime().nullable().describe('When it has co-signed the newest checkpoint; null: it has not'),
  problem: z.string().nullable(),
});

export const ledgerStateSchema = z
  .strictObject({
    origin: z.string(),
    committed: z.int().min(0).describe('Events that are in the tree'),
    waiting: z.int().min(0).nullable().describe('Events that are not yet; null where positions have gaps'),
    checkpoint: z
      .strictObject({ size: z.int().min(0), root: z.string().describe('In base64'), at: z.iso.datetime() })
      .nullable()
      .describe('The newest one that is signed and stands outside the database; null before the first'),
    witnesses: z.array(witnessSchema).describe('Those that checkpoints are shown to'),
    problem: z.string().nullable().describe('Why it is not moved on, or not shown to witnesses'),
  })
  .meta({ id: 'LedgerState' });
export type LedgerState = z.output<typeof ledgerStateSchema>;

/** How the ledger of a chain stands, for people. */
export async function ledgerState(ledger: Ledger, chain: Chain): Promise<LedgerState> {
  const [status, problem, published] = await Promise.all([
    ledger.status(chain),
    ledger.problem(chain),
    ledger.reader.published(chain).catch((error: unknown) => {
      if (error instanceof NotFound) return undefined;
      throw error;
    }),
  ]);
  const problems = new Map(ledger.witnesses.problems().map(({ witness, problem: its }) => [witness, its]));
  return {
    origin: originOf(chain.id),
    committed: status?.size ?? 0,
    waiting: status?.lagEvents ?? null,
    checkpoint: published
      ? { size: published.size, root: published.root.toString('base64'), at: published.committedAt.toISOString() }
      : null,
    witnesses: ledger.configuration.witnesses.map(({ key: { name } }) => ({
      name,
      witnessedAt: witnessedAt(name, published),
      problem: problems.get(name) ?? null,
    })),
    problem: problem ?? null,
  };
}

function witnessedAt(name: string, published: PublishedCheckpoint | undefined): string | null {
  const signature = published?.lines.map(parseSignature).find((each) => each.name === name);
  const seconds = signature && cosignatureTime(signature.signature);
  return seconds === undefined ? null : new Date(seconds * 1000).toISOString();
}
