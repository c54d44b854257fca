import type { ClockSpan } from '../api/sites.js';

const SPAN = /^(\d{1,2})(?:[:.](\d{2}))?\s*[-–]\s*(\d{1,2})(?:[:.](\d{2}))?$/;

/**
 * Spans as people write them: `9-13, 14:00–18:30`; nothing for a day that is closed.
 * @returns null where a part is no span; whether its end comes after its beginning is for the server to say
 */
export function spansOf(text: string): ClockSpan[] | null {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length === 1 && parts[0] === '') return [];
  const spans = parts.map(spanOf);
  return spans.every((span) => span !== null) ? spans : null;
}

function spanOf(text: string): ClockSpan | null {
  const found = SPAN.exec(text);
  if (!found) return null;
  const [, fromHour = '', fromMinute = '00', toHour = '', toMinute = '00'] = found;
  return { from: `${fromHour.padStart(2, '0')}:${fromMinute}`, to: `${toHour.padStart(2, '0')}:${toMinute}` };
}

/** Spans as they are written into the form. */
export const spansText = (spans: readonly ClockSpan[]): string =>
  spans.map(({ from, to }) => `${from}–${to}`).join(', ');

/** Dates `YYYY-MM-DD`, parted by blanks, commas or lines, each once and in their order. */
export const datesOf = (text: string): string[] =>
  [...new Set(text.split(/[\s,;]+/).filter((part) => part !== ''))].sort((a, b) => (a < b ? -1 : 1));
