import { foldCase } from '#libs/kernel/src/case-fold.js';
import type { Protocol } from './protocol.schema.js';

const TREATMENT_WORDS = ['mesother', 'mezoter', 'mésothér', 'meso'];

/** Whether a text says nothing of what is done at the clinic: it stands where others read it, as every SMS does. */
export function isDiscreet(text: string, protocol: Pick<Protocol, 'title'>): boolean {
  const folded = foldCase(text);
  const words = [...TREATMENT_WORDS, ...Object.values(protocol.title)].map(foldCase);
  return !words.some((word) => folded.includes(word));
}
