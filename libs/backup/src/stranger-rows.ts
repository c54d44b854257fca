import type { Queryable } from '#libs/database/src/database.js';

/** Tables whose rows belong to a chain, and what is told of them. Those of the ledger have reads under a number below zero. */
export const ROWS_OF_CHAINS: Readonly<Record<string, { readonly what: string; readonly isOfLedger: boolean }>> = {
  event_log: { what: 'There are events', isOfLedger: false },
  read_head: { what: 'There are reads', isOfLedger: false },
  read_record: { what: 'There are reads', isOfLedger: false },
  ledger_tree: { what: 'There is a ledger', isOfLedger: true },
  ledger_tile: { what: 'There is a ledger', isOfLedger: true },
  ledger_checkpoint: { what: 'There is a ledger', isOfLedger: true },
  ledger_signature: { what: 'There is a ledger', isOfLedger: true },
  ledger_publication: { what: 'There is a ledger', isOfLedger: true },
  ledger_key: { what: 'There is a ledger', isOfLedger: true },
};

/** Numbers of chains that rows name and that do not exist, by their table. */
export class StrangerRows {
  private readonly found = new Map<string, Set<number>>();

  add(table: string, no: number): void {
    const what = ROWS_OF_CHAINS[table]?.what;
    if (what !== undefined) this.found.set(what, (this.found.get(what) ?? new Set()).add(no));
  }

  /** A sentence for each kind of rows; none where there are no strangers. */
  told(): string[] {
    return [...this.found].map(
      ([what, numbers]) => `${what} of chains that do not exist: ${[...numbers].sort((a, b) => a - b).join(', ')}.`,
    );
  }
}

/**
 * Looks for rows of chains that do not exist. A table's numbers are found one by one along its index; each table is
 * compared with the chains of the same instant, since a chain may be made meanwhile.
 */
export async function strangersIn(db: Queryable, tables = Object.keys(ROWS_OF_CHAINS)): Promise<StrangerRows> {
  const strangers = new StrangerRows();
  const { rows: there } = await db.query<{ name: string }>(
    'select name from unnest($1::text[]) with ordinality as t(name, n) where to_regclass(name) is not null order by n',
    [tables],
  );
  for (const { name } of there) {
    const { rows } = await db.query<{ chain: number }>(
      `with recursive found as (
         select min(chain) as chain from ${name}
         union all
         select (select min(r.chain) from ${name} r where r.chain > f.chain) from found f where f.chain is not null
       )
       select f.chain from found f
       where f.chain is not null
         and not exists (select from chain c where c.no = ${ROWS_OF_CHAINS[name]?.isOfLedger ? 'abs(f.chain)' : 'f.chain'})
       order by f.chain`,
    );
    for (const { chain } of rows) strangers.add(name, chain);
  }
  return strangers;
}
