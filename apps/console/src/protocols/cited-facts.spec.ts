import { citedFacts } from './cited-facts.js';

describe('cited facts', () => {
  it('finds them however deep a rule stands, each once', () => {
    const protocol = {
      sessions: { min: 4, facts: ['S1-N1'] },
      maintenance: { facts: ['S1-M2'], repeatCourse: { facts: ['S1-M1'] } },
      steps: [{ facts: ['S1-S1'] }, { facts: ['S1-S1', 'S3-S1'] }],
      areas: null,
    };
    expect([...citedFacts(protocol)]).toEqual(['S1-N1', 'S1-M2', 'S1-M1', 'S1-S1', 'S3-S1']);
  });
});
