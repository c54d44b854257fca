import { localDateSchema, zoneSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { contactPreferenceSchema, healthSchema, sexSchema } from '../patient/patient.events.js';
import { practitionerRoleSchema } from '../practitioner/practitioner.events.js';
import { protocolStateSchema } from '../protocol/protocol.contract.js';
import { siteRefSchema } from '../shared.contract.js';
import { quietHoursSchema } from '../site/site.events.js';

export const siteViewSchema = z
  .strictObject({
    id: z.uuid(),
    code: z.string().nullable(),
    name: z.string(),
    timeZone: zoneSchema,
    language: z.string(),
    quietHours: quietHoursSchema,
    /** Courses of the site, and the maintenance windows of its completed courses on the date there. */
    counts: z.strictObject({
      activeCourses: z.int().nonnegative(),
      due: z.int().nonnegative(),
      overdue: z.int().nonnegative(),
      upcoming: z.int().nonnegative(),
      /** A physician is still to set the window. */
      unscheduled: z.int().nonnegative(),
    }),
  })
  .meta({ id: 'Site' });
export type SiteView = z.infer<typeof siteViewSchema>;

export const practitionerViewSchema = z
  .strictObject({
    id: z.uuid(),
    code: z.string().nullable(),
    name: z.string().nullable(),
    role: practitionerRoleSchema,
    credentials: z.array(
      z.strictObject({
        procedures: z.array(z.string()),
        validFrom: localDateSchema,
        /** The last valid day; null: open. */
        validTo: localDateSchema.nullable(),
      }),
    ),
  })
  .meta({ id: 'Practitioner' });
export type PractitionerView = z.infer<typeof practitionerViewSchema>;

export const patientSummarySchema = z
  .strictObject({
    id: z.uuid(),
    code: z.string().nullable(),
    name: z.string().nullable(),
    ...contactPreferenceSchema.shape,
    /** How many courses the patient has had, ended ones included. */
    courses: z.int().nonnegative(),
  })
  .meta({ id: 'PatientSummary' });
export type PatientSummary = z.infer<typeof patientSummarySchema>;

/** Everything about a patient; what was erased is null. */
export const patientViewSchema = z
  .strictObject({
    id: z.uuid(),
    code: z.string().nullable(),
    name: z.string().nullable(),
    familyName: z.string().nullable(),
    givenName: z.string().nullable(),
    birthDate: localDateSchema.nullable(),
    sex: sexSchema.nullable(),
    phone: z.string().nullable(),
    email: z.string().nullable(),
    preference: contactPreferenceSchema,
    health: healthSchema.nullable(),
    /** For If-Match. */
    revision: z.int().nonnegative(),
  })
  .meta({ id: 'Patient' });
export type PatientView = z.infer<typeof patientViewSchema>;

export const lotViewSchema = z
  .strictObject({
    id: z.uuid(),
    site: siteRefSchema,
    product: z.string(),
    lotNumber: z.string(),
    gtin: z.string().nullable(),
    /** The last day on which it may be used. */
    expiresOn: localDateSchema,
    receivedOn: localDateSchema,
    ingredients: z.array(z.string()),
  })
  .meta({ id: 'Lot' });
export type LotView = z.infer<typeof lotViewSchema>;

/** Over the performed sessions in which a lot was used, whether it was received or not. */
export const lotUsageSchema = z
  .strictObject({
    product: z.string(),
    lot: z.string(),
    sessions: z.int().positive(),
    patients: z.int().positive(),
    /** Codes of the sites, in their order; the id of a site that has none. */
    sites: z.array(z.string()),
    /** Sessions after the expiry that is on record at their site. */
    expired: z.int().nonnegative(),
  })
  .meta({ id: 'LotUsage' });
export type LotUsage = z.infer<typeof lotUsageSchema>;

export const protocolSummarySchema = z
  .strictObject({
    code: z.string(),
    version: z.int().positive(),
    /** By language. */
    title: z.record(z.string(), z.string()),
    /** `retired`: no new course is planned with it. */
    state: protocolStateSchema,
    publishedAt: z.iso.datetime(),
    retiredAt: z.iso.datetime().nullable(),
    /** Ids of all published facts that its rules rest on. */
    facts: z.array(z.string()),
  })
  .meta({ id: 'ProtocolSummary' });
export type ProtocolSummary = z.infer<typeof protocolSummarySchema>;

/** A published statement, as it was published; what it leaves open is absent. */
export const factSchema = z.looseObject({ id: z.string(), kind: z.string() }).meta({ id: 'Fact' });
export type FactView = z.infer<typeof factSchema>;
