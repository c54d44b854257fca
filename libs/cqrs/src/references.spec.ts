import type { Chain } from '#libs/event-store/src/chains.js';
import type { CodeKind, ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { References } from './references.js';

const chain = { no: 1, id: newId() } as unknown as Chain;
const known = newId();
/** A chain that has one code of each kind. */
const references = new References({
  find: (_: Chain, __: CodeKind, codes: readonly string[]) =>
    Promise.resolve(new Map(codes.filter((code) => code === 'K1').map((code) => [code, known]))),
} as unknown as ExternalCodes);

async function refusalOf(kind: CodeKind, reference: string): Promise<PistorError> {
  const error: unknown = await references.resolve(chain, kind, reference).catch((caught: unknown) => caught);
  if (error instanceof PistorError) return error;
  throw new Error('It was found');
}

describe('what a caller names a thing by', () => {
  it('is its id, or its code', async () => {
    const id = newId();
    expect(await references.resolve(chain, 'patient', id)).toBe(id);
    expect(await references.resolve(chain, 'patient', 'K1')).toBe(known);
  });
  it.each(['patient', 'practitioner'] as const)('is not repeated where it may be the name of a %s', async (kind) => {
    const error = await refusalOf(kind, 'Ayşe Yılmaz 0532');
    expect(error).toMatchObject({ code: `${kind}.unknown`, message: `There is no such ${kind}.` });
    expect(JSON.stringify([error.message, error.fields])).not.toMatch(/Ayşe|0532/);
    expect(error.fields).toMatchObject([{ field: kind }]);
  });
  it('is repeated where it is the code of a thing', async () => {
    expect((await refusalOf('site', 'IST9')).message).toBe('There is no site IST9.');
  });
});
