import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Chain } from '#libs/event-store/src/chains.js';
import { zipSource } from '#libs/history-import/src/zip.source.js';
import { TakesZip } from '#libs/http/src/body-parsers.js';
import { ActionEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { NDJSON_MEDIA_TYPE, sendNdjson } from '#libs/http/src/ndjson.js';
import { InChain } from '#libs/http/src/request-context.js';
import { importLines } from '#libs/composition/src/import-lines.js';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { PISTOR } from './pistor.token.js';

@ApiTags('imports')
@Controller('v1/imports')
export class ImportsController {
  constructor(@Inject(PISTOR) private readonly pistor: Pistor) {}

  /** Lines that cannot be understood come back in the report; the others go in. Sending the same again changes nothing. */
  @Post()
  @TakesZip()
  @ApiConsumes('application/zip')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ActionEndpoint({
    id: 'importHistory',
    summary: 'Import an old history, as a zip of its files',
    description: 'Answers lines of {"progress": …} and at last {"report": {"files": …, "refused": […]}}.',
    produces: NDJSON_MEDIA_TYPE,
  })
  async import(@InChain() chain: Chain, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const file = join(tmpdir(), `pistor-import-${randomUUID()}.zip`);
    const { pistor } = this;
    async function* lines(signal: AbortSignal) {
      try {
        // Zip files end in their table of contents, so all of it must be here first.
        await pipeline(request.body as Readable, createWriteStream(file, { mode: 0o600 }), { signal });
        yield* importLines(pistor, chain, await zipSource(file), signal);
      } finally {
        await rm(file, { force: true });
      }
    }
    await sendNdjson(request, reply, lines, pistor.log);
  }
}
