import { taskText } from './task-text.js';

it('says of a task what it is and what to do', () => {
  expect(taskText('worried')).toEqual({ what: 'Worried after a session', todo: 'Call the patient.' });
});

it('writes a kind that it does not know from its code', () => {
  expect(taskText('something-new')).toEqual({ what: 'Something new', todo: 'See to it.' });
});
