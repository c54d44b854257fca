import { type CallHandler, type ExecutionContext, Inject, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { lastValueFrom, type Observable, of } from 'rxjs';
import { type Id, newId } from '#libs/kernel/src/ids.js';
import { describeError } from '#libs/kernel/src/log.js';
import { answerHeaders, commandAnswer, type CommandAnswer } from './command-answer.js';
import { commandMeta } from './command-meta.js';
import { patientsIn } from './disclosure.js';
import { accessOf, commandOptionsOf, queryOptionsOf } from './endpoint.metadata.js';
import { HTTP_DEPENDENCIES } from './http.dependencies.js';
import type { HttpDependencies } from './http.dependencies.js';
import { parseIdempotencyKey, type StoredAnswer } from './idempotency.js';
import { waitForPosition } from './position.js';
import { refuseUndeclaredInput } from './undeclared-input.js';
import { recordRefusal } from './refusal.disclosure.js';
import { RequestInvalid } from './validation.js';

/** Carries out a command once for each Idempotency-Key, and dresses its answer. */
@Injectable()
export class CommandInterceptor implements NestInterceptor {
  constructor(@Inject(HTTP_DEPENDENCIES) private readonly deps: HttpDependencies) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<CommandAnswer>> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    refuseUndeclaredInput(context);
    const key = parseIdempotencyKey(request.headers['idempotency-key']);
    const { status, headers, answer } = await (key === undefined
      ? this.carryOut(context, next, newId())
      : this.once(context, next, key));
    reply.code(status).headers(headers);
    return of(answer);
  }

  private async once(context: ExecutionContext, next: CallHandler, key: string): Promise<StoredAnswer> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { chain, principal } = request.pistor;
    const { method, url, body } = request;
    const sent = { principal: principal?.id, method, url, ifMatch: request.headers['if-match'], body };
    const { commandId, stored } = await this.deps.idempotency.reserve(chain, key, sent);
    if (stored) return { ...stored, headers: { ...stored.headers, 'idempotency-replayed': 'true' } };
    let made: StoredAnswer;
    try {
      made = await this.carryOut(context, next, commandId);
    } catch (error) {
      if (error instanceof RequestInvalid) await this.deps.idempotency.release(chain, key, commandId);
      throw error;
    }
    await this.keep(request, key, made);
    return made;
  }

  private async carryOut(context: ExecutionContext, next: CallHandler, commandId: string): Promise<StoredAnswer> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { id: operation, creates } = commandOptionsOf(context.getHandler());
    request.pistor.command = commandMeta(request, commandId);
    // Handlers may return all that the command bus gave them; callers get what the answer has a place for.
    const given = (await lastValueFrom(next.handle()).catch(async (error: unknown) => {
      throw await recordRefusal(this.deps.reads, context, operation, error);
    })) as CommandAnswer;
    const answer = commandAnswer(given.id, given);
    return { status: creates ? 201 : 200, headers: answerHeaders(answer, locationOf(request, creates)), answer };
  }

  /** The command is done. That its answer could not be kept only means that a repeat is carried out again, to no effect. */
  private async keep(request: FastifyRequest, key: string, made: StoredAnswer): Promise<void> {
    const { chain, command, correlationId } = request.pistor;
    try {
      await this.deps.idempotency.store(chain, key, (command as { commandId: string }).commandId, made);
    } catch (error) {
      this.deps.log.warn({ correlationId, error: describeError(error) }, 'answer to a command was not kept');
    }
  }
}

function locationOf({ url }: FastifyRequest, creates: boolean | string | undefined): string | undefined {
  if (typeof creates === 'string') return creates;
  const own = url.split('?')[0]?.replace(/\/$/, '');
  return creates === true ? `${own}/:id` : undefined;
}

/**
 * Lets a query wait for what its caller has done, and notes the revision of the resource it shows. Whose data an answer
 * holds is on record before it leaves.
 */
@Injectable()
export class QueryInterceptor implements NestInterceptor {
  constructor(@Inject(HTTP_DEPENDENCIES) private readonly deps: HttpDependencies) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { id: operation, reads = [], revisioned, discloses } = queryOptionsOf(context.getHandler());
    refuseUndeclaredInput(context, reads.length > 0 ? ['position'] : []);
    if (reads.length > 0) await waitForPosition(request, () => request.pistor.chain, this.deps.readModels, reads);
    const isSeenFromAnswer = discloses === undefined || discloses === 'patients';
    if (discloses === 'chain') await this.record(context, null);
    if (discloses === 'address') await this.record(context, new Set());
    const answer = await lastValueFrom(next.handle()).catch(async (error: unknown) => {
      throw await recordRefusal(this.deps.reads, context, operation, error);
    });
    const shown = await this.withoutHidden(context, answer);
    if (revisioned) request.pistor.revision = (shown as { revision: number }).revision;
    if (isSeenFromAnswer) await this.record(context, patientsIn(shown, discloses));
    return of(shown);
  }

  /** Whether they are hidden is asked for each answer: a role may have been given or taken since the last one. */
  private async withoutHidden(context: ExecutionContext, shown: unknown): Promise<unknown> {
    const hides = accessOf(context.getHandler())?.hides;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { principal } = request.pistor;
    if (!hides || !principal) return shown;
    const need = { may: hides.unless, at: accessOf(context.getHandler())?.at ?? 'chain' };
    if (await this.deps.access.holds(request, principal, need)) return shown;
    return { ...(shown as object), ...Object.fromEntries(hides.fields.map((field) => [field, null])) };
  }

  private async record(context: ExecutionContext, patients: ReadonlySet<Id> | null): Promise<void> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { id: operation, exports } = queryOptionsOf(context.getHandler());
    const at = accessOf(context.getHandler())?.at ?? 'public';
    const kind = exports ? 'export' : isSearch(request) ? 'search' : 'read';
    await this.deps.reads.record(request, { operation, kind, at, patients });
  }
}

const isSearch = ({ body }: FastifyRequest): boolean =>
  typeof body === 'object' && body !== null && Object.hasOwn(body, 'search');
