import { countsOf, statesOf, toggleState } from './states.js';

describe('the due list in its address', () => {
  it('shows everything where the address names nothing that exists', () => {
    expect(statesOf(undefined)).toEqual(['overdue', 'due', 'upcoming', 'unscheduled']);
    expect(statesOf('late')).toEqual(['overdue', 'due', 'upcoming', 'unscheduled']);
    expect(statesOf('unscheduled,overdue')).toEqual(['overdue', 'unscheduled']);
    expect(statesOf('due,overdue')).toEqual(['overdue', 'due']);
  });

  it('switches one state and leaves no parameter when all are shown', () => {
    expect(toggleState(['overdue', 'due', 'upcoming', 'unscheduled'], 'upcoming')).toBe('overdue,due,unscheduled');
    expect(toggleState(['overdue', 'due', 'upcoming'], 'unscheduled')).toBeUndefined();
    expect(toggleState(['due'], 'due')).toBeUndefined();
  });

  it('adds up sites', () => {
    const counts = { activeCourses: 9, overdue: 1, due: 2, upcoming: 3, unscheduled: 4 };
    expect(countsOf([{ counts }, { counts }])).toEqual({ overdue: 2, due: 4, upcoming: 6, unscheduled: 8 });
    expect(countsOf([])).toEqual({ overdue: 0, due: 0, upcoming: 0, unscheduled: 0 });
  });
});
