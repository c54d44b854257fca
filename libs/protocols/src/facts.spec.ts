import { BUILT_IN_PROTOCOLS } from './built-in-protocols.js';
import { FACTS, FACT_IDS, factById, isFactId, SOURCES, sourceOf } from './facts.js';

describe('published facts', () => {
  it('have an id each, of a source that is listed', () => {
    expect(new Set(FACT_IDS).size).toBe(FACTS.length);
    expect(FACT_IDS.filter((id) => !(sourceOf(id) in SOURCES))).toEqual([]);
  });

  it('are found by their id, and nothing else is', () => {
    expect(factById('S1-N1')).toMatchObject({ sessions: { min: 4, max: 5 }, intervalDays: { min: 14, max: 14 } });
    expect(isFactId('S9-X1')).toBe(false);
  });

  it('are each cited by at least one built-in protocol', () => {
    const protocols = JSON.stringify(BUILT_IN_PROTOCOLS);
    expect(FACT_IDS.filter((id) => !protocols.includes(`"${id}"`))).toEqual([]);
  });
});
