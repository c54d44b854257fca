import { choicesOf } from './contact-choices.js';

function form(fields: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  return data;
}

describe('what a patient chooses', () => {
  it('is a channel for each kind, and where they live', () => {
    const filled = form({ clinical: 'sms', appointment: 'email', recall: 'none', timeZone: ' Europe/Paris ' });
    expect(choicesOf(filled)).toEqual({
      channels: { clinical: 'sms', appointment: 'email', recall: 'none' },
      timeZone: 'Europe/Paris',
    });
  });

  it('leaves out what follows the general preference', () => {
    expect(choicesOf(form({ clinical: '', appointment: '', recall: '', timeZone: '' }))).toEqual({
      channels: {},
      timeZone: null,
    });
  });
});
