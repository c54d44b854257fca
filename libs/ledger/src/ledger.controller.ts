import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ActionEndpoint, QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { InChain } from '#libs/http/src/request-context.js';
import { queryOf } from '#libs/http/src/validation.js';
import { noSuchTile } from './ledger.errors.js';
import type { Ledger } from './ledger.js';
import { checkpointParamsSchema, consistencyParamsSchema, inclusionParamsSchema } from './ledger.params.js';
import { LEDGER } from './ledger.token.js';
import {
  consistencyProofSchema,
  consistencyView,
  inclusionProofSchema,
  inclusionView,
  keysView,
  ledgerKeysSchema,
} from './ledger.views.js';
import { parseTilePath, TILE_WIDTH } from './tile.js';

const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';
/** A full tile never changes. */
const IMMUTABLE = 'private, max-age=31536000, immutable';

const rotationSchema = z
  .strictObject({
    step: z
      .enum(['begin', 'finish'])
      .describe('Add a key that signs beside the present one, or take the older one away'),
  })
  .meta({ id: 'LedgerKeyRotation' });

/** The tree over all events of the chain: RFC 6962, in the formats of C2SP. See docs/ledger.md. */
@ApiTags('ledger')
@Controller('v1/ledger')
export class LedgerController {
  constructor(@Inject(LEDGER) private readonly ledger: Ledger) {}

  /** A signed note of three lines: origin, size and root in base64. Nothing personal stands in it. */
  @Get('checkpoint')
  @QueryEndpoint({
    id: 'getCheckpoint',
    may: 'public',
    summary: 'The newest checkpoint as a signed note, with the co-signatures of witnesses',
    description: 'C2SP tlog-checkpoint. It is served once it stands outside the database as well.',
    produces: TEXT,
    discloses: 'nobody',
  })
  async checkpoint(
    @InChain() chain: Chain,
    @Query({ schema: checkpointParamsSchema }) { size }: z.output<typeof checkpointParamsSchema>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await reply.type(TEXT).send(await this.ledger.reader.checkpoint(chain, size));
  }

  /** 32 bytes a hash; of entries, each with its length before it in two bytes, big endian. */
  @Get('tile/*')
  @ApiParam({ name: 'path', type: 'string', description: 'Slashes and all: `0/x001/234`, `1/000.p/7`, `entries/000`' })
  @QueryEndpoint({
    id: 'getTile',
    may: 'ledger.read',
    at: 'chain',
    summary: 'A tile of the published tree, or the entries of one',
    description:
      'C2SP tlog-tiles: `<level>/<n>`, with `.p/<width>` for a part, and `entries/<n>`; n in groups of three digits such as `x001/x234/067`.',
    produces: BYTES,
    // Entries name patients, if by their ids alone, and what was recorded of them.
    discloses: 'chain',
  })
  async tile(
    @InChain() chain: Chain,
    @Query({ schema: queryOf({}) }) _params: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const path = request.url.slice(request.url.indexOf('/tile/') + 1).replace(/\?.*$/, '');
    const tile = parseTilePath(path);
    const { reader } = this.ledger;
    if (!tile) throw noSuchTile(path.slice(0, 100), (await reader.published(chain)).size);
    const { level, n, width } = tile;
    if (level === 'entries') {
      await reply.type(BYTES).send(await reader.entries(chain, n, width));
      return;
    }
    const hashes = await reader.tile(chain, { level, n, width });
    if (width === TILE_WIDTH) void reply.header('cache-control', IMMUTABLE);
    await reply.type(BYTES).send(hashes);
  }

  @Get('proofs/inclusion')
  @QueryEndpoint({
    id: 'proveInclusion',
    may: 'ledger.read',
    at: 'chain',
    summary: 'Proves that the event at a position stands in a tree',
    description: 'A size that no published checkpoint has reached is answered with `ledger.size-not-reached`.',
    answer: inclusionProofSchema,
  })
  async inclusion(
    @InChain() chain: Chain,
    @Query({ schema: inclusionParamsSchema }) { position, size }: z.output<typeof inclusionParamsSchema>,
  ) {
    return inclusionView(chain.id, await this.ledger.reader.inclusion(chain, position, size));
  }

  @Get('proofs/consistency')
  @QueryEndpoint({
    id: 'proveConsistency',
    may: 'ledger.read',
    at: 'chain',
    summary: 'Proves that a tree continues a smaller one',
    description: 'A size that no published checkpoint has reached is answered with `ledger.size-not-reached`.',
    answer: consistencyProofSchema,
  })
  async consistency(
    @InChain() chain: Chain,
    @Query({ schema: consistencyParamsSchema }) { from, to }: z.output<typeof consistencyParamsSchema>,
  ) {
    return consistencyView(chain.id, await this.ledger.reader.consistency(chain, from, to));
  }

  @Get('keys')
  @QueryEndpoint({
    id: 'listLedgerKeys',
    may: 'public',
    summary: 'The public keys that sign, or have signed, checkpoints',
    description: 'Whoever verifies takes keys from a place of their own; this list says which they should be.',
    answer: ledgerKeysSchema,
  })
  async keys(@InChain() chain: Chain, @Query({ schema: queryOf({}) }) _params: object) {
    return keysView(chain.id, await this.ledger.reader.keysOf(chain));
  }

  /** Both keys sign between the two steps. The second is refused until a checkpoint has both signatures. */
  @Post('keys/rotate')
  @ActionEndpoint({
    id: 'rotateLedgerKey',
    may: 'system.operate',
    at: 'chain',
    summary: 'Let another key sign checkpoints, in two steps',
    description: 'Works where the key file can be reached: with several hosts, on that of the worker.',
    answer: ledgerKeysSchema,
  })
  async rotate(@InChain() chain: Chain, @Body({ schema: rotationSchema }) { step }: z.output<typeof rotationSchema>) {
    await this.ledger.keys.rotate(chain, step);
    return keysView(chain.id, await this.ledger.reader.keysOf(chain));
  }
}
