import { Body, Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ActionEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { PERMISSIONS, type Principal, ROLES } from '#libs/http/src/principal.js';
import { AskedBy, InChain } from '#libs/http/src/request-context.js';
import { emptyBodySchema } from '#libs/http/src/validation.js';
import type { Access } from '../access.js';
import { ACCESS } from '../access.token.js';
import { grantsFor } from '../admission.js';
import { clearCookie, cookieOf } from './session-cookie.js';

const sessionViewSchema = z
  .strictObject({
    id: z.string().describe('The actor of what is recorded.'),
    kind: z.enum(['user', 'machine', 'patient']),
    name: z.string().nullable(),
    signInBy: z.enum(['demo', 'passkeys', 'openid-connect']),
    grants: z.array(z.strictObject({ role: z.enum(ROLES), site: z.uuid().nullable(), patient: z.uuid().nullable() })),
    permissions: z.array(z.enum(PERMISSIONS)).describe('Held at one site at least.'),
    authenticatedAt: z.iso.datetime(),
    hasSession: z.boolean().describe('Whether there is something to sign out of.'),
  })
  .meta({ id: 'WhoIsSignedIn' });

/** Who is signed in, and the end of it. */
@ApiTags('sign-in')
@Controller('v1/session')
export class SessionController {
  constructor(@Inject(ACCESS) private readonly access: Access) {}

  @Get()
  @QueryEndpoint({
    id: 'getSession',
    may: 'signed-in',
    summary: 'Who is signed in, and what they may do',
    answer: sessionViewSchema,
    // Of a patient it says which record is theirs: to themselves, and nothing that stands in it.
    discloses: 'nobody',
  })
  show(@AskedBy() principal: Principal): z.infer<typeof sessionViewSchema> {
    const { id, kind, name, grants, authenticatedAt, sessionId } = principal;
    return {
      ...{ id, kind, name, authenticatedAt, signInBy: this.access.signIn.by },
      grants: grants.map(({ role, site, patient }) => ({ role, site, patient: patient ?? null })),
      permissions: PERMISSIONS.filter((permission) => grantsFor(principal, permission).length > 0),
      hasSession: sessionId !== null,
    };
  }

  @Post('end')
  @ActionEndpoint({
    id: 'endSession',
    may: 'signed-in',
    summary: 'Sign out',
    answer: z.strictObject({ ended: z.boolean() }),
  })
  async end(
    @Req() request: FastifyRequest,
    @InChain() chain: Chain,
    @Body({ schema: emptyBodySchema }) _body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ ended: boolean }> {
    const { cookies } = this.access.originOf(request);
    const secret = cookieOf(request, 'session', cookies);
    if (secret === undefined) return { ended: false };
    await this.access.sessions.end(chain, secret);
    clearCookie(reply, 'session', cookies);
    // What the page had of patients goes with it.
    reply.header('clear-site-data', '"cache", "storage"');
    return { ended: true };
  }
}
