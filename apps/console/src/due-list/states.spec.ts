import { countsOf, statesOf, toggleState } from './states.js';

describe('the due list in its address', () => {
  it('shows everything where the address names nothing that exists', () => {
    expect(statesOf(undefined)).toEqual(['overdue', 'due', 'upcoming']);
    expect(statesOf('late')).toEqual(['overdue', 'due', 'upcoming']);
    expect(statesOf('due,overdue')).toEqual(['overdue', 'due']);
  });

  it('switches one state and leaves no parameter when all are shown', () => {
    expect(toggleState(['overdue', 'due', 'upcoming'], 'upcoming')).toBe('overdue,due');
    expect(toggleState(['overdue', 'due'], 'upcoming')).toBeUndefined();
    expect(toggleState(['due'], 'due')).toBeUndefined();
  });

  it('adds up sites', () => {
    const counts = { activeCourses: 9, overdue: 1, due: 2, upcoming: 3 };
    expect(countsOf([{ counts }, { counts }])).toEqual({ overdue: 2, due: 4, upcoming: 6 });
    expect(countsOf([])).toEqual({ overdue: 0, due: 0, upcoming: 0 });
  });
});
