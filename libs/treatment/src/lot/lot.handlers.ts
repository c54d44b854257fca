import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type { receiveLotSchema } from './lot.commands.js';
import { LotService } from './lot.service.js';

export class ReceiveLot extends CommandOf<z.infer<typeof receiveLotSchema>> {}

export const LOT_HANDLERS = [handle(ReceiveLot, LotService, (lots, { meta, data }) => lots.receive(meta, data))];
