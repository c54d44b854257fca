import { checkText, isGood } from './health-checks.js';

describe('health checks', () => {
  it('reads words, flags and objects', () => {
    expect(isGood('ok')).toBe(true);
    expect(isGood(true)).toBe(true);
    expect(isGood({ status: 'up', latencyMs: 2 })).toBe(true);
    expect(isGood({ ok: false })).toBe(false);
    expect(isGood('the database cannot be reached')).toBe(false);
  });

  it('says what a check says', () => {
    expect(checkText({ status: 'up', latencyMs: 2 })).toBe('up, latencyMs 2');
    expect(checkText({ status: 'ok', detail: 'postgres' })).toBe('ok, postgres');
    expect(checkText({ ok: true })).toBe('ok');
    expect(checkText('down')).toBe('down');
  });
});
