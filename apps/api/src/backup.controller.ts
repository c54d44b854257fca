import { Readable } from 'node:stream';
import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { backUp } from '#libs/composition/src/back-up.js';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { ActionEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { toProblem } from '#libs/http/src/problem-details.js';
import { Conflict } from '#libs/kernel/src/errors.js';
import { describeError } from '#libs/kernel/src/log.js';
import { PISTOR } from './pistor.token.js';
import { SOFTWARE_VERSION } from './version.js';

const MEDIA_TYPE = 'application/vnd.pistor.backup';

@ApiTags('backup')
@Controller('v1/backup')
export class BackupController {
  private underWay = false;

  constructor(@Inject(PISTOR) private readonly pistor: Pistor) {}

  /**
   * The whole database in one file, as it stands at one instant; personal data only as ciphertext, and not the master key.
   * It is complete when it ends with its seal. One at a time: each holds up the database for a while.
   */
  @Post()
  @ActionEndpoint({
    id: 'takeBackup',
    may: 'system.operate',
    at: 'chain',
    summary: 'Take a backup',
    description: 'Answers the file as it is made. `pistor backup` checks it on its way; `pistor restore` takes it.',
    produces: MEDIA_TYPE,
    discloses: 'chain',
    exports: true,
  })
  async take(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (this.underWay) {
      throw new Conflict('backup.under-way', 'A backup is being taken at this moment. Wait until it is done.');
    }
    this.underWay = true;
    const { db, master } = this.pistor.engine;
    const source = backUp({ db, master, version: SOFTWARE_VERSION });
    let first: IteratorResult<Buffer>;
    try {
      first = await source.next();
    } catch (error) {
      this.underWay = false;
      throw error;
    }
    const body = Readable.from(this.bytes(source, first, request.pistor.correlationId), { objectMode: false });
    await reply.type(MEDIA_TYPE).send(body);
  }

  /** An error on the way becomes the last line, in place of the seal. */
  private async *bytes(
    source: AsyncGenerator<Buffer>,
    first: IteratorResult<Buffer>,
    correlationId: string,
  ): AsyncGenerator<Buffer> {
    try {
      for (let next = first; !next.done; next = await source.next()) yield next.value;
    } catch (error) {
      const { problem, unexpected } = toProblem(error, correlationId);
      if (unexpected) this.pistor.log.error({ correlationId, error: describeError(error) }, 'backup failed');
      yield Buffer.from(`${JSON.stringify({ error: problem })}\n`);
    } finally {
      this.underWay = false;
      // Also when the caller went away: what was read first lies in a file of this process.
      await source.return(undefined);
    }
  }
}
