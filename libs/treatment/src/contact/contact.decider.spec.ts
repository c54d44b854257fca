import fc from 'fast-check';
import { newId } from '#libs/kernel/src/ids.js';
import { type ContactCommand, decideContact } from './contact.decider.js';
import { CONTACT_CATEGORIES } from '#libs/protocols/src/contact-category.js';
import { CONTACT_INITIAL, type ContactState, evolveContact } from './contact.state.js';

const NOW = '2026-05-12T09:00:00.000Z';
const patientId = newId();
const apply = (contact: ContactState, command: ContactCommand) =>
  decideContact(command, { patientId, contact }, NOW).reduce(evolveContact, contact);
const given = (...commands: ContactCommand[]) => commands.reduce(apply, CONTACT_INITIAL);
const out = (...categories: ('clinical' | 'appointment' | 'recall')[]): ContactCommand => ({
  ...({ type: 'OptOut', by: 'reply', messageId: null } as const),
  categories,
});
const into = (...categories: ('clinical' | 'appointment' | 'recall')[]): ContactCommand => ({
  ...({ type: 'OptIn', by: 'staff', messageId: null } as const),
  categories,
});

describe('what a patient wants to be told', () => {
  it('[message.opted-out] says which kinds are not wanted any more, and only what is new', () => {
    expect(decideContact(out('recall'), { patientId, contact: given() }, NOW)).toMatchObject([
      { type: 'PatientOptedOut', data: { categories: ['recall'], by: 'reply' } },
    ]);
    expect(decideContact(out('recall', 'clinical'), { patientId, contact: given(out('recall')) }, NOW)).toMatchObject([
      { data: { categories: ['clinical'] } },
    ]);
    expect(given(out('recall'), into('recall')).optedOut).toEqual([]);
    expect(given(out(...CONTACT_CATEGORIES), into('clinical')).optedOut).toEqual(['appointment', 'recall']);
  });

  it('[message.channel] keeps a channel for each kind, and where the patient lives', () => {
    const choices = { channels: { clinical: 'sms' as const }, timeZone: 'America/Vancouver' };
    expect(given({ type: 'SetContactChoices', choices }).choices).toEqual(choices);
  });

  it('[message.sms-stopped] a STOP ends SMS and nothing else, and only a START begins them again', () => {
    const stop: ContactCommand = { type: 'StopSms', messageId: newId() };
    const resume: ContactCommand = { type: 'ResumeSms', messageId: newId() };
    expect(given(out('recall'), stop)).toMatchObject({ smsStopped: true, optedOut: ['recall'] });
    expect(given(out('recall'), stop, into('recall')).smsStopped).toBe(true);
    expect(given(out('recall'), stop, resume)).toMatchObject({ smsStopped: false, optedOut: ['recall'] });
  });

  it('adds nothing when it is repeated', () => {
    const categories = fc.subarray([...CONTACT_CATEGORIES], { minLength: 1 });
    const command = fc.oneof(
      categories.map((each) => out(...each)),
      categories.map((each) => into(...each)),
      fc.constantFrom<ContactCommand>(
        { type: 'StopSms', messageId: patientId },
        { type: 'ResumeSms', messageId: patientId },
      ),
      fc.constant<ContactCommand>({
        type: 'SetContactChoices',
        choices: { channels: { recall: 'none' }, timeZone: null },
      }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 6 }), command, (before, last) => {
        const contact = apply(given(...before), last);
        expect(decideContact(last, { patientId, contact }, NOW)).toEqual([]);
      }),
    );
  });
});
