import type { Queryable } from '#libs/database/src/database.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Box, BoxDoesNotOpen, closeBox, openBox } from './box.js';
import type { Chain } from './chains.js';
import { ERASED, type Erased, type PersonalClass } from './personal-data.js';
import { type KeyName, nameOf, type SubjectKeys } from './subject-keys.js';

/**
 * A box with what must be known to open it. Read models and the outbox hold these in place of plaintext; they are
 * opened when an answer is made.
 */
export interface SealedBox {
  readonly subject: Id;
  readonly class: PersonalClass;
  /** What the box is bound to: the id of the event or row that it was closed for. */
  readonly of: Id;
  readonly box: Box;
}

const boundTo = (chain: Chain, { subject, class: personalClass, of }: Omit<SealedBox, 'box'>): string =>
  `${chain.id}/${subject}/${personalClass}/${of}`;

/** Closes and opens boxes of personal data, many at a time. */
export class Boxes {
  constructor(private readonly keys: SubjectKeys) {}

  /** For opening boxes inside a transaction. */
  within(tx: Queryable): Boxes {
    return new Boxes(this.keys.within(tx));
  }

  /**
   * Closes each plaintext (any JSON value) in a box.
   * @returns a box each, or undefined where the person's key was destroyed: nothing may be written about them any more.
   */
  async close(
    chain: Chain,
    plaintexts: readonly (Omit<SealedBox, 'box'> & { readonly value: unknown })[],
  ): Promise<(SealedBox | undefined)[]> {
    const keys = await this.keys.findOrCreate(chain, plaintexts);
    return plaintexts.map(({ value, ...place }) => {
      const key = keys.get(nameOf(place));
      return key ? { ...place, box: closeBox(key, JSON.stringify(value), boundTo(chain, place)) } : undefined;
    });
  }

  /**
   * Opens boxes, in their order. A box whose key was destroyed gives `ERASED`.
   * @throws BoxDoesNotOpen when a box was tampered with.
   */
  async open<T = unknown>(chain: Chain, boxes: readonly SealedBox[]): Promise<(T | Erased)[]> {
    if (boxes.length === 0) return [];
    const keys = await this.keys.find(chain, boxes as readonly KeyName[]);
    return boxes.map((sealed) => {
      const key = keys.get(nameOf(sealed));
      if (key === null) return ERASED;
      if (key === undefined) throw new BoxDoesNotOpen('its key was never made here');
      return JSON.parse(openBox(key, sealed.box, boundTo(chain, sealed))) as T;
    });
  }
}
