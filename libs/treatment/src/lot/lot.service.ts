import { Injectable } from '@nestjs/common';
import { type CommandMeta, CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { CommandAnswer } from '#libs/cqrs/src/commands.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { Conflict } from '#libs/kernel/src/errors.js';
import { derivedId } from '#libs/kernel/src/ids.js';
import { occurredAt } from '#libs/kernel/src/occurred.js';
import { wallToInstant } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { References } from '#libs/cqrs/src/references.js';
import { requireSite } from '../site/site.service.js';
import type { receiveLotSchema } from './lot.commands.js';
import { LotReceived, lotStream } from './lot.events.js';
import { lotFold } from './lot.state.js';

/** The code under which a lot at a site is found. */
export const lotCode = (siteId: string, product: string, lotNumber: string): string =>
  `${siteId}/${product}/${lotNumber}`;

@Injectable()
export class LotService {
  constructor(
    private readonly runner: CommandRunner,
    private readonly codes: ExternalCodes,
    private readonly references: References,
  ) {}

  async receive(meta: CommandMeta, data: z.infer<typeof receiveLotSchema>): Promise<CommandAnswer> {
    const { site, ...lot } = data;
    const siteId = await this.references.resolve(meta.chain, 'site', site);
    const code = lotCode(siteId, lot.product, lot.lotNumber);
    const id = await this.codes.idFor(meta.chain, 'lot', code, derivedId(meta.commandId, 'lot'));
    const stream = lotStream(id);
    const result = await this.runner.run(meta, async (reads) => {
      const [{ timeZone }, { state }] = await Promise.all([requireSite(reads, siteId), reads.load(stream, lotFold)]);
      if (state.status !== 'none') {
        throw new Conflict('lot.exists', `Lot ${lot.lotNumber} of ${lot.product} was received at this site already.`);
      }
      const at = occurredAt(wallToInstant(`${lot.receivedOn}T00:00`, timeZone), 'day');
      return [{ stream, events: [LotReceived(at, { lotId: id, siteId, ...lot })] }];
    });
    return { id, ...result };
  }
}
