import { Invalid } from './errors.js';

/**
 * A place in a chain's log as the answer to a command carries it (`chain:position`): a query that is given it waits
 * until its read model has come that far, so that everybody can read their own writes.
 */
export interface ChainPosition {
  readonly chain: string;
  readonly position: number;
}

export const formatChainPosition = ({ chain, position }: ChainPosition): string => `${chain}:${position}`;

export function parseChainPosition(text: string): ChainPosition {
  const match = /^([0-9a-f-]{36}):(\d{1,15})$/.exec(text);
  if (!match) {
    throw new Invalid('position.malformed', 'A position is written as chain:number, as a command answered it.', {
      fields: [{ field: 'position', message: 'Repeat the Pistor-Position header of the answer as it was.' }],
    });
  }
  return { chain: match[1] as string, position: Number(match[2]) };
}
