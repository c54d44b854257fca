import { chooseHistory } from './history-files.js';

const named = (...names: string[]) => names.map((name) => ({ name }));

describe('choosing what to import', () => {
  it('takes the files of a history and leaves others where they are', () => {
    const choice = chooseHistory(named('sites.csv', 'Courses.CSV', 'notes.csv', 'README.md'));
    expect(choice).toEqual({ kind: 'files', files: named('sites.csv', 'Courses.CSV') });
  });

  it('takes a zip as it is', () => {
    expect(chooseHistory(named('history.zip'))).toEqual({ kind: 'zip', zip: { name: 'history.zip' } });
  });

  it('says what is missing', () => {
    expect(chooseHistory(named('notes.txt'))).toMatchObject({
      kind: 'nothing',
      why: expect.stringContaining('notes.txt'),
    });
    expect(chooseHistory([])).toMatchObject({ why: expect.stringContaining('nothing was chosen') });
  });
});
