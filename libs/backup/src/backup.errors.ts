import { Conflict, Invalid, Refused, Unavailable } from '#libs/kernel/src/errors.js';

/** The file is no backup, or one that this version cannot read. */
export class BackupUnreadable extends Invalid {
  constructor(message: string, data: Readonly<Record<string, unknown>> = {}) {
    super('backup.unreadable', message, { data });
  }
}

/** The file is not what was written: it ends too early, or something in it was changed. */
export class BackupDamaged extends Invalid {
  constructor(where: string, offset: number, what: string) {
    super('backup.damaged', `The backup is damaged ${where} (byte ${offset}): ${what} Nothing of it can be trusted.`, {
      data: { where, offset },
    });
  }
}

/** The program is older than the one that made the backup. */
export class BackupNewer extends Refused {
  constructor(what: string, madeBy: string) {
    super(
      'backup.newer',
      `The backup ${what}, which this version of Pistor does not know. Restore it with version ${madeBy} or a later one.`,
      { data: { madeBy } },
    );
  }
}

/** What is in the backup was wrapped by another master key than the one at hand. */
export class OtherMasterKey extends Refused {
  constructor(wrappedBy: string, atHand: string, file: string) {
    super(
      'backup.other-master-key',
      `The backup was made under master key ${wrappedBy}, but ${file} holds ${atHand}. Put the right key there: ` +
        'without it no personal data in the backup can be read. Nothing was written.',
      { data: { wrappedBy, atHand } },
    );
  }
}

/** Only an empty place takes a backup. */
export class TargetNotEmpty extends Conflict {
  constructor(target: string, found: readonly string[], count: number) {
    const more = count > found.length ? ` and ${count - found.length} more` : '';
    super(
      'restore.not-empty',
      `A backup is restored into an empty place only, and ${target} holds ${found.join(', ')}${more}. ` +
        'Name an empty folder with --into, or an empty database in DATABASE_URL.',
      { data: { found: [...found], count } },
    );
  }
}

/** A restore did not come to its end, so what is there is not what was backed up. */
export class RestoreUnfinished extends Refused {
  constructor(target: string, begunAt: string) {
    super(
      'restore.unfinished',
      `A restore into ${target} began at ${begunAt} and did not come to its end, so this is only a part of what was ` +
        'backed up. Run `pistor restore` again: it begins anew. Or remove what is there.',
      { data: { begunAt } },
    );
  }
}

export class RestoreUnderWay extends Conflict {
  constructor(target: string) {
    super('restore.under-way', `Another process is restoring into ${target} at this moment. Wait until it is done.`);
  }
}

/** The log of the database has rows that no backup would take along: nobody has recorded them. Never to be left out silently. */
export class LogHasStrangers extends Unavailable {
  constructor(found: readonly string[]) {
    super(
      'backup.log-has-strangers',
      `${found.join(' ')} They were put in past the application and would not be in the backup. No backup was made.`,
      { data: { found: [...found] } },
    );
  }
}

/** The log of the database is not whole: positions are missing. Never seen, and never to be backed up silently. */
export class LogNotWhole extends Unavailable {
  constructor(chain: string, expected: number, found: number) {
    super(
      'backup.log-not-whole',
      `The log of chain ${chain} should have an event at position ${expected} and goes on at ${found}. No backup was made.`,
      { data: { chain, expected, found } },
    );
  }
}
