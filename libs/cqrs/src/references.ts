import type { Chain } from '#libs/event-store/src/chains.js';
import type { CodeKind, ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';

/**
 * Kinds of which what was sent may be somebody's name or telephone number, typed where a code belongs. An answer is shown,
 * passed on and kept where personal data has no place, so that it does not repeat it.
 */
const NAMES_PEOPLE: ReadonlySet<CodeKind> = new Set(['patient', 'practitioner']);

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
    const what = NAMES_PEOPLE.has(kind) ? `There is no such ${kind}.` : `There is no ${kind} ${reference}.`;
    throw new NotFound(`${kind}.unknown`, what, {
      fields: [
        {
          field,
          message: `Name a ${kind} that exists, by its id or its code.`,
          ...(NAMES_PEOPLE.has(kind) ? {} : { seen: reference }),
          accepted: `id or code of a ${kind}`,
        },
      ],
    });
  }
}
