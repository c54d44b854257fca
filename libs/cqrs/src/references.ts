import type { Chain } from '#libs/event-store/src/chains.js';
import type { CodeKind, ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';

/** What callers name things by: the id, or the code that the chain gave it (`IST1`, `PT00001`, `C000001`). */
export class References {
  constructor(private readonly codes: ExternalCodes) {}

  /**
   * @returns the id; one given as an id is not looked up
   * @throws NotFound `<kind>.unknown`, naming the field
   */
  async resolve(chain: Chain, kind: CodeKind, reference: string, field: string = kind): Promise<Id> {
    if (isId(reference)) return reference;
    const id = (await this.codes.find(chain, kind, [reference])).get(reference);
    if (id) return id;
    throw new NotFound(`${kind}.unknown`, `There is no ${kind} ${reference}.`, {
      fields: [{ field, message: `Name a ${kind} that exists, by its id or its code.` }],
    });
  }
}
