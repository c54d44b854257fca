import { eventLine } from './event-line.js';

const event = {
  position: 12,
  stream: 'site-1',
  revision: 3,
  type: 'SiteRegistered',
  recordedAt: '2026-01-31T09:00:00.123Z',
  origin: 'live',
  data: { name: 'Şişli' } as Record<string, unknown> | null,
  boxes: [] as string[],
};

describe('the line of an event', () => {
  it('has place, time, type, stream with revision, and open data', () => {
    expect(eventLine(event, undefined)).toBe(
      '      12  2026-01-31 09:00:00  SiteRegistered            site-1/3  {"name":"Şişli"}',
    );
  });

  it('says what is closed, what was imported and what cannot be read', () => {
    const line = eventLine({ ...event, origin: 'import', boxes: ['clinical', 'contact'], data: null }, undefined);
    expect(line).toMatch(/site-1\/3 {2}\(import\) {2}\[clinical contact closed\] {2}\(cannot be read\)$/);
  });

  it('is no wider than the terminal', () => {
    const line = eventLine({ ...event, data: { text: 'x'.repeat(500) } }, 80);
    expect(line).toHaveLength(80);
    expect(line.endsWith('x…')).toBe(true);
  });

  it('gives a terminal nothing that it could take for a command', () => {
    const line = eventLine({ ...event, data: { name: '\u009b31m \u001b[31m \n\u2028' } }, undefined);
    expect(line).not.toMatch(/\p{Cc}|\u2028/u);
    expect(line).toContain('\\u009b31m \\u001b[31m \\n\\u2028');
  });
});
