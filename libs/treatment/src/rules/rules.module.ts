import { type DynamicModule, Module } from '@nestjs/common';
import type { RuleEntry } from '#libs/protocols/src/rule-book.js';
import { RuleCatalogue } from './rule-catalogue.js';
import { RulesController } from './rules.controller.js';

/** The route of the rules. The books come from outside: those of messages are none of this library's business. */
@Module({})
export class RulesModule {
  static forRoot(books: readonly Readonly<Record<string, RuleEntry>>[]): DynamicModule {
    return {
      module: RulesModule,
      controllers: [RulesController],
      providers: [{ provide: RuleCatalogue, useFactory: () => new RuleCatalogue(books) }],
    };
  }
}
