import { newId } from '#libs/kernel/src/ids.js';
import type { RecallNotice, RecallState } from './recall.state.js';
import { isRecalledOn } from './recall.state.js';
import { isSameLot, type NamedLot, recallOfLot } from './recalled-lot.rules.js';

const [GTIN, OTHER_GTIN] = ['08690000000012', '08690000000029'];
const lot = (product: string, lotNumber: string, gtin: string | null = null): NamedLot => ({
  product,
  lotNumber,
  gtin,
});

function recalled(
  product: string,
  lotNumber: string,
  gtin: string | null = null,
  recalledOn = '2026-03-01',
): RecallState {
  const recordedAt = `${recalledOn}T09:00:00.000Z`;
  const said = { recalledOn, recordedAt, reference: 'R', cause: 'sterility' } as const;
  const latest: RecallNotice = { entryId: newId(), gtin, ...said, lift: null };
  const of = { recallId: newId(), product, lotNumber, recalledOn, reference: 'R', told: [] };
  return { ...of, status: 'recalled', notices: [latest], latest };
}

describe('a lot is the same', () => {
  it.each([
    ['glowmeso ha', 'l-4711'],
    ['GLOWMESO HA', 'L4711'],
    ['Glow-Meso HA', 'L 4711'],
    ['GlowMeso\u2010HA', 'L\u20134711'],
  ])('[recall.matches] as GlowMeso HA L-4711 where it is written %s %s', (product, lotNumber) => {
    expect(isSameLot(lot(product, lotNumber), lot('GlowMeso HA', 'L-4711'))).toBe(true);
  });
  it('[recall.matches] by the GTIN where both have one, whatever the product is called', () => {
    expect(isSameLot(lot('Glow', 'L1', GTIN), lot('GlowMeso HA', 'l1', GTIN))).toBe(true);
    expect(isSameLot(lot('Glow', 'L1', GTIN), lot('Glow', 'L1', OTHER_GTIN))).toBe(false);
    expect(isSameLot(lot('Glow', 'L1', GTIN), lot('glow', 'L1'))).toBe(true);
  });
  it('[recall.matches] under no other lot number, and no other product', () => {
    expect(isSameLot(lot('Glow', 'L1', GTIN), lot('Glow', 'L2', GTIN))).toBe(false);
    expect(isSameLot(lot('Glow', 'L1'), lot('Glow 2', 'L1'))).toBe(false);
  });
});

it('[recall.matches] holds for a lot what any recall of it says', () => {
  const none = recallOfLot([recalled('Other', 'L1'), { status: 'none' }], lot('Glow', 'L1', GTIN));
  expect(none).toEqual({ status: 'none' });
  const byName = recalled('GLOW', 'L 1', null, '2026-03-05');
  const byGtin = recalled('Glow-Meso', 'l1', GTIN, '2026-03-01');
  expect(recallOfLot([byName], lot('Glow', 'L1'))).toBe(byName);
  const both = recallOfLot([byName, byGtin], lot('Glow', 'L1', GTIN));
  expect(both).toMatchObject({
    status: 'recalled',
    notices: [{ recalledOn: '2026-03-05' }, { recalledOn: '2026-03-01' }],
  });
  expect(isRecalledOn(both, '2026-03-02')).toBe(true);
});
