import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { z } from 'zod';
import type { fallbackLanguageSchema, GivenTemplate } from './template.commands.js';
import type { TemplateKey } from './template.events.js';
import { TemplateService } from './template.service.js';

export class PublishMessageTemplate extends CommandOf<GivenTemplate, TemplateKey> {}
export class WithdrawMessageTemplate extends CommandOf<object, TemplateKey> {}
export class SetMessageFallbackLanguage extends CommandOf<z.infer<typeof fallbackLanguageSchema>> {}

export const TEMPLATE_HANDLERS = [
  handle(PublishMessageTemplate, TemplateService, (templates, { meta, target, data }) =>
    templates.publish(meta, target, data),
  ),
  handle(WithdrawMessageTemplate, TemplateService, (templates, { meta, target }) => templates.withdraw(meta, target)),
  handle(SetMessageFallbackLanguage, TemplateService, (templates, { meta, data }) =>
    templates.setFallbackLanguage(meta, data.language),
  ),
];
