import type { At } from './access.js';
import type { EndpointFacts } from './endpoint.metadata.js';
import type { JsonSchema } from './json-schema.js';

/** Places in a request that name a part of a patient's record. */
const IN_A_RECORD = /^(?:path|query|body)\.(?:patient|course|consultation|adverseEvent|message|task|slot)\b/;

/**
 * Whether an operation may answer with data of patients, so that the read goes on record with a purpose: as the
 * interceptor decides it for each answer (`patientsIn`), from what the schema of the answer could hold.
 * @param answer schema of the answer; undefined where the document says nothing of its form
 * @param schemas those that `$ref` names
 */
export function mayDisclose(
  { kind, discloses }: Pick<EndpointFacts, 'kind' | 'discloses'>,
  at: At | 'public' | 'signed-in',
  answer: JsonSchema | undefined,
  schemas: Readonly<Record<string, JsonSchema>>,
): boolean {
  if (kind === 'command' || discloses === 'nobody') return false;
  if (discloses !== undefined) return true;
  if (at === 'public') return false;
  const places = Array.isArray(at) ? (at as readonly string[]) : [String(at)];
  return places.some((place) => IN_A_RECORD.test(place)) || namesPatients(answer, schemas, new Set());
}

/** What may stand in an answer without the schema saying what: it may be anything. */
const isAnything = (schema: unknown): boolean =>
  schema === true || (typeof schema === 'object' && schema !== null && Object.keys(schema).length === 0);

const isUuid = (schema: object): boolean => (schema as JsonSchema)['format'] === 'uuid';

/** By the names under which `patientsIn` finds patients; a schema that leaves it open may hold them. */
function namesPatients(
  schema: unknown,
  schemas: Readonly<Record<string, JsonSchema>>,
  seen: Set<unknown>,
  name?: string,
): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  if (isAnything((schema as JsonSchema)['additionalProperties'])) return true;
  if (name === 'patientId' || name === 'otherPatientId' || name === 'registrations') return true;
  const { $ref, properties, ...rest } = schema as { $ref?: string; properties?: Record<string, unknown> };
  if (name === 'patient' && (properties?.['id'] !== undefined || $ref !== undefined || isUuid(schema))) return true;
  if (seen.has(schema)) return false;
  seen.add(schema);
  const target = $ref === undefined ? undefined : schemas[$ref.replace('#/components/schemas/', '')];
  return (
    namesPatients(target, schemas, seen) ||
    Object.entries(properties ?? {}).some(([key, inner]) => namesPatients(inner, schemas, seen, key)) ||
    Object.values(rest).some((inner) => namesPatients(inner, schemas, seen, name === 'patient' ? name : undefined))
  );
}
