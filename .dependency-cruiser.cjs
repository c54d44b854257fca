/**
 * Arrows run one way: apps -> domain libraries -> engine libraries -> event store -> database -> kernel.
 * Tests (`*.spec.ts` and the like) may reach further sideways, never upwards.
 */
const engine = 'projections|queue|cqrs|http|engine';
/** The order of the domain libraries: an arrow goes to the left only. */
const domainOrder = [
  'protocols',
  'treatment',
  'messaging',
  'channels|history-import|booking|what-if',
  'tasks',
  'erasure|signature',
];
const domain = domainOrder.join('|');
const test = '\\.(?:int-|e2e-)?spec\\.tsx?$';

/** What the web console can load, too: no I/O, no framework. */
const pureRoles = 'events|upcasters|commands|state|decider|rules|rule-book|errors|jobs';

/** @returns a rule: files under `libs/<from>` use no library but those in `allowed`, and themselves */
const layer = (from, allowed) => ({
  name: `${from.split('|')[0]}-layer`,
  comment: `libs/(${from}) may use ${allowed || 'no other library'}`,
  severity: 'error',
  from: { path: `^libs/(${from})/` },
  to: { path: '^libs/', pathNot: `^libs/(${[from, allowed].filter(Boolean).join('|')})/` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-barrels',
      comment: 'Import the file that has the thing: cycles start in barrels.',
      severity: 'error',
      from: {},
      to: { path: '/index\\.[cm]?[jt]sx?$', pathNot: '(^|/)node_modules/' },
    },

    layer('kernel', ''),
    layer('database', 'kernel'),
    layer('event-store', 'database|kernel'),
    layer('backup', 'event-store|database|kernel'),
    layer('ledger', `${engine}|event-store|database|kernel`),
    layer('read-record', `ledger|${engine}|event-store|database|kernel`),
    layer('evidence', `ledger|read-record|backup|${engine}|event-store|database|kernel`),
    layer(engine, 'event-store|database|kernel'),
    layer(domain, `${engine}|access|event-store|database|kernel`),
    {
      name: 'domain-to-access-by-contract',
      comment: 'Who may do what is decided before the domain is asked; of people it sees what happened to them.',
      severity: 'error',
      from: { path: `^libs/(${domain})/`, pathNot: test },
      to: { path: '^libs/access/', pathNot: '\\.contract\\.ts$' },
    },
    layer('access', `${engine}|event-store|database|kernel`),
    // Of the domain, each sees those before it and none after it.
    ...domainOrder.map((names, n) => ({
      name: `domain-${names.split('|')[0]}-not-forward`,
      comment: `libs/(${names}) stands before ${domainOrder.slice(n + 1).join(', ') || 'none'}: nothing of these may be used in it`,
      severity: 'error',
      from: { path: `^libs/(${names})/`, pathNot: test },
      to: { path: `^libs/(${domainOrder.slice(n + 1).join('|') || 'none'})/` },
    })),
    { name: 'libs-not-to-apps', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'code-not-to-tests',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: test },
      to: { path: `^test/|${test}` },
    },
    {
      name: 'domain-to-domain-by-contract',
      comment: 'A domain library sees the contract of another one only. The protocols are the vocabulary of all.',
      severity: 'error',
      from: { path: `^libs/(${domain})/`, pathNot: test },
      to: { path: `^libs/(${domain})/`, pathNot: ['^libs/$1/', '^libs/protocols/', '\\.contract\\.ts$'] },
    },
    {
      name: 'pure-files',
      comment: `${pureRoles}: kernel, zod, protocols, siblings of the same kind or without a role, event types`,
      severity: 'error',
      from: { path: `^libs/(${domain})/src/.*\\.(?:${pureRoles})\\.ts$` },
      to: {
        pathNot: [
          '^libs/(kernel|protocols)/',
          '(^|/)node_modules/zod/',
          `^libs/$1/src/.*\\.(?:${pureRoles}|contract|types)\\.ts$`,
          '^libs/$1/.*/[^/.]+\\.ts$',
          '^libs/event-store/src/(event-type|recorded-event|personal-data|correction)\\.ts$',
        ],
      },
    },

    {
      name: 'app-to-app',
      comment: 'The CLI runs the other apps; they know nothing of each other.',
      severity: 'error',
      from: { path: '^apps/(api|worker|console)/', pathNot: test },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    { name: 'cli-not-to-console', severity: 'error', from: { path: '^apps/cli/' }, to: { path: '^apps/console/' } },
    {
      name: 'console-loads-pure-files',
      comment: 'What runs in the browser must not pull in a database or a framework.',
      severity: 'error',
      from: { path: '^apps/console/', pathNot: test },
      to: {
        path: '^libs/',
        pathNot: ['^libs/(kernel|protocols)/', `\\.(?:${pureRoles}|contract|types)\\.ts$`],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Imports of types count: a type of an upper layer in a lower one is a wrong arrow as well.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['app-source', 'types', 'import', 'node', 'default', 'require'],
      exportsFields: ['exports'],
    },
  },
};
