import { Body, Controller, Get, Injectable, Module, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { Readable } from 'node:stream';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import { StaleRevision } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { TakesZip } from '#libs/http/src/body-parsers.js';
import { Meta } from '#libs/http/src/command-meta.js';
import { ActionEndpoint, CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { createHttpApp, type HttpAppOptions } from '#libs/http/src/fastify-app.js';
import type { HttpDependencies } from '#libs/http/src/http.dependencies.js';
import { HttpModule } from '#libs/http/src/http.module.js';
import { sendNdjson } from '#libs/http/src/ndjson.js';
import { everybodyIn, InChain } from '#libs/http/src/request-context.js';
import { ServerSentEvents } from '#libs/http/src/server-sent-events.js';
import { emptyBodySchema, listQueryOf, pageSchemaOf, queryList, queryOf } from '#libs/http/src/validation.js';
import { Conflict, NotFound, Overloaded, Refused, Unavailable } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { everybodyIsDemo, goesOn, unrecorded } from './demo-access.js';

export const CHAIN: Chain = { id: '0199a000-0000-7000-8000-000000000001', no: 1, slug: 'demo', sandbox: true };

const roomSchema = z
  .strictObject({ id: z.uuid(), name: z.string(), beds: z.int().min(0), revision: z.int().min(0) })
  .meta({ id: 'Room' });
const newRoomSchema = z.strictObject({
  name: z.string().min(1).max(80),
  beds: z.int().min(0).default(1),
  contact: z.strictObject({ email: z.email(), phone: z.string().max(20).optional() }).optional(),
  products: z
    .array(z.strictObject({ product: z.string(), volumeMl: z.number().positive() }))
    .max(5)
    .optional(),
});
const roomQuerySchema = queryOf({});
const roomListQuerySchema = listQueryOf({ state: queryList(['open', 'closed']).optional() });
const roomParamsSchema = z.strictObject({ room: z.string().min(1).max(40) });

/** What a slice would hold; here a map, and a count of how often a command was carried out. */
@Injectable()
export class Rooms {
  readonly byId = new Map<string, z.infer<typeof roomSchema>>();
  readonly metas: CommandMeta[] = [];
  readonly aborted: string[] = [];
  /** Thrown by the next command. */
  failure: Error | undefined;
  /** As the event store does: a command id is carried out once. */
  private readonly done = new Map<string, CommandAnswer>();

  run(meta: CommandMeta, work: () => CommandAnswer): CommandAnswer {
    this.metas.push(meta);
    const before = this.done.get(meta.commandId);
    if (before) return before;
    if (this.failure) {
      const error = this.failure;
      this.failure = undefined;
      throw error;
    }
    const answer = work();
    this.done.set(meta.commandId, answer);
    return answer;
  }
}

const position = (n: number) => `${CHAIN.id}:${n}`;

@Controller('v1/rooms')
class RoomController {
  constructor(
    private readonly rooms: Rooms,
    private readonly events: ServerSentEvents,
  ) {}

  @Post()
  @CommandEndpoint({ id: 'makeRoom', may: 'chain.write', at: 'chain', summary: 'Make a room', creates: true })
  make(@Body({ schema: newRoomSchema }) body: z.infer<typeof newRoomSchema>, @Meta() meta: CommandMeta): CommandAnswer {
    return this.rooms.run(meta, () => {
      const id = newId();
      this.rooms.byId.set(id, { id, name: body.name, beds: body.beds, revision: 0 });
      return { id, position: position(7), revision: 0, repeated: false };
    });
  }

  @Put(':room/beds')
  @CommandEndpoint({ id: 'setBeds', may: 'chain.write', at: 'chain', summary: 'Set the number of beds' })
  setBeds(
    @Param({ schema: roomParamsSchema }) params: z.infer<typeof roomParamsSchema>,
    @Body({ schema: z.strictObject({ beds: z.int() }) }) body: { beds: number },
    @Meta() meta: CommandMeta,
  ): CommandAnswer {
    return this.rooms.run(meta, () => {
      const room = this.room(params.room);
      if (meta.ifMatch !== undefined && meta.ifMatch !== room.revision)
        throw new StaleRevision(meta.ifMatch, room.revision);
      const revision = room.revision + 1;
      this.rooms.byId.set(room.id, { ...room, beds: body.beds, revision });
      return { id: room.id, position: position(8), revision, repeated: false };
    });
  }

  @Post(':room/close')
  @CommandEndpoint({ id: 'closeRoom', may: 'chain.write', at: 'chain', summary: 'Close a room' })
  close(
    @Param({ schema: roomParamsSchema }) params: z.infer<typeof roomParamsSchema>,
    @Body({ schema: emptyBodySchema }) _body: unknown,
    @Meta() meta: CommandMeta,
  ): CommandAnswer {
    return this.rooms.run(meta, () => {
      const { id, revision } = this.room(params.room);
      return { id, position: position(9), revision, repeated: false };
    });
  }

  @Get('stream')
  @QueryEndpoint({
    id: 'followRooms',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'Follow',
    produces: 'text/event-stream',
    discloses: 'nobody',
  })
  follow(@Res() reply: FastifyReply): Promise<void> {
    return this.events.open(reply, goesOn);
  }

  @Get()
  @QueryEndpoint({
    id: 'listRooms',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'All rooms',
    answer: pageSchemaOf(roomSchema),
    reads: ['rooms'],
  })
  list(@Query({ schema: roomListQuerySchema }) query: z.infer<typeof roomListQuerySchema>, @InChain() chain: Chain) {
    return { items: [...this.rooms.byId.values()].slice(0, query.limit), next: null, query, chain: chain.slug };
  }

  @Get(':room')
  @QueryEndpoint({
    id: 'getRoom',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'One room',
    answer: roomSchema,
    reads: ['rooms'],
    revisioned: true,
  })
  get(
    @Param({ schema: roomParamsSchema }) params: z.infer<typeof roomParamsSchema>,
    @Query({ schema: roomQuerySchema }) _query: unknown,
  ) {
    return this.room(params.room);
  }

  private room(id: string) {
    const room = this.rooms.byId.get(id);
    if (!room) throw new NotFound('room.unknown', 'There is no such room.');
    return room;
  }
}

const ERRORS: Readonly<Record<string, () => unknown>> = {
  refused: () =>
    new Refused('session.too-early', 'The session is too early.', {
      fields: [{ field: 'at', message: 'Not before 2026-03-01.', rule: 'session.interval', facts: ['S1-N1'] }],
      data: { earliest: '2026-03-01' },
    }),
  'not-found': () => new NotFound('course.unknown', 'There is no such course.'),
  conflict: () => new Conflict('code.taken', 'Another site has this code.'),
  stale: () => new StaleRevision(3, 4),
  unavailable: () =>
    new Unavailable('database.unavailable', 'connect ECONNREFUSED 10.0.0.7:5432', { cause: new Error('ECONNREFUSED') }),
  behind: () => new Unavailable('projection.behind', 'courses has come to 3 and not yet to 5.'),
  overloaded: () => new Overloaded('import.running', 'An import is running.', { data: { retryAfterS: 12.2 } }),
  bug: () => new TypeError('Ayşe Yılmaz is not a function'),
  text: () => 'thrown text',
};

@Controller('v1/trouble')
class TroubleController {
  constructor(private readonly rooms: Rooms) {}

  @Get('plain')
  @QueryEndpoint({ id: 'plain', may: 'chain.read', at: 'anywhere', summary: 'Takes nothing' })
  plain() {
    return { fine: true };
  }

  @Get('lines/:how')
  @QueryEndpoint({
    id: 'lines',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'Lines',
    produces: 'application/x-ndjson',
    discloses: 'nobody',
  })
  async lines(@Param('how') how: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { aborted } = this.rooms;
    await sendNdjson(request, reply, (signal) => linesOf(how, signal, aborted), silentLog);
  }

  @Post('upload')
  @TakesZip()
  @ActionEndpoint({
    id: 'upload',
    may: 'chain.write',
    at: 'chain',
    summary: 'Take a zip',
    answer: z.strictObject({ bytes: z.int() }),
  })
  async upload(@Req() request: FastifyRequest) {
    let bytes = 0;
    for await (const chunk of request.body as Readable) bytes += (chunk as Buffer).length;
    return { bytes, streamed: request.body instanceof Readable };
  }

  @Get(':kind')
  @QueryEndpoint({ id: 'trouble', may: 'chain.read', at: 'anywhere', summary: 'Fails' })
  fail(@Param('kind') kind: string) {
    throw ERRORS[kind]?.();
  }
}

async function* linesOf(how: string, signal: AbortSignal, aborted: string[]): AsyncGenerator<unknown> {
  if (how === 'early') throw new NotFound('file.unknown', 'There is no such file.');
  try {
    yield { progress: 1 };
    yield { progress: 2, text: 'two\nlines' };
    if (how === 'late') throw new Refused('file.broken', 'The file is broken.');
    if (how === 'bug') throw new TypeError('Ayşe Yılmaz');
    for (let n = 0; how === 'endless' && !signal.aborted; n += 1) {
      yield { n, filler: 'x'.repeat(10_000) };
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  } finally {
    if (signal.aborted) aborted.push(how);
  }
}

/** The idempotency table in memory: specs of the table itself use a database. */
export class KeysInMemory {
  readonly rows = new Map<string, { hash: string; commandId: string; stored?: never }>();

  async reserve(_chain: Chain, key: string, request: object) {
    const hash = JSON.stringify(request);
    const row = this.rows.get(key) ?? { hash, commandId: newId() };
    if (row.hash !== hash) throw new Refused('idempotency.key-reused', 'Used for another request.');
    this.rows.set(key, row);
    return row;
  }

  async store(_chain: Chain, key: string, _commandId: string, stored: unknown) {
    Object.assign(this.rows.get(key) as object, { stored });
  }

  async release(_chain: Chain, key: string) {
    this.rows.delete(key);
  }
}

export interface ExampleApp {
  readonly app: NestFastifyApplication;
  readonly rooms: Rooms;
  readonly events: ServerSentEvents;
  readonly waited: { name: string; position: number }[];
}

/** A small application with one route of each kind; it listens on nothing. */
export async function exampleHttpApp(
  deps: Partial<HttpDependencies> = {},
  options: HttpAppOptions & { prepare?: (app: NestFastifyApplication) => Promise<void> } = {},
): Promise<ExampleApp> {
  const waited: { name: string; position: number }[] = [];
  const readModels = {
    assertServing: () => Promise.resolve(),
    waitFor: async (name: string, _chain: Chain, at: number) => void waited.push({ name, position: at }),
  };
  const full: HttpDependencies = {
    ...{
      chains: everybodyIn(CHAIN),
      idempotency: new KeysInMemory(),
      readModels,
      access: everybodyIsDemo,
      reads: unrecorded,
    },
    log: silentLog,
    ...deps,
  };

  @Module({ imports: [HttpModule.forRoot(full)], controllers: [RoomController, TroubleController], providers: [Rooms] })
  class ExampleModule {}

  const app = await createHttpApp(ExampleModule, { log: full.log, ...options });
  await options.prepare?.(app);
  if (options.preview) return { app, waited } as unknown as ExampleApp;
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return { app, rooms: app.get(Rooms), events: app.get(ServerSentEvents), waited };
}
