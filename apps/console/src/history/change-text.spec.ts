import { fieldName, valueText } from './change-text.js';

describe('what a correction changed, in words', () => {
  it('writes plain values as the timeline does', () => {
    expect(valueText('depthMm', 2.5)).toBe('2.5');
    expect(valueText('device', 'needle-free')).toBe('needle free');
    expect(valueText('on', '2026-03-01')).toBe('1 Mar 2026');
    expect(valueText('isCounted', false)).toBe('no');
  });

  it('shows a time at a site as the clock there showed it', () => {
    expect(
      valueText('at', { wall: '2026-03-01T10:00', zone: 'Europe/Istanbul', instant: '2026-03-01T07:00:00Z' }),
    ).toBe('1 Mar 2026, 10:00');
  });

  it('tells apart what was never said from what was said to be none', () => {
    expect(valueText('painScore', null)).toBe('–');
    expect(valueText('reactions', [])).toBe('none');
  });

  it('names the parts of a product, and leaves out what nobody said', () => {
    const products = [
      { product: 'GlowMeso HA', lotNumber: 'L1', volumeMl: 1.5, area: null },
      { product: 'GlowMeso HA', lotNumber: 'L2' },
    ];
    expect(valueText('products', products)).toBe(
      'product GlowMeso HA, lot number L1, volume ml 1.5; product GlowMeso HA, lot number L2',
    );
  });

  it('shortens an id to the end that tells it apart', () => {
    expect(valueText('practitionerId', '01a0c1f2-0000-7000-8000-0000004711ff')).toBe('…4711ff');
    expect(fieldName('practitionerId')).toBe('Practitioner');
    expect(fieldName('depthMm')).toBe('Depth, mm');
  });
});
