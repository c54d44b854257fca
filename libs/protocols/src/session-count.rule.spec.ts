import { builtInProtocol } from './built-in-protocols.js';
import type { Protocol } from './protocol.schema.js';
import { sessionCountDeviation } from './session-count.rule.js';

describe('the number of planned sessions', () => {
  it.each([
    ['facial', 3, 'session-count'],
    ['facial', 4, null],
    ['facial', 5, null],
    ['facial', 6, 'session-count'],
    ['general', 3, 'session-count'],
    ['general', 40, null],
    ['stepwise', 2, 'session-count'],
    ['stepwise', 15, null],
    ['stepwise', 16, 'session-count'],
    ['clinic-faq', 10, null],
    ['clinic-faq', 11, 'session-count'],
  ])('[protocol.session-count] %s, %i sessions: %s', (code, planned, expected) => {
    expect(sessionCountDeviation(builtInProtocol(code) as Protocol, planned)).toBe(expected);
  });
});
