import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import {
  checkpointParamsSchema,
  consistencyParamsSchema,
  inclusionParamsSchema,
} from '#libs/ledger/src/ledger.params.js';
import {
  consistencyProofSchema,
  consistencyView,
  inclusionProofSchema,
  inclusionView,
} from '#libs/ledger/src/ledger.views.js';
import type { ReadRecord } from './read-record.js';
import { READ_RECORD } from './read-record.token.js';
import { readsChainOf } from './reads-chain.js';

const TEXT = 'text/plain; charset=utf-8';

/** The tree over all reads that are on record, in the formats of that over the events. See docs/reads.md. */
@ApiTags('ledger')
@Controller('v1/ledger/reads')
export class ReadsLedgerController {
  constructor(@Inject(READ_RECORD) private readonly readRecord: Pick<ReadRecord, 'ledger'>) {}

  @Get('checkpoint')
  @QueryEndpoint({
    id: 'getReadsCheckpoint',
    may: 'public',
    summary: 'The newest checkpoint of the tree over reads, as a signed note',
    description: 'C2SP tlog-checkpoint. Its origin is that of the chain with `.reads` behind.',
    produces: TEXT,
    discloses: 'nobody',
  })
  async checkpoint(
    @InChain() chain: Chain,
    @Query({ schema: checkpointParamsSchema }) { size }: z.output<typeof checkpointParamsSchema>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await reply.type(TEXT).send(await this.readRecord.ledger.reader.checkpoint(readsChainOf(chain), size));
  }

  @Get('proofs/inclusion')
  @QueryEndpoint({
    id: 'proveReadInclusion',
    may: 'ledger.read',
    at: 'chain',
    summary: 'Proves that a read stands in a tree',
    answer: inclusionProofSchema,
  })
  async inclusion(
    @InChain() chain: Chain,
    @Query({ schema: inclusionParamsSchema }) { position, size }: z.output<typeof inclusionParamsSchema>,
  ) {
    const reads = readsChainOf(chain);
    return inclusionView(reads.id, await this.readRecord.ledger.reader.inclusion(reads, position, size));
  }

  @Get('proofs/consistency')
  @QueryEndpoint({
    id: 'proveReadsConsistency',
    may: 'ledger.read',
    at: 'chain',
    summary: 'Proves that a tree over reads continues a smaller one',
    answer: consistencyProofSchema,
  })
  async consistency(
    @InChain() chain: Chain,
    @Query({ schema: consistencyParamsSchema }) { from, to }: z.output<typeof consistencyParamsSchema>,
  ) {
    const reads = readsChainOf(chain);
    return consistencyView(reads.id, await this.readRecord.ledger.reader.consistency(reads, from, to));
  }
}
