import { dateOfWall, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import { totalMl, vialUsableAt, volumeLeft } from '../lot/lot.state.js';
import { noticeOn, type RecallState } from '../recall/recall.state.js';
import type { PlannedProduct, UsedProduct } from './course.events.js';
import type { Finding, LotWorld, SessionFacts } from './session-finding.js';

/** What is in the lots, as far as they were received. */
export const ingredientsIn = (lots: readonly LotWorld[]): string[] =>
  lots.flatMap(({ lot }) => (lot.status === 'received' ? lot.ingredients : []));

/** A lot that was received at that site, has not expired and was not recalled; the day named as last still counts. */
export function lotFindings(
  world: LotWorld | undefined,
  used: UsedProduct,
  field: string,
  vialField: string,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  const on = dateOfWall(session.at.wall);
  const named = `${used.product}, lot ${used.lotNumber},`;
  const refused = (what: 'lot-expired' | 'lot-not-received', message: string, seen: string | null): Finding => ({
    rule: what === 'lot-expired' ? 'lot.expired' : 'lot.not-received',
    deviation: what,
    field,
    message,
    facts: [],
    override: 'none',
    seen,
    accepted: 'a lot that this site received by then and that has not expired',
  });
  const recall = world ? recalled(field, world.recall, on) : [];
  const lot = world?.lot;
  if (!lot || lot.status === 'none') {
    return [refused('lot-not-received', `${named} was not received at this site.`, null), ...recall];
  }
  if (on < lot.receivedOn) {
    return [refused('lot-not-received', `${named} was received on ${lot.receivedOn} only.`, lot.receivedOn), ...recall];
  }
  if (on > lot.expiresOn) {
    return [refused('lot-expired', `${named} expired on ${lot.expiresOn}.`, lot.expiresOn), ...recall];
  }
  const vial =
    used.vialId === undefined || vialUsableAt(lot, used.vialId, session.at.instant) ? [] : [staleVial(vialField, used)];
  return [...vial, ...recall];
}

/** A lot that is recalled on the day, at whichever site it was received. */
function recalled(field: string, recall: RecallState, on: LocalDate): Finding[] {
  const notice = noticeOn(recall, on);
  if (!notice) return [];
  return [
    {
      rule: 'lot.recalled',
      deviation: null,
      field,
      message: `The lot was recalled on ${notice.recalledOn}.`,
      facts: [],
      override: 'none',
      seen: notice.recalledOn,
      accepted: 'a lot that was not recalled',
    },
  ];
}

const staleVial = (field: string, { vialId }: UsedProduct): Finding => ({
  rule: 'lot.vial-expiry',
  deviation: null,
  field,
  message: 'The vial is not open at this time, or was open for longer than it may be used.',
  facts: [],
  override: 'none',
  seen: vialId ?? null,
  accepted: 'a vial that is open and within its own expiry',
});

/**
 * More of a lot than is left of it: received = used + wasted + left. What was counted may be wrong, and what was injected
 * was injected, so that it is recorded with a reason. What nobody counted, and what nobody measured, is not judged.
 */
export function volumes(lots: readonly LotWorld[], products: readonly UsedProduct[]): Finding[] {
  const byLot = new Map<string, { readonly world: LotWorld; readonly first: number; readonly ml: number[] }>();
  products.forEach(({ product, lotNumber, volumeMl }, n) => {
    const world = lots[n];
    if (!world || volumeMl === undefined) return;
    const key = JSON.stringify([product, lotNumber]);
    const known = byLot.get(key) ?? { world, first: n, ml: [] };
    byLot.set(key, known);
    known.ml.push(volumeMl);
  });
  return [...byLot.values()].flatMap(({ world: { lot, usedMl }, first, ml }): Finding[] => {
    if (lot.status === 'none' || usedMl === undefined) return [];
    const left = volumeLeft(lot, usedMl);
    const uses = totalMl(ml);
    if (left === null || uses <= left) return [];
    const accepted = Math.max(0, left);
    return [
      {
        rule: 'lot.volume-exceeds',
        deviation: 'lot-volume',
        field: `products.${first}.volumeMl`,
        message: `${uses} ml of lot ${lot.lotNumber} are more than the ${accepted} ml that are left of it at this site.`,
        facts: [],
        override: 'anyone',
        seen: `${uses} ml`,
        accepted: `up to ${accepted} ml, or a corrected receipt, waste or session`,
      },
    ];
  });
}

/** What a session used of one lot at its site, all areas together. */
export interface UseOfLot {
  readonly siteId: string;
  readonly product: string;
  readonly lotNumber: string;
  /** In ml; areas whose volume nobody measured are not in it. */
  readonly volumeMl: number;
}

/** What a session used of each lot whose volume was measured. */
export function usesOf(session: Pick<SessionFacts, 'siteId' | 'products'> | undefined): UseOfLot[] {
  const uses = new Map<string, UseOfLot>();
  for (const { product, lotNumber, volumeMl } of session?.products ?? []) {
    if (!session || volumeMl === undefined) continue;
    const key = JSON.stringify([product, lotNumber]);
    const known = uses.get(key)?.volumeMl ?? 0;
    uses.set(key, { siteId: session.siteId, product, lotNumber, volumeMl: totalMl([known, volumeMl]) });
  }
  return [...uses.values()];
}

/** What is used of lots otherwise after an entry was said anew or taken back: none where it was another lot. */
export function changedUses(
  before: Pick<SessionFacts, 'siteId' | 'products'> | undefined,
  after: Pick<SessionFacts, 'siteId' | 'products'> | undefined,
): UseOfLot[] {
  const [then, now] = [usesOf(before), usesOf(after)];
  const isOf = (one: UseOfLot) => (other: UseOfLot) =>
    one.siteId === other.siteId && one.product === other.product && one.lotNumber === other.lotNumber;
  const gone = then.filter((use) => !now.some(isOf(use))).map((use) => ({ ...use, volumeMl: 0 }));
  return [...gone, ...now.filter((use) => then.find(isOf(use))?.volumeMl !== use.volumeMl)];
}

/**
 * Whether so much is left of a lot that sessions which are recorded at the same moment need not wait for each other: ten
 * at once may take a tenth of it each. If ever more of them meet, what was used beyond shows as a deviation.
 */
export const isAmple = (left: number, uses: number): boolean => uses * SESSIONS_AT_ONCE <= left;
const SESSIONS_AT_ONCE = 10;

/** A lot that a session is planned with must be good on its day; until another one is planned it is blocked. */
export function plannedLot(
  world: LotWorld | undefined,
  { product, lotNumber = '' }: PlannedProduct,
  session: Pick<SessionFacts, 'at'>,
): Finding[] {
  // One that is still to come may come in time.
  return lotFindings(world, { product, lotNumber }, 'products', 'products', session).filter(
    ({ rule }) => rule !== 'lot.not-received',
  );
}
