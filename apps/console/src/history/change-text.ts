import { detailText } from '../patient/timeline.grouping.js';
import { formatWall } from '../ui/dates.js';
import { memberName, shortId } from '../ui/labels.js';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

/** A field of a record as its reader would write it, however it is built. Nothing said: a dash. */
export function valueText(field: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return UUID.test(value) ? shortId(value) : detailText(field, value);
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => valueText(field, one)).join('; ');
  return membersText(value as Record<string, unknown>);
}

/** A time at a site is its wall time; of anything else, what is said. */
function membersText(value: Record<string, unknown>): string {
  if (typeof value.wall === 'string') return formatWall(value.wall);
  const said = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  if (said.length === 0) return 'none';
  const nameOf = (name: string) => fieldName(name).toLowerCase().replace(',', '');
  return said.map(([name, member]) => `${nameOf(name)} ${valueText(name, member)}`).join(', ');
}

/** The name of a field in words; that it holds an id is of no interest. */
export const fieldName = (field: string): string => memberName(field.replace(/(?<=[a-z])Id$/, ''));
