import { z } from 'zod';
import { toJsonSchema } from './json-schema.js';
import { mayDisclose } from './openapi.disclosure.js';

const person = z.strictObject({ id: z.uuid(), name: z.string() }).meta({ id: 'Person' });
const answerOf = (schema: z.ZodType) => {
  const { schema: answer, components } = toJsonSchema(schema, 'output');
  return [answer, components] as const;
};
const asked = (schema: z.ZodType) => mayDisclose({ kind: 'query' }, 'chain', ...answerOf(schema));

describe('an operation that may answer with data of patients', () => {
  it.each<[string, z.ZodType]>([
    ['the id of one', z.strictObject({ patientId: z.uuid() })],
    ['a patient in a list', z.strictObject({ items: z.array(z.strictObject({ patient: person })) })],
    ['a patient, or nobody', z.strictObject({ patient: person.nullable() })],
    ['a patient without a name for the schema', z.strictObject({ patient: z.strictObject({ id: z.uuid() }) })],
    ['a patient by the id alone, or nobody', z.strictObject({ patient: z.uuid().nullable() })],
    ['a person’s registrations', z.strictObject({ registrations: z.array(person) })],
    [
      'another registration',
      z.strictObject({ one: z.strictObject({ otherPatientId: z.uuid() }).meta({ id: 'Link' }) }),
    ],
  ])('is seen from an answer with %s', (_, schema) => {
    expect(asked(schema)).toBe(true);
  });

  it.each<[string, z.ZodType]>([
    ['a site', z.strictObject({ site: person })],
    ['how many', z.strictObject({ patients: z.int() })],
    ['somebody who works there', z.strictObject({ practitioner: person })],
  ])('is not seen in an answer with %s', (_, schema) => {
    expect(asked(schema)).toBe(false);
  });

  it('is seen from the place that it names, and from what it says itself', () => {
    expect(mayDisclose({ kind: 'query' }, 'path.course', undefined, {})).toBe(true);
    expect(mayDisclose({ kind: 'query' }, 'path.lot', undefined, {})).toBe(false);
    expect(mayDisclose({ kind: 'query', discloses: 'chain' }, 'chain', undefined, {})).toBe(true);
    expect(mayDisclose({ kind: 'query', discloses: 'nobody' }, 'path.patient', undefined, {})).toBe(false);
    expect(mayDisclose({ kind: 'command' }, 'path.patient', undefined, {})).toBe(false);
  });

  it('is found in schemas that refer to themselves', () => {
    const schemas = { Tree: { properties: { inner: { $ref: '#/components/schemas/Tree' } } } };
    expect(mayDisclose({ kind: 'query' }, 'chain', { $ref: '#/components/schemas/Tree' }, schemas)).toBe(false);
  });
});
