import { type ErrorField, Refused } from '#libs/kernel/src/errors.js';

export class MaintenanceRefused extends Refused {
  /** Everything that stands against it, so that it can be mended in one go. */
  constructor(fields: readonly ErrorField[]) {
    super('maintenance.refused', `Maintenance cannot be set so: ${fields.map((field) => field.message).join(' ')}`, {
      fields,
    });
  }
}
