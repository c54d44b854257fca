import { withProgress } from './import-run.js';

describe('the progress of an import', () => {
  it('keeps the latest word on each file in the order the files were begun', () => {
    const first = withProgress([], { file: 'sites.csv', lines: 1, total: 6 });
    const second = withProgress(first, { file: 'patients.csv', lines: 10, total: 246 });
    const third = withProgress(second, { file: 'sites.csv', lines: 6, total: 6 });
    expect(third).toEqual([
      { file: 'sites.csv', lines: 6, total: 6 },
      { file: 'patients.csv', lines: 10, total: 246 },
    ]);
    expect(second).toHaveLength(2);
  });
});
