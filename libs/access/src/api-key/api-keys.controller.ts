import { Body, Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { CommandMeta } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { commandMeta, Meta } from '#libs/http/src/command-meta.js';
import { ActionEndpoint, CommandEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { emptyBodySchema } from '#libs/http/src/validation.js';
import { newId } from '#libs/kernel/src/ids.js';
import type { Access } from '../access.js';
import { ACCESS } from '../access.token.js';
import { apiKeyPageSchema } from '../user/users/users.contract.js';
import { type UsersParams, usersParamsSchema, UsersQuery } from '../user/users/users.query.js';
import { type CreateApiKeyData, createApiKeySchema } from './api-key.commands.js';

const createdKeySchema = z
  .strictObject({
    id: z.uuid(),
    key: z.string().describe('Shown this once: send it as `Authorization: Bearer …`.'),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'CreatedApiKey' });

/** Keys of machines: scoped, with an end, and shown once. */
@ApiTags('api-keys')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(@Inject(ACCESS) private readonly access: Access) {}

  @Get()
  @QueryEndpoint({
    id: 'listApiKeys',
    may: 'user.read',
    at: 'chain',
    summary: 'The keys of machines, the newest first',
    answer: apiKeyPageSchema,
    reads: UsersQuery.reads,
  })
  list(@InChain() chain: Chain, @Query({ schema: usersParamsSchema }) params: UsersParams) {
    return this.access.queries.keys(chain, params);
  }

  @Post()
  @ActionEndpoint({
    id: 'createApiKey',
    may: 'user.write',
    at: 'chain',
    summary: 'Make a key for a machine',
    description: 'An action, not a command: answers to commands are kept, and this one must not be.',
    answer: createdKeySchema,
  })
  async create(
    @Req() request: FastifyRequest,
    @Body({ schema: createApiKeySchema }) data: CreateApiKeyData,
  ): Promise<z.infer<typeof createdKeySchema>> {
    const { id, key, expiresAt } = await this.access.apiKeys.create(commandMeta(request, newId()), data);
    return { id, key, expiresAt };
  }

  @Post(':key/revoke')
  @CommandEndpoint({ id: 'revokeApiKey', may: 'user.write', at: 'chain', summary: 'Revoke a key, at once' })
  revoke(
    @Meta() meta: CommandMeta,
    @Param('key') key: string,
    @Body({ schema: emptyBodySchema }) _body: unknown,
  ): Promise<CommandAnswer> {
    return this.access.apiKeys.revoke(meta, key);
  }
}
