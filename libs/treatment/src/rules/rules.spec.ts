import { everybodyIsDemo, unrecorded } from '#test/support/demo-access.js';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApp } from '#libs/http/src/fastify-app.js';
import { HttpModule } from '#libs/http/src/http.module.js';
import type { HttpDependencies } from '#libs/http/src/http.dependencies.js';
import { everybodyIn } from '#libs/http/src/request-context.js';
import { pageSchemaOf } from '#libs/http/src/validation.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { factById } from '#libs/protocols/src/facts.js';
import { PROTOCOL_RULES } from '#libs/protocols/src/protocols.rule-book.js';
import { DEMANDS } from '#libs/protocols/src/rule-book.js';
import { CHAIN, KeysInMemory } from '#test/support/example-http-app.js';
import { COURSE_RULES } from '../course/course.rule-book.js';
import { type RuleView, ruleViewSchema } from './rules.contract.js';
import { RulesModule } from './rules.module.js';

const BOOKS = [PROTOCOL_RULES, COURSE_RULES];

let app: NestFastifyApplication;
let rules: readonly RuleView[];

beforeAll(async () => {
  const dependencies = {
    chains: everybodyIn(CHAIN),
    idempotency: new KeysInMemory(),
    readModels: { waitFor: () => Promise.resolve() },
    access: everybodyIsDemo,
    reads: unrecorded,
    log: silentLog,
  } as unknown as HttpDependencies;
  @Module({ imports: [HttpModule.forRoot(dependencies), RulesModule.forRoot(BOOKS)] })
  class RulesAlone {}
  app = await createHttpApp(RulesAlone);
  await app.init();
  const answer = await app.inject('/v1/rules');
  expect(answer.statusCode).toBe(200);
  rules = pageSchemaOf(ruleViewSchema).parse(answer.json()).items;
});
afterAll(() => app.close());

describe('the rule book over HTTP', () => {
  it('says each rule with the statements it rests on and who may override it', () => {
    expect(rules.find(({ id }) => id === 'protocol.interval')).toEqual({
      id: 'protocol.interval',
      says: PROTOCOL_RULES['protocol.interval'].says,
      demand: 'Session',
      facts: [factById('S0-N1'), factById('S1-N1')],
      override: 'anyone',
    });
  });

  it('holds the rules of every book', () => {
    const ids = BOOKS.flatMap((book) => Object.keys(book));
    expect(rules.map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  it('goes through the headings in their order', () => {
    const headings = rules.map(({ demand }) => DEMANDS.indexOf(demand));
    expect(headings).toEqual([...headings].sort((a, b) => a - b));
  });
});
