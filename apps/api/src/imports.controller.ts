import { randomUUID } from 'node:crypto';
import { close, open, unlink, writeFile } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Chain } from '#libs/event-store/src/chains.js';
import { openZipSource } from '#libs/history-import/src/zip.source.js';
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
    may: 'system.operate',
    at: 'chain',
    summary: 'Import an old history, as a zip of its files',
    description: 'Answers lines of {"progress": …} and at last {"report": {"files": …, "refused": […]}}.',
    produces: NDJSON_MEDIA_TYPE,
    discloses: 'nobody',
  })
  async import(@InChain() chain: Chain, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { pistor } = this;
    async function* lines(signal: AbortSignal) {
      const spool = await spooled(request.body as Readable, signal);
      yield* importLines(pistor, chain, await openZipSource(spool, 'The zip that was sent'), signal);
    }
    await sendNdjson(request, reply, lines, pistor.log);
  }
}

/**
 * Zip files end in their table of contents, so all of it must be here before it can be read.
 * @returns the descriptor of an open file, which whoever takes it closes
 */
async function spooled(zip: Readable, signal: AbortSignal): Promise<number> {
  const path = join(tmpdir(), `pistor-import-${randomUUID()}.zip`);
  const file = await promisify(open)(path, 'wx+', 0o600);
  try {
    // Without a name it is gone with this process, whatever ends that: patients are in it.
    await promisify(unlink)(path);
    for await (const chunk of addAbortSignal(signal, zip)) await promisify(writeFile)(file, chunk as Buffer);
    return file;
  } catch (error) {
    await promisify(close)(file);
    throw error;
  }
}
