/**
 * Sums up a CI run:
 *
 *     node scripts/count-reports.mjs FOLDER
 *
 * FOLDER holds one `STAGE.exit` with the exit code of each stage, and `STAGE.json`, Jest's own report, for a stage that
 * runs tests. The last line is `N passed, N failed`; the exit code is 0 only when nothing failed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const folder = process.argv[2];
/** Stages that only prepare the others: a failure counts, success is nothing to boast of. */
const preparing = new Set(['prepare', 'install']);
const testing = /^test/;

const stages = readdirSync(folder)
  .filter((file) => file.endsWith('.exit'))
  .map((file) => file.slice(0, -'.exit'.length));

const total = { passed: 0, failed: 0 };
for (const stage of stages.sort()) {
  const ok = readFileSync(join(folder, `${stage}.exit`), 'utf8').trim() === '0';
  const { passed, failed } = testing.test(stage) ? countTests(stage, ok) : { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
  if (!preparing.has(stage)) total.passed += passed;
  total.failed += failed;
  if (failed > 0) console.log(`Failed in ${stage}: ${failed}`);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/**
 * A suite that did not load, a test that is skipped without a reason, and a run that failed for another reason, or found
 * no test: all failed.
 */
function countTests(stage, ok) {
  const file = join(folder, `${stage}.json`);
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const passed = report.numPassedTests;
  for (const name of failedTests(report)) console.log(`FAILED in ${stage}: ${name}`);
  const excused = excusedTests(report);
  for (const [reason, count] of excused) console.log(`SKIPPED in ${stage}: ${count} tests (${reason})`);
  const skipped = report.numPendingTests + report.numTodoTests - [...excused.values()].reduce((a, b) => a + b, 0);
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites + skipped;
  return { passed, failed: failed === 0 && (!ok || passed === 0) ? 1 : failed };
}

/** What failed by name, suites that did not load by their file: the run's output is too long to look for them. */
function failedTests({ testResults }) {
  return testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, assertionResults }) => {
      const failed = assertionResults.filter((test) => test.status === 'failed').map(({ fullName }) => fullName);
      const file = relative(process.cwd(), name);
      return failed.length > 0 ? failed.map((test) => `${file}: ${test}`) : [`${file} did not run`];
    });
}

/** Skipped tests whose names say why, `… (skipped: REASON) …`, counted by reason. */
function excusedTests(report) {
  const counts = new Map();
  for (const { fullName, status } of report.testResults.flatMap((suite) => suite.assertionResults)) {
    const reason = status === 'pending' && /\(skipped: ([^)]+)\)/.exec(fullName)?.[1];
    if (reason) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}
