import type { z } from 'zod';

interface EndpointOptions {
  /** Operation id of OpenAPI; stable, lowerCamelCase: clients are generated from it. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
}

export interface CommandOptions extends EndpointOptions {
  /**
   * Set for commands that make something (201). `true`: its address is this one with the id behind; a pattern such as
   * `/v1/courses/:id` says another address.
   */
  readonly creates?: boolean | string;
}

export interface QueryOptions extends EndpointOptions {
  /** Of the answer; a document without it says nothing of the answer's form. */
  readonly answer?: z.ZodType;
  /** Media type of the answer, where it is not JSON. */
  readonly produces?: string;
  /** Names of the projections it looks at: `?position=` waits for these. */
  readonly reads?: readonly string[];
  /** It shows one resource, and its answer has `revision`: gets an ETag, and 304 for If-None-Match. */
  readonly revisioned?: boolean;
}

/** What the OpenAPI document says of an operation beyond its schemas. */
export interface EndpointFacts {
  readonly kind: 'command' | 'query' | 'action';
  /** 201 with a Location. */
  readonly creates: boolean;
  /** Takes `?position=`. */
  readonly waits: boolean;
  readonly revisioned: boolean;
}

const COMMAND = Symbol('pistor command');
const QUERY = Symbol('pistor query');

export const setCommandOptions = (handler: object, options: CommandOptions): void =>
  Reflect.defineMetadata(COMMAND, options, handler);
export const setQueryOptions = (handler: object, options: QueryOptions): void =>
  Reflect.defineMetadata(QUERY, options, handler);

export const commandOptionsOf = (handler: object): CommandOptions => Reflect.getMetadata(COMMAND, handler);
export const queryOptionsOf = (handler: object): QueryOptions => Reflect.getMetadata(QUERY, handler);
