import { addDays } from '#libs/kernel/src/local-date.js';
import { localDateAt } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { clearConsultation } from './cleared-consultation.js';
import { allNo } from './course-given.js';
import { openTestApi, type TestApi } from './test-api.js';

/** Where the clinic is. */
export const ZONE = 'Europe/Istanbul';
export const PRODUCT = 'GlowMeso HA';

/**
 * A clinic that catches up over HTTP what it has on paper of `facial`: a site, and a physician whose credential has held
 * for 400 days. Days are counted back from today at the site.
 */
export class PaperClinic {
  private constructor(
    readonly api: TestApi,
    readonly today: string,
    readonly site: string,
    readonly physician: string,
  ) {}

  static async open(): Promise<PaperClinic> {
    const api = await openTestApi();
    const today = localDateAt(await api.pistor.engine.chains.now(api.pistor.chain), ZONE);
    const site = await api.made('/v1/sites', { name: 'Bebek', timeZone: ZONE, language: 'tr' });
    return new PaperClinic(api, today, site, await newPhysician(api, addDays(today, -400), null));
  }

  ago(days: number): string {
    return addDays(this.today, -days);
  }

  /** Another physician, with a credential from some days ago to some days ago, or for good. @returns the id */
  newPhysician(from: number, to: number | null): Promise<string> {
    return newPhysician(this.api, this.ago(from), to === null ? null : this.ago(to));
  }

  /** Receives a lot of `PRODUCT` that has not expired. @returns the id */
  receive(lotNumber: string): Promise<string> {
    return this.api.made('/v1/lots', {
      ...{ site: this.site, product: PRODUCT, lotNumber },
      ...{ receivedOn: this.ago(90), expiresOn: addDays(this.today, 300), ingredients: ['hyaluronic acid'] },
    });
  }

  /** Registers a patient. @returns the id */
  register(identity: { readonly givenName?: string; readonly birthDate?: string } = {}): Promise<string> {
    return this.api.made('/v1/patients', {
      identity: { familyName: 'Kaya', givenName: 'Ada', birthDate: '1980-05-05', sex: 'female', ...identity },
      preference: { language: 'tr', channel: 'none', contactConsent: false },
    });
  }

  /** Clears a patient some days ago. @returns the id of the consultation */
  clear(patient: string, days: number): Promise<string> {
    const who = { patient, site: this.site, practitioner: this.physician, procedure: 'facial' };
    return clearConsultation(this.api.made, { ...who, on: this.ago(days) });
  }

  /** What is sent to plan a course of four sessions on a consultation. */
  plan(consultation: string, more: object = {}): object {
    const planned = { site: this.site, practitioner: this.physician, protocol: 'facial', plannedSessions: 4 };
    return { consultation, ...planned, ...more };
  }

  /** What is sent of a session that was in order. @param at wall time at the site */
  session(at: string, more: object = {}): object {
    return {
      ...{ site: this.site, practitioner: this.physician, at },
      ...{ areas: ['face'], device: 'needle', depthMm: 2, durationMinutes: 45 },
      products: [{ product: PRODUCT, lotNumber: 'L1' }],
      ...{ identifiers: ['name', 'birth-date'], check: allNo(facial) },
      ...more,
    };
  }
}

const newPhysician = (api: TestApi, validFrom: string, validTo: string | null): Promise<string> =>
  api.made('/v1/practitioners', {
    ...{ name: 'Deniz', role: 'physician' },
    credentials: [{ procedures: ['facial'], validFrom, validTo }],
  });
