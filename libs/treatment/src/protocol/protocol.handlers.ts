import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type { changeDraftSchema, draftProtocolSchema } from './protocol.commands.js';
import { ProtocolService } from './protocol.service.js';

interface OfDraft {
  readonly draft: string;
}

export class DraftProtocol extends CommandOf<z.infer<typeof draftProtocolSchema>> {}
export class ChangeProtocolDraft extends CommandOf<z.infer<typeof changeDraftSchema>, OfDraft> {}
export class DiscardProtocolDraft extends CommandOf<object, OfDraft> {}
export class PublishProtocolDraft extends CommandOf<object, OfDraft> {}
export class RetireProtocol extends CommandOf<object, { code: string; version: number }> {}

export const PROTOCOL_HANDLERS = [
  handle(DraftProtocol, ProtocolService, (protocols, { meta, data }) => protocols.draft(meta, data)),
  handle(ChangeProtocolDraft, ProtocolService, (protocols, { meta, target, data }) =>
    protocols.changeDraft(meta, target.draft, data),
  ),
  handle(DiscardProtocolDraft, ProtocolService, (protocols, { meta, target }) =>
    protocols.discardDraft(meta, target.draft),
  ),
  handle(PublishProtocolDraft, ProtocolService, (protocols, { meta, target }) =>
    protocols.publishDraft(meta, target.draft),
  ),
  handle(RetireProtocol, ProtocolService, (protocols, { meta, target }) =>
    protocols.retire(meta, target.code, target.version),
  ),
];
