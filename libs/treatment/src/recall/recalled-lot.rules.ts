import { foldName } from '../lot/lot-name.js';
import type { RecallNotice, RecallState } from './recall.state.js';

/** A lot as a package, a session or a notice of recall names it. */
export interface NamedLot {
  readonly product: string;
  readonly lotNumber: string;
  /** With 14 digits; null where nobody read it. */
  readonly gtin: string | null;
}

/**
 * Whether two name the same lot. A GTIN says which product it is, whatever its name is at a site; without it on both
 * sides the names have to do.
 */
export function isSameLot(one: NamedLot, other: NamedLot): boolean {
  if (foldName(one.lotNumber) !== foldName(other.lotNumber)) return false;
  if (one.gtin !== null && other.gtin !== null) return one.gtin === other.gtin;
  return foldName(one.product) === foldName(other.product);
}

/**
 * What is recalled of a lot, whichever spelling it was recalled under: one recall with the notices of all that are about
 * it. A notice may name a GTIN that an earlier one of the same recall did not.
 */
export function recallOfLot(recalls: readonly RecallState[], lot: NamedLot): RecallState {
  const about = recalls.flatMap((recall) =>
    recall.status === 'none' ? [] : [{ recall, notices: noticesOn(recall, lot) }],
  );
  const [first, ...others] = about.filter(({ notices }) => notices.length > 0);
  if (!first) return { status: 'none' };
  if (others.length === 0 && first.notices.length === first.recall.notices.length) return first.recall;
  const notices = [first, ...others].flatMap((each) => each.notices);
  const latest = notices.findLast(({ lift }) => lift === null) ?? (notices.at(-1) as RecallNotice);
  const { recallId, product, lotNumber, told } = first.recall;
  const { recalledOn, reference, lift } = latest;
  const known = { recallId, product, lotNumber, notices, latest, recalledOn, reference, told };
  return lift === null ? { ...known, status: 'recalled' } : { ...known, status: 'lifted', liftedOn: lift.liftedOn };
}

const noticesOn = (
  { product, lotNumber, notices }: Exclude<RecallState, { status: 'none' }>,
  lot: NamedLot,
): RecallNotice[] => notices.filter(({ gtin }) => isSameLot({ product, lotNumber, gtin }, lot));
