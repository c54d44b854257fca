import { textArray } from '#libs/database/src/binary-array.js';
import type { ProjectionContext } from '#libs/projections/src/projection.js';
import { foldName } from '../../lot/lot-name.js';

/** Keeps how lots are written. A name stays once it was written: it says nothing of what is under it now. */
export async function saveLotNames(
  { tx, chain }: Pick<ProjectionContext, 'tx' | 'chain'>,
  named: readonly { readonly product: string; readonly lotNumber: string }[],
): Promise<void> {
  // U+0000 is in no stored text.
  const names = [...new Map(named.map((each) => [`${each.product}\0${each.lotNumber}`, each])).values()];
  if (names.length === 0) return;
  await tx.query(
    `insert into lot_name (chain, lot_key, product, lot_number) select $1, * from unnest($2::text[], $3::text[], $4::text[])
     on conflict do nothing`,
    [
      chain.no,
      textArray(names.map(({ lotNumber }) => foldName(lotNumber))),
      textArray(names.map(({ product }) => product)),
      textArray(names.map(({ lotNumber }) => lotNumber)),
    ],
  );
}
