import { Body, Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { commandMeta, Meta } from '#libs/http/src/command-meta.js';
import { ActionEndpoint, CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import type { Principal } from '#libs/http/src/principal.js';
import { AskedBy, InChain } from '#libs/http/src/request-context.js';
import { emptyBodySchema, queryOf } from '#libs/http/src/validation.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Access } from '../access.js';
import { ACCESS } from '../access.token.js';
import {
  type BreakGlassData,
  breakGlassSchema,
  type DisableUserData,
  disableUserSchema,
  type GrantRoleData,
  grantRoleSchema,
  type InviteUserData,
  inviteUserSchema,
  type ReviewGlassData,
  reviewGlassSchema,
} from './user.commands.js';
import { openingPageSchema, userPageSchema, userViewSchema } from './users/users.contract.js';
import {
  type OpeningsParams,
  openingsParamsSchema,
  type UsersParams,
  usersParamsSchema,
  UsersQuery,
} from './users/users.query.js';

/** People who sign in, and what they may do. */
@ApiTags('users')
@Controller('v1')
export class UsersController {
  constructor(@Inject(ACCESS) private readonly access: Access) {}

  @Get('users')
  @QueryEndpoint({
    id: 'listUsers',
    may: 'user.read',
    at: 'chain',
    summary: 'Who may sign in, and the roles they hold',
    answer: userPageSchema,
    reads: UsersQuery.reads,
  })
  list(@InChain() chain: Chain, @Query({ schema: usersParamsSchema }) params: UsersParams) {
    return this.access.queries.list(chain, params);
  }

  @Get('users/:user')
  @QueryEndpoint({
    id: 'getUser',
    may: 'user.read',
    at: 'chain',
    summary: 'A user and the roles they hold',
    answer: userViewSchema,
    reads: UsersQuery.reads,
    revisioned: true,
  })
  detail(@InChain() chain: Chain, @Param('user') user: string, @Query({ schema: queryOf({}) }) _params: object) {
    return this.access.queries.detail(chain, user);
  }

  @Post('users')
  @CommandEndpoint({
    id: 'inviteUser',
    may: 'user.write',
    at: 'chain',
    summary: 'Invite somebody, with the roles they are to hold',
    description: 'They cannot sign in yet: a code for that is made by issueInvitation.',
    creates: true,
  })
  invite(@Meta() meta: CommandMeta, @Body({ schema: inviteUserSchema }) data: InviteUserData): Promise<CommandAnswer> {
    return this.access.users.invite(meta, data);
  }

  @Post('users/:user/invitation')
  @ActionEndpoint({
    id: 'issueInvitation',
    may: 'user.write',
    at: 'chain',
    summary: 'Make the code with which somebody signs in for the first time, or with a further passkey',
    description: 'It is shown this once, is good for one use and a week, and ends the code before it.',
    answer: z.strictObject({ code: z.string(), expiresAt: z.iso.datetime() }),
  })
  issueInvitation(
    @Req() request: FastifyRequest,
    @Param('user') user: string,
    @Body({ schema: emptyBodySchema }) _body: unknown,
  ): Promise<{ code: string; expiresAt: string }> {
    return this.access.users.issueInvitation(commandMeta(request, newId()), user);
  }

  @Post('users/:user/grants')
  @CommandEndpoint({ id: 'grantRole', may: 'user.write', at: 'chain', summary: 'Give a role, at a site or at all' })
  grant(
    @Meta() meta: CommandMeta,
    @Param('user') user: string,
    @Body({ schema: grantRoleSchema }) data: GrantRoleData,
  ): Promise<CommandAnswer> {
    return this.access.users.grant(meta, user, data);
  }

  @Post('users/:user/grants/:grant/revoke')
  @CommandEndpoint({ id: 'revokeRole', may: 'user.write', at: 'chain', summary: 'Take a role away, at once' })
  revoke(
    @Meta() meta: CommandMeta,
    @Param('user') user: string,
    @Param('grant') grant: string,
    @Body({ schema: emptyBodySchema }) _body: unknown,
  ): Promise<CommandAnswer> {
    return this.access.users.revoke(meta, user, grant);
  }

  @Post('users/:user/disable')
  @CommandEndpoint({
    id: 'disableUser',
    may: 'user.write',
    at: 'chain',
    summary: 'Disable a user: their sessions end, and nothing is open to them',
  })
  disable(
    @Meta() meta: CommandMeta,
    @Param('user') user: string,
    @Body({ schema: disableUserSchema }) data: DisableUserData,
  ): Promise<CommandAnswer> {
    return this.access.users.disable(meta, user, data);
  }

  @Post('users/:user/enable')
  @CommandEndpoint({ id: 'enableUser', may: 'user.write', at: 'chain', summary: 'Let a disabled user in again' })
  enable(
    @Meta() meta: CommandMeta,
    @Param('user') user: string,
    @Body({ schema: disableUserSchema }) data: DisableUserData,
  ): Promise<CommandAnswer> {
    return this.access.users.enable(meta, user, data);
  }

  @Post('patients/:patient/break-glass')
  @CommandEndpoint({
    id: 'breakGlass',
    may: 'break-glass.open',
    at: 'anywhere',
    summary: 'Open the record of a patient of another site, for a limited time and with a reason',
    description: 'For emergencies. It is on record, and somebody else is asked to look at it.',
    creates: '/v1/break-glass',
  })
  breakGlass(
    @Meta() meta: CommandMeta,
    @Param('patient') patient: string,
    @Body({ schema: breakGlassSchema }) data: BreakGlassData,
  ): Promise<CommandAnswer> {
    return this.access.users.breakGlass(meta, patient, data);
  }

  @Get('break-glass')
  @QueryEndpoint({
    id: 'listOpenedRecords',
    may: 'break-glass.read',
    at: 'query.site',
    summary: 'Records that were opened beyond the sites of somebody, with the reason and what was found',
    answer: openingPageSchema,
    reads: UsersQuery.reads,
  })
  openings(@InChain() chain: Chain, @Query({ schema: openingsParamsSchema }) params: OpeningsParams) {
    return this.access.queries.openings(chain, params);
  }

  @Get('break-glass/own')
  @QueryEndpoint({
    id: 'listOwnOpenings',
    may: 'break-glass.open',
    at: 'anywhere',
    summary: 'Records that one has opened beyond one’s sites, while they are open, and until when',
    answer: openingPageSchema,
    reads: UsersQuery.reads,
  })
  ownOpenings(
    @InChain() chain: Chain,
    @AskedBy() principal: Principal,
    @Query({ schema: usersParamsSchema }) params: UsersParams,
  ) {
    return this.access.queries.openTo(chain, principal.id, params);
  }

  @Post('break-glass/:opening/end')
  @CommandEndpoint({
    id: 'endBreakGlass',
    may: 'break-glass.open',
    at: 'anywhere',
    summary: 'Close a record that one has opened, before its time is over',
  })
  mend(
    @Meta() meta: CommandMeta,
    @Param('opening') opening: string,
    @Body({ schema: emptyBodySchema }) _body: unknown,
  ): Promise<CommandAnswer> {
    return this.access.users.mendGlass(meta, opening);
  }

  @Post('users/:user/break-glass/:opening/review')
  @CommandEndpoint({
    id: 'reviewBreakGlass',
    may: 'break-glass.review',
    at: 'path.opening',
    summary: 'Say what one has found about the opening of a record by somebody else',
  })
  review(
    @Meta() meta: CommandMeta,
    @Param('user') user: string,
    @Param('opening') opening: string,
    @Body({ schema: reviewGlassSchema }) data: ReviewGlassData,
  ): Promise<CommandAnswer> {
    return this.access.users.reviewGlass(meta, user, opening, data);
  }
}
