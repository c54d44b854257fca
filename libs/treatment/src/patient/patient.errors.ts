import { Conflict, type ErrorField, NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { Refusal, SeenAndAccepted } from '../refusal.js';
import { PATIENT_RULES } from './patient.rule-book.js';

export class PatientUnknown extends NotFound {
  constructor(field = 'patient') {
    super('patient.unknown', 'There is no such patient.', {
      fields: [{ field, message: 'Name a patient that is registered.' }],
    });
  }
}

export class PatientExists extends Conflict {
  constructor() {
    super('patient.exists', 'There is such a patient already.');
  }
}

/** Nothing more is recorded of somebody who was erased. */
export class PatientIsErased extends Refused {
  constructor(field = 'patient') {
    const message = 'The patient was erased: nothing more is recorded about them.';
    super('patient.erased', message, {
      fields: [brokenRule('patient.erased', field, message, { seen: 'erased', accepted: 'a patient on record' })],
    });
  }
}

export class HealthFactUnknown extends NotFound {
  constructor() {
    super('health-fact.unknown', 'The patient has no such health fact.', {
      fields: [{ field: 'fact', message: 'Name a health fact of this patient by its id.' }],
    });
  }
}

export class LinkUnknown extends NotFound {
  constructor() {
    super('patient-link.unknown', 'The patient has no such link.', {
      fields: [{ field: 'link', message: 'Name a link of this patient by its id.' }],
    });
  }
}

export class EntryUnknown extends NotFound {
  constructor() {
    super('patient-entry.unknown', 'The patient has no such entry, or it was taken back.', {
      fields: [
        brokenRule(
          'patient-entry.stands',
          'event',
          'Name an entry of this patient that stands by the id of its event.',
          { seen: 'no such entry', accepted: 'an entry of this patient that was not taken back' },
        ),
      ],
    });
  }
}

/** Everything that stands against a command on a patient, so that it can be mended in one go. */
export class PatientRefused extends Refused {
  constructor(code: string, fields: readonly ErrorField[]) {
    super(code, fields.map(({ message }) => message).join(' '), { fields });
  }
}

/** @param seen and `accepted` never hold personal data */
export function brokenRule(
  rule: keyof typeof PATIENT_RULES,
  field: string,
  message: string,
  values: SeenAndAccepted,
): Refusal {
  return { field, message, rule, facts: PATIENT_RULES[rule].facts, ...values };
}

/** @throws PatientRefused where a rule is broken */
export function refuseBroken(code: string, fields: readonly (ErrorField | false)[]): void {
  const broken = fields.filter((field) => field !== false);
  if (broken.length > 0) throw new PatientRefused(code, broken);
}
