import { Conflict, NotFound, Refused } from '#libs/kernel/src/errors.js';

export class UserUnknown extends NotFound {
  constructor() {
    super('user.unknown', 'There is no such user.');
  }
}

export class GrantUnknown extends NotFound {
  constructor() {
    super('grant.unknown', 'The user holds no such role.');
  }
}

export class OpeningUnknown extends NotFound {
  constructor() {
    super('opening.unknown', 'There is no such opening of a record.');
  }
}

/** Nobody takes from themselves what they would need to give it back. */
export class NotOneself extends Refused {
  constructor(what: string) {
    super('user.not-oneself', `Nobody may ${what} themselves: somebody else has to do it.`, {
      fields: [{ field: 'user', message: 'Another user than yourself.', rule: 'user.not-oneself' }],
    });
  }
}

/** What a role needs to be held: a site, all sites, or a patient. */
export class GrantMalformed extends Refused {
  constructor(field: string, message: string) {
    super('grant.malformed', message, { fields: [{ field, message, rule: 'grant.place' }] });
  }
}

export class UserIsDisabled extends Conflict {
  constructor() {
    super('user.disabled', 'The user is disabled. Enable them first.');
  }
}

export class OpeningIsReviewed extends Conflict {
  constructor() {
    super('opening.reviewed', 'Somebody has looked at this already.');
  }
}
