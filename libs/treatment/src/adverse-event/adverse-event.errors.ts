import { type ErrorField, NotFound, Refused } from '#libs/kernel/src/errors.js';
import type { Refusal, SeenAndAccepted } from '../refusal.js';
import { ADVERSE_EVENT_RULES } from './adverse-event.rule-book.js';

export class AdverseEventUnknown extends NotFound {
  constructor() {
    super('adverse-event.unknown', 'The patient has no such adverse event, or it was taken back.', {
      fields: [
        {
          field: 'adverseEvent',
          message:
            'Name an adverse event of this patient by its id; for one that a follow-up found, name its course, too.',
        },
      ],
    });
  }
}

export class AdverseEventRefused extends Refused {
  constructor(fields: readonly ErrorField[]) {
    super('adverse-event.refused', fields.map(({ message }) => message).join(' '), { fields });
  }
}

/** @param values never personal data */
export function brokenRule(
  rule: keyof typeof ADVERSE_EVENT_RULES,
  field: string,
  message: string,
  values: SeenAndAccepted,
): Refusal {
  return { field, message, rule, facts: ADVERSE_EVENT_RULES[rule].facts, ...values };
}

/** @throws AdverseEventRefused where a rule is broken */
export function refuseBroken(fields: readonly (ErrorField | false)[]): void {
  const broken = fields.filter((field) => field !== false);
  if (broken.length > 0) throw new AdverseEventRefused(broken);
}
