import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import type { AccessNeed } from './access.js';
import { ACCESS_EXTENSION, ENDPOINT_EXTENSION } from './endpoint.decorators.js';
import type { EndpointFacts } from './endpoint.metadata.js';
import { type JsonSchema, toJsonSchema } from './json-schema.js';
import { mayDisclose } from './openapi.disclosure.js';
import { HEADERS, headersOf, PARAMETERS, RESPONSES, statusesOf } from './openapi.components.js';
import { problemSchema } from './problem-details.js';

interface Operation {
  parameters?: { name?: string; in?: string; $ref?: string; schema?: JsonSchema }[];
  responses: Record<string, Record<string, unknown>>;
  [extension: string]: unknown;
}

const METHODS = ['get', 'post', 'put', 'delete', 'patch'];

/** The OpenAPI 3.1 document of an application: its routes and zod schemas, and what holds for all of them. */
export function buildOpenApi(app: INestApplication, version: string): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Pistor')
    .setDescription('The book of record for treatment courses at chains of clinics.')
    .setVersion(version)
    .setOpenAPIVersion('3.1.0')
    .addServer('/')
    .build();
  const document = SwaggerModule.createDocument(app, config, { standardSchemaConverter: convert });
  const problem = toJsonSchema(problemSchema, 'output');
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...(problem.components as object) },
    parameters: PARAMETERS as never,
    headers: HEADERS as never,
    responses: RESPONSES as never,
  };
  const ids = new Set<string>();
  for (const item of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = (item as Record<string, unknown>)[method] as Operation | undefined;
      if (operation) complete(operation, ids, document.components?.schemas as never);
    }
  }
  return document;
}

/** The schema converter of @nestjs/swagger. */
function convert(schema: unknown, { schemaType }: { schemaType: 'input' | 'output' }) {
  return schema instanceof z.ZodType ? toJsonSchema(schema, schemaType) : undefined;
}

function complete(operation: Operation, ids: Set<string>, schemas: Readonly<Record<string, JsonSchema>>): void {
  const facts = operation[ENDPOINT_EXTENSION] as EndpointFacts | undefined;
  delete operation[ENDPOINT_EXTENSION];
  const id = operation['operationId'] as string;
  if (ids.has(id)) throw new Error(`Two operations are called ${id}`);
  ids.add(id);
  operation.responses['default'] = { $ref: '#/components/responses/Problem' };
  if (!facts) return;
  const parameters = operation.parameters ?? [];
  const named = (name: string): boolean => parameters.some((parameter) => parameter.name === name);
  const add = (name: string): unknown => parameters.push({ $ref: `#/components/parameters/${name}` });
  if (facts.kind === 'command') ['IdempotencyKey', 'IfMatch'].forEach(add);
  if (facts.waits && !named('position')) add('Position');
  if (facts.waits) add('PistorPosition');
  if (facts.revisioned) add('IfNoneMatch');
  const { at } = operation[ACCESS_EXTENSION] as AccessNeed;
  if (mayDisclose(facts, at, answerOf(operation), schemas)) add('PistorPurpose');
  if (parameters.length > 0) operation.parameters = parameters;
  for (const [status, response] of Object.entries(operation.responses)) {
    if (/^2/.test(status)) response['headers'] = headersOf(facts);
  }
  for (const [status, name] of statusesOf(
    facts,
    parameters.some((parameter) => parameter.in === 'path'),
  )) {
    operation.responses[status] = { $ref: `#/components/responses/${name}` };
  }
}

/** The schema of what an operation answers where it succeeds. */
function answerOf({ responses }: Operation): JsonSchema | undefined {
  const [, success] = Object.entries(responses).find(([status]) => /^2/.test(status)) ?? [];
  const { content } = (success ?? {}) as { content?: Record<string, { schema?: JsonSchema }> };
  return content?.['application/json']?.schema;
}
