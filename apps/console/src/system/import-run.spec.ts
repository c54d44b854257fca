import { ApiProblem } from '../api/http.js';
import { type ImportState, importRun } from './import-run.js';

const fetchBefore = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = fetchBefore;
});

/** Runs an import of a zip that the server answers with these lines. */
async function states(...lines: object[]): Promise<ImportState[]> {
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  globalThis.fetch = async () => new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
  const seen: ImportState[] = [];
  const stop = importRun.subscribe(() => seen.push(importRun.current()));
  await importRun.start([new File(['PK'], 'history.zip')]);
  stop();
  return seen;
}

const progress = { file: 'sites.csv', lines: 6, bytes: 300, totalBytes: 900 };
const report = { files: {}, refused: [] };

describe('an import', () => {
  it('shows how far it is, and ends with the report', async () => {
    const seen = await states({ progress }, { report, notes: [] });
    expect(seen.find((state) => state.progress)).toMatchObject({ isRunning: true, phase: 'Reading', progress });
    expect(seen.at(-1)).toMatchObject({ isRunning: false, error: null, report });
  });

  it('ends with the problem that the server met after it had begun to answer', async () => {
    const problem = {
      title: 'Unavailable',
      status: 503,
      detail: 'The database does not answer.',
      code: 'database.gone',
    };
    const last = (await states({ progress }, { error: problem })).at(-1);
    expect(last).toMatchObject({ isRunning: false, report: null });
    expect(last?.error).toBeInstanceOf(ApiProblem);
    expect(last?.error).toMatchObject({ status: 503, code: 'database.gone', message: 'The database does not answer.' });
  });

  it('says so when the server broke off', async () => {
    expect((await states({ progress })).at(-1)?.error?.message).toContain('broke off');
  });
});
