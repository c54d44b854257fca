import { Conflict, type ErrorField, NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { Refusal, SeenAndAccepted } from '../refusal.js';
import { PRACTITIONER_RULES, type PractitionerRule } from './practitioner.rule-book.js';

/** One thing that stands against a command, with its rule and the statements that it rests on. */
export const practitionerField = (
  rule: PractitionerRule,
  field: string,
  message: string,
  details: SeenAndAccepted,
): Refusal<PractitionerRule> => ({ field, message, rule, facts: PRACTITIONER_RULES[rule].facts, ...details });

export class PractitionerUnknown extends NotFound {
  /** @param field of the request that names the practitioner */
  constructor(field = 'practitioner') {
    super('practitioner.unknown', 'There is no such practitioner.', {
      fields: [{ field, message: 'Name a practitioner who is registered.' }],
    });
  }
}

export class PractitionerExists extends Conflict {
  constructor() {
    super('practitioner.exists', 'There is such a practitioner already.', {
      fields: [
        practitionerField('practitioner.once', 'code', 'Another practitioner has this code.', {
          seen: 'a code that is taken',
          accepted: 'a code that nobody has',
        }),
      ],
    });
  }
}

/** Everything that stands against a command about credentials, so that it can be mended in one go. */
export class CredentialRefused extends Refused {
  constructor(fields: readonly ErrorField[]) {
    super('credential.refused', fields.map(({ message }) => message).join(' '), { fields });
  }
}

export class CredentialEntryUnknown extends NotFound {
  constructor() {
    super('credential-entry.unknown', 'The practitioner has no such entry, or it was taken back.', {
      fields: [
        practitionerField(
          'credential.entry',
          'event',
          'Name a grant or a revocation that stands, by the id of its event.',
          { seen: 'no such entry', accepted: 'a grant or a revocation that was not taken back' },
        ),
      ],
    });
  }
}
