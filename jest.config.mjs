import { existsSync, readFileSync } from 'node:fs';

const { $schema: _schema, ...swc } = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
const commonjs = { ...swc, module: { type: 'commonjs' }, swcrc: false };
const withJsx = {
  ...commonjs,
  jsc: {
    ...swc.jsc,
    parser: { ...swc.jsc.parser, tsx: true },
    transform: { ...swc.jsc.transform, react: { runtime: 'automatic' } },
  },
};

/**
 * One configuration for the four suites. The suite is chosen by file name (`--testMatch` in package.json): `*.spec.ts`
 * needs no service, `*.int-spec.ts` needs PostgreSQL and Redis, `*.contract-spec.ts` needs the event store that it is
 * named after, `*.e2e-spec.ts` needs a browser.
 */
export default {
  testEnvironment: 'node',
  // `app-source` makes `#libs/...` resolve to the TypeScript source instead of dist.
  testEnvironmentOptions: { customExportConditions: ['app-source', 'node', 'node-addons', 'module-sync'] },
  roots: ['apps', 'libs', 'test']
    .filter((folder) => existsSync(new URL(folder, import.meta.url)))
    .map((folder) => `<rootDir>/${folder}`),
  testMatch: ['**/*.spec.ts', '**/*.spec.tsx'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', commonjs],
    '^.+\\.tsx$': ['@swc/jest', withJsx],
    '^.+\\.m?js$': '<rootDir>/test/jest-esm-to-cjs.cjs',
  },
  // Nest's packages are ESM only, so node_modules goes through the transform too; it leaves CommonJS files as they are.
  transformIgnorePatterns: [],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'] },
  // A database is created per suite file; on a loaded machine of two cores that alone can take seconds.
  testTimeout: 120_000,
};
