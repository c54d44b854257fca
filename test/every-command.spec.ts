import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isCorrection, isRetraction } from '#libs/event-store/src/correction.js';
import type { StoredEvent } from '#libs/event-store/src/event-store.js';
import { newId } from '#libs/kernel/src/ids.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import { ERASURE_HANDLERS } from '#libs/erasure/src/case/erasure.handlers.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import { TreatmentModule } from '#libs/treatment/src/treatment.module.js';
import { COMMAND_STORY, RETRACTIONS, type Step } from './support/command-story.js';
import { openTestApi, type TestApi } from './support/test-api.js';

/**
 * Every command of the clinic over HTTP, in one story: sent again under its key it adds nothing, and what it entered can
 * be taken back and entered anew. A command or a type of entry that the story does not have fails a test here.
 */
let api: TestApi;
const ids = new Map<string, string>();
/** The one that most of the story is about. */
let firstCourse: string | undefined;
const told = {
  today: '',
  id: (name: string): string => {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`The story has no ${name} yet`);
    return id;
  },
};

beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const [sent, takenBack] = [new Set<string>(), new Set<string>()];
/** Method and path of what was sent twice. */
const requested: string[] = [];

interface Answer {
  readonly status: number;
  readonly body: { readonly id: string };
}

async function send(method: Step['method'], path: string, payload: object | undefined, key: string): Promise<Answer> {
  const headers = { host: '127.0.0.1', 'idempotency-key': key };
  const answer = await api.app.inject({
    method: method ?? 'POST',
    url: `/v1/${path}`,
    headers,
    ...(payload && { payload }),
  });
  return { status: answer.statusCode, body: answer.json() };
}

/** What was recorded after a position, but for what the engine adds by itself (messages, proposals). */
async function recordedAfter(position: number): Promise<StoredEvent[]> {
  const events = await api.pistor.engine.store.readAll(api.pistor.chain.id, { from: position + 1 });
  return events.filter(({ header }) => !header.actor.startsWith('system:'));
}
const head = () => api.pistor.engine.store.head(api.pistor.chain.id);

/** Sends a command twice under one key. @returns what it recorded */
async function twice(command: string, method: Step['method'], path: string, body: object | undefined) {
  const before = await head();
  const key = newId();
  const answer = await send(method, path, body, key);
  if (answer.status >= 300) throw new Error(`${command} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  const events = await recordedAfter(before);
  expect([command, await send(method, path, body, key)]).toEqual([command, answer]);
  expect([command, await recordedAfter(before)]).toEqual([command, events]);
  expect([command, events.length > 0]).toEqual([command, true]);
  sent.add(command);
  requested.push(`${(method ?? 'POST').toLowerCase()} /v1/${path}`);
  return { id: answer.body.id, events };
}

/** The stored text of an event's data. */
interface Said {
  readonly open: Readonly<Record<string, string>>;
}

async function tell({ command, method, path, body, as, afterDays, anew, madeIn }: Step): Promise<void> {
  const { chain, engine } = api.pistor;
  if (afterDays !== undefined) {
    const to = Date.parse(await engine.chains.now(chain)) + afterDays * 86_400_000;
    await engine.chains.advanceTo(chain, new Date(to).toISOString());
  }
  told.today = localDateAt(await engine.chains.now(chain), 'Europe/Istanbul');
  // What a service looks up in a read model (lots of a product, sites) is there.
  await api.followed();
  const said = body?.(told);
  const first = await twice(command, method, path(told), said);
  const made = madeIn && first.events.find(({ header }) => header.type === madeIn.type);
  const madeId = made && madeIn && (JSON.parse(made.data) as Said).open[madeIn.field];
  if (as !== undefined) ids.set(as, madeId ?? first.id);
  if (command === 'PlanCourse') firstCourse ??= first.id;
  if (anew === undefined) return;
  const entry = first.events.find(({ header }) => header.type === anew);
  if (!entry) throw new Error(`${command} recorded no ${anew}`);
  await takeBack(entry);
  // Not under the old key, which stands for what was done already.
  const second = await twice(command, method, path(told), said);
  const again = second.events.find(({ header }) => header.type === anew);
  expect([command, again?.header.type]).toEqual([command, anew]);
  if (as !== undefined) ids.set(as, second.id);
  ids.set(anew, again?.header.id as string);
  takenBack.add(anew);
}

async function takeBack({ stream, header }: StoredEvent): Promise<void> {
  const [category, ...rest] = stream.split('-');
  const retraction = RETRACTIONS[category as string];
  if (!retraction) throw new Error(`Nothing takes back what is in ${stream}`);
  const path = `${retraction.of}/${rest.join('-')}/entries/${header.id}/retract`;
  await twice(retraction.command, 'POST', path, retraction.body(told));
}

it('adds nothing when a command is repeated, and lets what was taken back be entered anew', async () => {
  for (const step of COMMAND_STORY) await tell(step);
  // Some 300 commands, each sent twice, with every read model following: ten seconds where nothing else runs.
}, 300_000);

it('revokes the key of a machine once', async () => {
  // It is made by an action, which makes another one each time.
  const { status, body } = await send('POST', 'api-keys', { name: 'exporter', scopes: ['audit.read'] }, newId());
  expect(status).toBeLessThan(300);
  await twice('RevokeApiKey', 'POST', `api-keys/${body.id}/revoke`, {});
});

interface Shown {
  readonly items: readonly { readonly type: string; readonly retracted: object | null }[];
}

it('shows both in the history, what was taken back and what was entered after it', async () => {
  await api.followed();
  const { status, body } = await api.get(`/v1/courses/${firstCourse}/history`);
  expect(status).toBe(200);
  const of = (type: string) =>
    (body as unknown as Shown).items.filter((item) => item.type === type).map(({ retracted }) => retracted !== null);
  for (const type of ['CoursePlanChanged', 'SessionPerformed', 'FollowUpHeld', 'SessionCancelled']) {
    expect([type, of(type)]).toEqual([type, [true, false]]);
  }
});

it('parks no event of it in any read model', async () => {
  expect((await api.get('/v1/projections/parked')).body.items).toEqual([]);
});

/** The classes of commands that have a handler. */
const COMMANDS = [
  ...(Reflect.getMetadata('providers', TreatmentModule) as { name?: string }[]),
  ...(ERASURE_HANDLERS as { name?: string }[]),
]
  .filter((provider) => Reflect.hasMetadata('__commandHandler__', provider))
  .map(({ name = '' }) => name.replace(/Handler$/, ''));

it('tells of every command that there is', () => {
  expect(COMMANDS).toContain('PerformSession');
  expect(COMMANDS.filter((command) => !sent.has(command))).toEqual([]);
});

/** What needs more than a clinic (messages that went, times that are held, a sign-in), and where it is sent twice. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  confirmSlot: 'libs/booking/src/booking.spec.ts',
  releaseSlot: 'libs/booking/src/booking.spec.ts',
  takeTask: 'test/tasks.spec.ts',
  noteTask: 'test/tasks.spec.ts',
  finishTask: 'test/tasks.spec.ts',
  reopenMessage: 'libs/messaging/src/message/message.decider.spec.ts',
  confirmMessageSent: 'libs/messaging/src/message/message.decider.spec.ts',
  signEntry: 'libs/signature/src/signature.decider.spec.ts',
  breakGlass: 'libs/access/src/user/user.decider.spec.ts',
  endBreakGlass: 'libs/access/src/user/user.decider.spec.ts',
  reviewBreakGlass: 'libs/access/src/user/user.decider.spec.ts',
};

it('tells of every operation of the API that takes a key for its repetition', () => {
  const root = join(__dirname, '..');
  const { paths } = JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8')) as {
    paths: Record<string, Record<string, { operationId: string; parameters?: readonly { $ref?: string }[] }>>;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { parameters = [] }]) => parameters.some(({ $ref }) => $ref?.endsWith('/IdempotencyKey')))
      .map(([method, { operationId }]) => ({
        operationId,
        isSent: requested.some((request) =>
          new RegExp(`^${method} ${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(request),
        ),
      })),
  );
  expect(operations.length).toBeGreaterThan(80);
  const untold = operations.filter(({ operationId, isSent }) => !isSent && ELSEWHERE[operationId] === undefined);
  expect(untold.map(({ operationId }) => operationId)).toEqual([]);
  expect(Object.values(ELSEWHERE).filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

/** What is not taken back: it is undone by a command of its own, or all that follows rests on it. */
const STAYS: ReadonlySet<string> = new Set([
  ...['SiteRegistered', 'SiteQuietHoursSet', 'SiteLegalRulesSet', 'SiteImportedMaintenanceReleased'],
  ...['SiteOpeningHoursSet', 'SiteRecallRulesSet', 'SiteRetentionRulesSet', 'PatientErased'],
  ...['PatientContactChoicesSet', 'PatientOptedOut', 'PatientOptedIn', 'PatientSmsStopped', 'PatientSmsResumed'],
  ...['PractitionerRegistered', 'PatientRegistered', 'PatientContactPreferenceChanged'],
  ...['PatientLinked', 'PatientUnlinked', 'CourseEntered', 'ConsentWithdrawalsEntered'],
  'ConsultationOutcomeEntered',
  ...['ProtocolPublished', 'ProtocolRetired', 'ProtocolDrafted', 'ProtocolDraftChanged'],
  ...['ProtocolDraftDiscarded', 'ProtocolDraftPublished'],
  ...['CoursePlanned', 'MaintenanceProposed', 'SessionZoneRulesApplied'],
  // They follow from recalls, and from sessions and what is said of these anew.
  ...['LotNumberRecalled', 'LotUsed'],
]);

it('takes back and enters anew every type of entry that may be taken back', () => {
  const entries = TREATMENT_EVENT_TYPES.map(({ type }) => type).filter(
    (type) => !isCorrection(type) && !isRetraction(type) && !STAYS.has(type),
  );
  expect(entries.filter((type) => !takenBack.has(type))).toEqual([]);
});
