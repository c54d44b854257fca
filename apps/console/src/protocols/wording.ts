import type { Fact, HoldsFor } from '../api/protocols.js';
import { formatDuration, hoursOf } from '../ui/dates.js';

/** `4–5`, `14` where both ends are the same, `4 or more` where there is no upper end. */
export function range(min: number, max: number | null): string {
  if (max === null) return `${min} or more`;
  return min === max ? String(min) : `${min}–${max}`;
}

/** How long an aftercare item holds, in words. */
export function holdsText(lasts: HoldsFor): string {
  if (lasts === null) return 'no end stated';
  if (typeof lasts === 'string') return formatDuration(lasts);
  return `${formatDuration(lasts.min)} to ${formatDuration(lasts.max)}`;
}

/** The hours that count: a range ends at its longer side; null has no end. */
export function holdsHours(lasts: HoldsFor): number | null {
  if (lasts === null) return null;
  return typeof lasts === 'string' ? hoursOf(lasts) : Math.max(hoursOf(lasts.min), hoursOf(lasts.max));
}

const ISO = /^P(?=[\dT])[\dA-Z.]*$/;

/** A published statement as a line of text: its members in their order, durations in words. */
export function factText(fact: Fact): string {
  return Object.entries(fact)
    .filter(([name]) => name !== 'id' && name !== 'kind')
    .map(([name, value]) => (name === 'value' ? valueText(value) : `${spaced(name)}: ${valueText(value)}`))
    .join('; ');
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  if (typeof value === 'string') return ISO.test(value) ? formatDuration(value) : value;
  if (typeof value === 'object' && value !== null) return spanText(value as Record<string, unknown>);
  return String(value as number | boolean);
}

function spanText({ min, max }: Record<string, unknown>): string {
  if (min !== undefined && max !== undefined) {
    return min === max ? valueText(min) : `${valueText(min)} to ${valueText(max)}`;
  }
  return min !== undefined ? `${valueText(min)} or more` : `up to ${valueText(max)}`;
}

const spaced = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
