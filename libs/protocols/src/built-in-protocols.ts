import { chinAndNeckFat } from './built-in/chin-and-neck-fat.protocol.js';
import { clinicFaq } from './built-in/clinic-faq.protocol.js';
import { facial } from './built-in/facial.protocol.js';
import { general } from './built-in/general.protocol.js';
import { hair } from './built-in/hair.protocol.js';
import { slimmingAndCellulite } from './built-in/slimming-and-cellulite.protocol.js';
import { stepwise } from './built-in/stepwise.protocol.js';
import type { Protocol } from './protocol.schema.js';

/** One protocol for each published description, version 1. A chain copies one, changes it and publishes its own. */
export const BUILT_IN_PROTOCOLS: readonly Protocol[] = [
  facial,
  general,
  hair,
  slimmingAndCellulite,
  chinAndNeckFat,
  stepwise,
  clinicFaq,
].map(deepFreeze);

/** The built-in protocol of a code; undefined for a code that none has. */
export const builtInProtocol = (code: string): Protocol | undefined =>
  BUILT_IN_PROTOCOLS.find((protocol) => protocol.code === code);

/** A published version never changes, not even by a slip of code in the same process. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
