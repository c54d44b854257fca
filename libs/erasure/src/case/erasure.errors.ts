import { Conflict, type ErrorField, NotFound, Refused } from '#libs/kernel/src/errors.js';
import { ERASURE_RULES } from '../erasure.rule-book.js';

/** Everything that stands against an erasure, so that all of it is seen at once. */
export class ErasureRefused extends Refused {
  constructor(fields: readonly ErrorField[]) {
    super('erasure.refused', fields.map(({ message }) => message).join(' '), { fields });
  }
}

/** The same person cannot be both of the two who decide. */
export class SecondPersonNeeded extends Refused {
  constructor() {
    const message = 'Whoever asked for the erasure does not confirm it: a second person decides.';
    super('erasure.second-person', message, {
      fields: [brokenRule('erasure.two-people', '', message, { seen: 'the same person', accepted: 'another person' })],
    });
  }
}

export class ErasureUnderWay extends Conflict {
  constructor() {
    const message = 'The erasure of this person was asked for already and waits for a second person.';
    super('erasure.under-way', message, { fields: [brokenRule('erasure.once', 'patient', message)] });
  }
}

export class ErasureDone extends Conflict {
  constructor() {
    const message = 'The person was erased already.';
    super('erasure.done', message, { fields: [brokenRule('erasure.once', 'patient', message)] });
  }
}

export class ErasureUnknown extends NotFound {
  constructor() {
    super('erasure.unknown', 'Nobody has asked for this erasure, or it was decided already.', {
      fields: [{ field: 'erasure', message: 'Name a request of this patient that waits, by its id.' }],
    });
  }
}

export class LegalHoldUnknown extends NotFound {
  constructor() {
    super('legal-hold.unknown', 'The patient has no such legal hold.', {
      fields: [{ field: 'hold', message: 'Name a legal hold of this patient by its id.' }],
    });
  }
}

export function brokenRule(
  rule: keyof typeof ERASURE_RULES,
  field: string,
  message: string,
  values: Pick<ErrorField, 'seen' | 'accepted'> = {},
): ErrorField {
  return { field, message, rule, facts: ERASURE_RULES[rule].facts, ...values };
}
