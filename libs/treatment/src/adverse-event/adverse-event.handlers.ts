import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type {
  assessAdverseEventSchema,
  closeAdverseEventSchema,
  reopenAdverseEventSchema,
  reportAdverseEventSchema,
  reportToAuthoritySchema,
} from './adverse-event.commands.js';
import { AdverseEventService, type OfAdverseEvent } from './adverse-event.service.js';

export class ReportAdverseEvent extends CommandOf<
  z.infer<typeof reportAdverseEventSchema>,
  { readonly patient: string }
> {}
export class AssessAdverseEvent extends CommandOf<z.infer<typeof assessAdverseEventSchema>, OfAdverseEvent> {}
export class ReportAdverseEventToAuthority extends CommandOf<z.infer<typeof reportToAuthoritySchema>, OfAdverseEvent> {}
export class CloseAdverseEvent extends CommandOf<z.infer<typeof closeAdverseEventSchema>, OfAdverseEvent> {}
export class ReopenAdverseEvent extends CommandOf<z.infer<typeof reopenAdverseEventSchema>, OfAdverseEvent> {}

export const ADVERSE_EVENT_HANDLERS = [
  handle(ReportAdverseEvent, AdverseEventService, (events, { meta, target, data }) =>
    events.report(meta, target.patient, data),
  ),
  handle(AssessAdverseEvent, AdverseEventService, (events, { meta, target, data }) =>
    events.assess(meta, target, data),
  ),
  handle(ReportAdverseEventToAuthority, AdverseEventService, (events, { meta, target, data }) =>
    events.reportToAuthority(meta, target, data),
  ),
  handle(CloseAdverseEvent, AdverseEventService, (events, { meta, target, data }) => events.close(meta, target, data)),
  handle(ReopenAdverseEvent, AdverseEventService, (events, { meta, target, data }) =>
    events.reopen(meta, target, data),
  ),
];
