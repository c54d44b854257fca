import { ROLES_OF } from '#libs/access/src/roles.js';
import type { Access, At, ScopeKind } from '#libs/http/src/access.js';
import { HttpProblem } from '#libs/http/src/http-problem.js';
import { buildOpenApi } from '#libs/http/src/openapi.js';
import { registeredRoutes } from '#libs/http/src/registered-routes.js';
import { PERMISSIONS, type Permission, type Principal, ROLES, type Role } from '#libs/http/src/principal.js';
import { newId } from '#libs/kernel/src/ids.js';
import { type SiteWorld, siteWorld } from './support/site-world.js';
import { openTestApi, type TestApi } from './support/test-api.js';

/**
 * Every operation of the OpenAPI document, for every role, held at one site or at all, about that site and about
 * another: let in or turned away as the document declares. Handlers do not run: what is asked is who gets to them.
 */
let api: TestApi;
let own: SiteWorld;
let other: SiteWorld;
let documented: Operation[];
let operations: Operation[];

interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly mediaType: string | undefined;
  readonly access: { readonly may: Permission | 'public' | 'signed-in'; readonly at: At };
}

/** What is answered and does not stand in the OpenAPI document, each for a reason. */
const UNDOCUMENTED: readonly (Operation & { readonly reason: string })[] = [
  {
    ...{ id: 'getMetrics', method: 'GET', path: '/metrics', mediaType: undefined },
    access: { may: 'system.observe', at: 'chain' },
    reason: 'its form is Prometheus’ own',
  },
  {
    ...{ id: 'getOpenApi', method: 'GET', path: '/openapi.json', mediaType: undefined },
    access: { may: 'signed-in', at: 'signed-in' },
    reason: 'it is the document',
  },
  {
    ...{ id: 'finishOpenIdConnect', method: 'GET', path: '/v1/sign-in/openid-connect/callback', mediaType: undefined },
    access: { may: 'public', at: 'public' },
    reason: 'only a provider sends browsers there',
  },
];

/** Served past the controllers: the built console, which holds nothing but its own pages, and is the same for everybody. */
const CONSOLE_FILES = 'GET /*';

/** Beyond the guard: nothing of a handler has run. */
class LetIn extends HttpProblem {
  constructor() {
    super(418, 'test.let-in', 'The guard let it pass.');
  }
}

let asking: Principal | undefined;

beforeAll(async () => {
  api = await openTestApi();
  [own, other] = [siteWorld(), siteWorld()];
  for (const { streams } of [own, other]) await api.append(...streams);
  await api.followed();
  documented = operationsOf(buildOpenApi(api.app, '1.0.0'));
  operations = [...documented, ...UNDOCUMENTED];
  const access = api.pistor.access as { -readonly [Name in keyof Access]: Access[Name] };
  const { admit } = access;
  access.principalOf = () => Promise.resolve(asking);
  access.admit = async (...asked) => {
    await admit(...asked);
    throw new LetIn();
  };
});
afterAll(() => api.close());

function operationsOf({ paths }: { paths: object }): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Record<string, any>>).map(([method, operation]) => ({
      ...{ id: operation['operationId'] as string, path, access: operation['x-pistor-access'] },
      method: method.toUpperCase() as Operation['method'],
      mediaType: Object.keys(operation['requestBody']?.content ?? {})[0],
    })),
  );
}

const someone = (role: Role, site: string | null): Principal => ({
  ...{ id: `user:${newId()}`, kind: 'user', name: 'Somebody', sessionId: null },
  authenticatedAt: '2026-01-01T00:00:00.000Z',
  grants: [role === 'patient' ? { role, site: null, patient: own.ids.patient } : { role, site }],
  ...(role === 'integration' && { scopes: PERMISSIONS }),
});

/** What an operation is asked, about the things of one site. */
function request({ method, path, mediaType, access }: Operation, { ids }: SiteWorld) {
  const places = typeof access.at === 'object' ? access.at : [access.at];
  const named = (where: 'query' | 'body' | 'body.data') =>
    Object.fromEntries(
      places
        .filter((place) => place.startsWith(`${where}.`))
        .map((place) => place.slice(where.length + 1).replace('?', ''))
        .filter((rest) => !rest.includes('.'))
        .map((kind) => [kind, ids[kind as ScopeKind]]),
    );
  const data = named('body.data');
  const body = { ...named('body'), ...(Object.keys(data).length > 0 && { data }) };
  const url = path.replace(/\{(\w+)\}/g, (_, name: string) => ids[name as ScopeKind] ?? newId());
  const query = new URLSearchParams(named('query')).toString();
  const isForm = mediaType === 'application/x-www-form-urlencoded' || mediaType === 'application/zip';
  return {
    ...{ method, url: query === '' ? url : `${url}?${query}` },
    headers: { host: '127.0.0.1', ...(isForm && { 'content-type': mediaType }) },
    ...(method !== 'GET' && method !== 'DELETE' && { payload: isForm ? 'x' : body }),
  };
}

async function answerTo(operation: Operation, world: SiteWorld): Promise<{ status: number; code: string }> {
  const answer = await api.app.inject(request(operation, world));
  const isProblem = String(answer.headers['content-type']).includes('problem+json');
  return { status: answer.statusCode, code: isProblem ? answer.json<{ code: string }>().code : 'answered' };
}

/** As it is declared. */
function isDeclared({ access: { may, at } }: Operation, role: Role, heldAt: string | null, about: SiteWorld): boolean {
  if (may === 'public' || may === 'signed-in') return true;
  const holds = role === 'integration' || ROLES_OF[may].includes(role);
  if (!holds) return false;
  const places = typeof at === 'object' ? at : [at];
  if (role === 'patient') {
    // Their own record, wherever it is: nothing that is a site's.
    const ofRecord = places.every((place) => /\.(?:patient|course|consultation|adverseEvent)/.test(place));
    return ofRecord && about === own;
  }
  if (heldAt === null) return true;
  if (at === 'chain') return false;
  return at === 'anywhere' || about.ids.site === heldAt;
}

describe('who may use what', () => {
  it('is declared by every operation, and each is in the document once', () => {
    expect(operations.length).toBeGreaterThan(140);
    expect(operations.filter(({ access }) => !access?.may || !access.at)).toEqual([]);
    const known: ReadonlySet<string> = new Set([...PERMISSIONS, 'public', 'signed-in']);
    expect(operations.filter(({ access }) => !known.has(access.may))).toEqual([]);
  });

  it('is asked of everything that the server answers, in the document or not', () => {
    const routes = registeredRoutes(api.app)
      // Answered as the GET of the same address is, by the same handler behind the same guard.
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
      .filter((route) => route !== CONSOLE_FILES)
      // The rest of an address, of any number of parts.
      .map((route) => route.replace(/\/\*$/, '/{path}'));
    expect(routes.sort()).toEqual(operations.map(({ method, path }) => `${method} ${path}`).sort());
    const ids = new Set(documented.map(({ id }) => id));
    expect(UNDOCUMENTED.filter(({ id, reason }) => ids.has(id) || reason === '')).toEqual([]);
  });

  it('is declared by what does not stand in the document as it is said here', async () => {
    asking = undefined;
    const codes = await Promise.all(UNDOCUMENTED.map(async (each) => [each.id, (await answerTo(each, own)).code]));
    const signIn = UNDOCUMENTED.filter(({ access }) => access.may !== 'public').map(({ id }) => id);
    expect(codes.filter(([, code]) => code === 'access.sign-in').map(([id]) => id)).toEqual(signIn);
  });

  it.each(ROLES)('%s: every operation, at their own site and at another', async (role) => {
    const wrong: string[] = [];
    for (const operation of operations) {
      if (operation.access.may === 'public' || operation.access.may === 'signed-in') continue;
      for (const heldAt of [own.ids.site, null]) {
        for (const about of [own, other]) {
          asking = someone(role, heldAt);
          const { status, code } = await answerTo(operation, about);
          const isLetIn = code === 'test.let-in';
          const isTurnedAway =
            status === 403 ? code.startsWith('access.') : status === 404 && code.endsWith('.unknown');
          const expected = isDeclared(operation, role, heldAt, about);
          if (expected ? isLetIn : isTurnedAway) continue;
          const where = `${heldAt === null ? 'all sites' : 'one site'}, about ${about === own ? 'it' : 'another'}`;
          wrong.push(`${operation.id} (${where}): ${expected ? 'let in' : 'turned away'}, but ${status} ${code}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('turns away whoever is not signed in, wherever something is not public', async () => {
    asking = undefined;
    const wrong: string[] = [];
    for (const operation of operations.filter(({ access }) => access.may !== 'public')) {
      const { status, code } = await answerTo(operation, own);
      if (status !== 401 || code !== 'access.sign-in') wrong.push(`${operation.id}: ${status} ${code}`);
    }
    expect(wrong).toEqual([]);
  });

  it('leaves public only what proves by itself what it has to, or tells nothing', () => {
    const open = operations.filter(({ access }) => access.may === 'public').map(({ id }) => id);
    expect(open.sort()).toEqual(
      [
        // Takes what only a browser holds that began to sign in.
        'finishOpenIdConnect',
        ...['answerMessage', 'askToAnswer', 'beginOpenIdConnect', 'getLiveness', 'getPasskeyOptions'],
        ...['getPasskeyRegistrationOptions', 'getReadiness', 'getSignIn', 'receiveSmsReceipt', 'receiveSmsReply'],
        // What witnesses and verifiers need: sizes and hashes, and public keys.
        ...['getCheckpoint', 'getReadsCheckpoint', 'listLedgerKeys', 'registerPasskey', 'usePasskey'],
      ].sort(),
    );
  });

  it('has an auditor change nothing', () => {
    const changing = operations.filter(({ method, access }) => method !== 'GET' && access.may !== 'signed-in');
    const byAuditor = changing.filter(
      ({ access: { may } }) => may !== 'public' && may !== 'signed-in' && ROLES_OF[may].includes('auditor'),
    );
    // They are questions, sent as POST because they are long, asked of a draft, or hold a name.
    expect(byAuditor.map(({ id }) => id).sort()).toEqual(['previewMessageTemplate', 'searchPatients', 'whatIf']);
  });
});
