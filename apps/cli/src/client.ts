import type { ImportLine } from '#libs/composition/src/import-lines.js';

/** How the CLI talks to Pistor: over HTTP to a running server, or to the same application inside this process. */
export interface Client {
  /** @throws ProblemAnswered when the answer is not 2xx */
  request(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>;
  /** Lines of an NDJSON answer as they arrive. @throws ProblemAnswered, Unavailable when the server goes away */
  lines(method: 'GET' | 'POST', path: string, body?: object): AsyncIterable<unknown>;
  /** The bytes of an answer as they arrive. @throws ProblemAnswered, Unavailable when the server goes away */
  bytes(method: 'GET' | 'POST', path: string): AsyncIterable<Uint8Array>;
  /** Imports the history in a folder or zip of this machine. @throws ProblemAnswered, PistorError */
  importHistory(path: string): AsyncIterable<ImportLine>;
  /** Whether nobody else can record anything while this client is open. */
  readonly alone: boolean;
  close(): Promise<void>;
}

/** The server refused, and said why. */
export class ProblemAnswered extends Error {
  constructor(
    readonly status: number,
    readonly problem: {
      readonly code?: string;
      readonly title?: string;
      readonly detail?: string;
      readonly fields?: readonly { field: string; message: string }[];
    },
  ) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.name = 'ProblemAnswered';
  }
}

/** Lines as they arrive. @throws ProblemAnswered when a line says that the answer failed half-way */
export async function* answeredLines<Line extends object>(
  client: Client,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): AsyncGenerator<Line> {
  for await (const line of client.lines(method, path, body)) {
    const { error } = line as { error?: ProblemAnswered['problem'] & { readonly status?: number } };
    if (error) throw new ProblemAnswered(error.status ?? 500, error);
    yield line as Line;
  }
}

/** The items of a list, page after page. */
export async function* itemsOf<Item>(
  client: Client,
  path: string,
  query: Record<string, string | undefined> = {},
): AsyncGenerator<Item> {
  let cursor: string | null = null;
  do {
    const page = (await client.request(
      'GET',
      withQuery(path, { ...query, limit: '500', cursor: cursor ?? undefined }),
    )) as {
      items: Item[];
      next: string | null;
    };
    yield* page.items;
    cursor = page.next;
  } while (cursor !== null);
}

export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}

/** The position of the newest event, so that a list shows everything that was recorded before it was asked for. */
export async function headOf(client: Client): Promise<string> {
  const { id, head } = (await client.request('GET', '/v1/chain')) as { id: string; head: number };
  return `${id}:${head}`;
}
