import type { z } from 'zod';
import type { AccessNeed, At, Hides } from './access.js';
import type { Discloses } from './disclosure.js';
import type { Permission } from './principal.js';

interface EndpointOptions {
  /** Operation id of OpenAPI; stable, lowerCamelCase: clients are generated from it. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** What the caller must be allowed to do. An endpoint that does not say so does not start. */
  readonly may: Permission | 'public' | 'signed-in';
  /** Where it must be allowed: see `At`. Left out for `public` and `signed-in`, which are no matter of a place. */
  readonly at?: At;
  /** Fields of the body that only a physician may fill; `data.type=…` means that value of it. */
  readonly decides?: readonly string[];
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
  /** Whose data the answer holds, where that cannot be seen from it. */
  readonly discloses?: Discloses;
  /** The answer leaves the system as a file. */
  readonly exports?: boolean;
  /** Fields of the answer that are null for a caller who does not hold another permission at the same place. */
  readonly hides?: Hides;
}

/** What the OpenAPI document says of an operation beyond its schemas. */
export interface EndpointFacts {
  readonly kind: 'command' | 'query' | 'action';
  /** 201 with a Location. */
  readonly creates: boolean;
  /** Takes `?position=`. */
  readonly waits: boolean;
  readonly revisioned: boolean;
  /** Whose data the answer holds, where the endpoint says it. */
  readonly discloses?: Discloses | undefined;
}

const COMMAND = Symbol('pistor command');
const QUERY = Symbol('pistor query');
const ACCESS = Symbol('pistor access');

/** What a handler asks of its caller, and whether it changes something. */
export interface DeclaredAccess extends AccessNeed {
  readonly changes: boolean;
}

/** @throws Error for a handler that says a permission and no place; found when the module loads */
export function setAccess(handler: object, options: EndpointOptions, changes: boolean): void {
  const { id, may, decides, hides } = options as EndpointOptions & Pick<QueryOptions, 'hides'>;
  const at = options.at ?? (may === 'public' || may === 'signed-in' ? may : undefined);
  if (may === undefined || at === undefined) throw new Error(`${id} does not say who may use it: may, at`);
  Reflect.defineMetadata(
    ACCESS,
    { may, at, changes, ...(decides && { decides }), ...(hides && { hides }) } satisfies DeclaredAccess,
    handler,
  );
}

export const accessOf = (handler: object): DeclaredAccess | undefined => Reflect.getMetadata(ACCESS, handler);

export const setCommandOptions = (handler: object, options: CommandOptions): void =>
  Reflect.defineMetadata(COMMAND, options, handler);

/**
 * @throws Error for a handler that sends its answer itself and does not say whose data it holds: the answer has left before
 *   anybody could look into it
 */
export function setQueryOptions(handler: object, options: QueryOptions): void {
  const { id, produces, discloses } = options;
  if (produces !== undefined && (discloses === undefined || discloses === 'patients'))
    throw new Error(`${id} answers ${produces} and does not say whose data it holds: discloses`);
  Reflect.defineMetadata(QUERY, options, handler);
}

export const commandOptionsOf = (handler: object): CommandOptions => Reflect.getMetadata(COMMAND, handler);
export const queryOptionsOf = (handler: object): QueryOptions => Reflect.getMetadata(QUERY, handler);
