import { connection } from './connection.js';
import { type Grants, isListBySite, ownSite } from './own-site.js';
import { signedOut } from './signed-out.js';

/** One place in a request that must be mended, with the rule and the published facts it rests on. */
export interface ProblemField {
  field: string;
  message: string;
  rule?: string;
  facts?: string[];
  /** The value that was seen; never personal data. */
  seen?: unknown;
  /** What would be accepted instead. */
  accepted?: string;
  /** Who may let it pass with a written reason; left out where nobody may. */
  override?: 'anyone' | 'physician';
}

interface ProblemBody {
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  fields?: ProblemField[];
}

/** What the server answered instead of a result: problem details (RFC 9457) with a stable code. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly fields: readonly ProblemField[];

  constructor(status: number, body: ProblemBody) {
    super(body.detail ?? body.title ?? `The server answered ${status}.`);
    this.name = 'ApiProblem';
    this.status = body.status ?? status;
    this.code = body.code ?? `http.${status}`;
    this.title = body.title ?? 'That did not work';
    this.fields = body.fields ?? [];
  }
}

/** The server cannot be reached at all. */
export class ServerLost extends Error {
  constructor(cause: unknown) {
    super('The server does not answer.', { cause });
    this.name = 'ServerLost';
  }
}

export type Params = Readonly<Record<string, string | number | undefined>>;

/** A path with its query; parameters that are undefined or empty are left out. */
export function urlOf(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The site chosen last is kept on this device. */
export const SITE_KEY = 'pistor.site';

/** Where somebody works is asked once; whoever signs in loads the page anew. */
let session: Promise<Grants> | undefined;

/** The roles of whoever is signed in. @throws ApiProblem, ServerLost */
export function ownRoles(): Promise<Grants> {
  session ??= getJson<Grants>('/v1/session').catch((error: unknown) => {
    session = undefined;
    throw error;
  });
  return session;
}

const siteOfLists = async (): Promise<string | undefined> => ownSite(await ownRoles(), localStorage.getItem(SITE_KEY));

/** @throws ApiProblem, ServerLost */
export async function getJson<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T> {
  const response = await request(await listUrl(path, params), { headers: { accept: 'application/json' }, signal });
  return (await response.json()) as T;
}

/** A question with a body, for what must not stand in an address. @throws ApiProblem, ServerLost */
export async function askJson<T>(path: string, params: Params, body: object, signal?: AbortSignal): Promise<T> {
  const response = await request(await listUrl(path, params), {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });
  return (await response.json()) as T;
}

const listUrl = async (path: string, params?: Params): Promise<string> =>
  urlOf(path, isListBySite(path) && !params?.['site'] ? { ...params, site: await siteOfLists() } : params);

/** @throws ApiProblem, ServerLost */
export const postJson = <T>(path: string, body: unknown = {}): Promise<T> => sendJson('POST', path, body);

/** @throws ApiProblem, ServerLost */
export const putJson = <T>(path: string, body: unknown): Promise<T> => sendJson('PUT', path, body);

async function sendJson<T>(method: 'POST' | 'PUT', path: string, body: unknown): Promise<T> {
  const response = await request(path, {
    method,
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

/** The lines of an `application/x-ndjson` answer as they come. A line `{error: problem}` ends it with an ApiProblem. */
export async function* postForLines<T>(path: string, body: BodyInit, contentType: string): AsyncGenerator<T> {
  const response = await request(path, {
    method: 'POST',
    headers: { accept: 'application/x-ndjson', 'content-type': contentType },
    body,
  });
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    for (const line of lines) if (line.trim() !== '') yield parseLine<T>(line);
    if (done) return;
  }
}

function parseLine<T>(line: string): T {
  const value = JSON.parse(line) as T | { error: ProblemBody };
  if (typeof value === 'object' && value !== null && 'error' in value) {
    throw new ApiProblem(value.error.status ?? 500, value.error);
  }
  return value as T;
}

async function request(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    connection.reportLost();
    throw new ServerLost(error);
  }
  connection.reportFound();
  if (response.status === 401) signedOut.report();
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const body = isJson ? ((await response.json().catch(() => ({}))) as ProblemBody) : {};
  return new ApiProblem(response.status, body);
}
