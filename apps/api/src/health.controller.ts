import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { PISTOR } from './pistor.token.js';

const checkSchema = z.strictObject({ status: z.enum(['ok', 'failing']), detail: z.string().optional() });
const healthSchema = z
  .strictObject({ status: z.enum(['ok', 'failing']), checks: z.record(z.string(), checkSchema) })
  .meta({ id: 'Health' });
type Health = z.infer<typeof healthSchema>;

/** A queue that is away stops messages, not commands: it is shown and does not take the server out of service. */
const NEEDED = ['database', 'events'];

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(@Inject(PISTOR) private readonly pistor: Pistor) {}

  @Get('live')
  @QueryEndpoint({
    id: 'getLiveness',
    may: 'public',
    summary: 'Whether the process answers at all',
    answer: healthSchema,
  })
  live(): Health {
    return { status: 'ok', checks: {} };
  }

  @Get('ready')
  @QueryEndpoint({
    id: 'getReadiness',
    may: 'public',
    summary: 'Whether commands, queries and messages work now; 503 where commands do not',
    answer: healthSchema,
  })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    const checks = await this.pistor.health();
    const failing = NEEDED.some((name) => checks[name]?.status === 'failing');
    if (failing) void reply.status(503);
    return { status: failing ? 'failing' : 'ok', checks };
  }
}
