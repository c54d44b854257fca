import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { QueryEndpoint } from '#libs/http/src/endpoint.decorators.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { RuleCatalogue } from './rule-catalogue.js';
import { ruleViewSchema } from './rules.contract.js';

/** What the record holds to. */
@ApiTags('directory')
@Controller('v1')
export class RulesController {
  constructor(private readonly catalogue: RuleCatalogue) {}

  @Get('rules')
  @QueryEndpoint({
    id: 'listRules',
    may: 'chain.read',
    at: 'anywhere',
    summary: 'The rules that refusals name, with the published statements they rest on',
    answer: pageSchemaOf(ruleViewSchema),
  })
  listRules() {
    return { items: this.catalogue.rules, next: null };
  }
}
