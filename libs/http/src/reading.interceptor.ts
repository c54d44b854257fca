import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Observable } from 'rxjs';
import { NOTHING, readAs } from '#libs/database/src/reader.database.js';

/**
 * Has every handler, and all that it waits for, read as the guard has found that its caller may. A request that no guard
 * has looked at sees no row.
 */
export class ReadingInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { reading = NOTHING } = context.switchToHttp().getRequest<FastifyRequest>().pistor;
    // The handler begins when somebody listens.
    return new Observable((listener) => readAs(reading, () => next.handle().subscribe(listener)));
  }
}
