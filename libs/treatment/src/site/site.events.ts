import { type EventOf, eventType } from '#libs/event-store/src/event-type.js';
import { localDateSchema, zoneSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';

export const siteStream = (siteId: string) => `site-${siteId}`;

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day as HH:MM');

/** No message leaves between these times of the recipient's day; a window may go past midnight. */
export const quietHoursSchema = z
  .strictObject({ from: clockTime, to: clockTime })
  // The same time twice could mean never or always.
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'another time than `from`' });
export type QuietHours = z.infer<typeof quietHoursSchema>;

/** The chain's own choice, until a site sets its hours. */
export const QUIET_HOURS_DEFAULT: QuietHours = { from: '21:00', to: '08:00' };

const DAYS_MAX = 365;
const reportingDays = z.int().min(0).max(DAYS_MAX);

/**
 * What the law of a site's country asks for, in whole days and whole years. The bounds only catch what is mistyped: no
 * country asks for less or more.
 */
export const legalRulesSchema = z.strictObject({
  /** Days from learning of an adverse event to the last day for its report to the authority, by its severity. */
  reportingDays: z
    .strictObject({ severe: reportingDays, moderate: reportingDays, mild: reportingDays })
    // What is worse is told sooner, or at the same time.
    .refine(({ severe, moderate }) => severe <= moderate, { path: ['severe'], message: 'at most as for `moderate`' })
    .refine(({ moderate, mild }) => moderate <= mild, { path: ['moderate'], message: 'at most as for `mild`' }),
  /** The age from which a person signs for themselves, in years. */
  ageOfMajorityYears: z.int().min(12).max(25),
});
export type LegalRules = z.infer<typeof legalRulesSchema>;

/**
 * Until a site sets its own. No published statement gives the days: they are this record's choice. The age is that of the
 * UN Convention on the Rights of the Child.
 */
export const LEGAL_RULES_DEFAULT: LegalRules = {
  reportingDays: { severe: 1, moderate: 15, mild: 30 },
  ageOfMajorityYears: 18,
};

export const SiteRegistered = eventType('SiteRegistered', {
  schema: z.strictObject({
    siteId: z.uuid(),
    name: z.string().min(1),
    timeZone: zoneSchema,
    /** BCP 47, for example `tr`. */
    language: z.string().min(2),
    quietHours: quietHoursSchema,
  }),
});

export const SiteQuietHoursSet = eventType('SiteQuietHoursSet', {
  schema: z.strictObject({ siteId: z.uuid(), quietHours: quietHoursSchema }),
});

/** What the law of the country asks for, from the moment of the event on; what was decided before stays as it was. */
export const SiteLegalRulesSet = eventType('SiteLegalRulesSet', {
  schema: z.strictObject({ siteId: z.uuid(), rules: legalRulesSchema }),
});

const YEARS_MAX = 100;

/**
 * For how long the law of a site's country wants a record kept, in whole years. Personal data is not erased before, and
 * proposed for erasure after.
 */
export const retentionRulesSchema = z.strictObject({
  /** After the last day on which the patient was seen. */
  years: z.int().min(0).max(YEARS_MAX),
  /** Whoever was under age on that day: at least until so many years after they come of age. */
  yearsFromMajority: z.int().min(0).max(YEARS_MAX),
});
export type RetentionRules = z.infer<typeof retentionRulesSchema>;

/**
 * Until a site sets its own. No published statement gives the years: they are this record's choice, and rather too long than
 * too short, since what was erased does not come back.
 */
export const RETENTION_RULES_DEFAULT: RetentionRules = { years: 20, yearsFromMajority: 10 };

/** For how long records are kept, from the moment of the event on. */
export const SiteRetentionRulesSet = eventType('SiteRetentionRulesSet', {
  schema: z.strictObject({ siteId: z.uuid(), rules: retentionRulesSchema }),
});

/** Staff have looked through the maintenance that an import left overdue, and let its first messages go. */
export const SiteImportedMaintenanceReleased = eventType('SiteImportedMaintenanceReleased', {
  schema: z.strictObject({ siteId: z.uuid() }),
});

const openSpanSchema = z
  .strictObject({ from: clockTime, to: clockTime })
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'later than `from`, on the same day' });

const openDaySchema = z.array(openSpanSchema).max(6).default([]);

/** When somebody is there, by the clock of the site. A day without spans is closed. */
export const openingHoursSchema = z.strictObject({
  weekly: z.strictObject({
    monday: openDaySchema,
    tuesday: openDaySchema,
    wednesday: openDaySchema,
    thursday: openDaySchema,
    friday: openDaySchema,
    saturday: openDaySchema,
    sunday: openDaySchema,
  }),
  /** Days on which it is closed though the week says otherwise. */
  closedOn: z.array(localDateSchema).max(400).default([]),
});
export type OpeningHours = z.infer<typeof openingHoursSchema>;

export const SiteOpeningHoursSet = eventType('SiteOpeningHoursSet', {
  schema: z.strictObject({ siteId: z.uuid(), openingHours: openingHoursSchema }),
});

/** How the site invites its patients to come again. */
export const recallRulesSchema = z.strictObject({
  /** A patient gets no more invitations than `count` within `days`; null: as many as fall due. */
  cap: z.strictObject({ count: z.int().min(1).max(50), days: z.int().min(1).max(366) }).nullable(),
  /** How times are proposed for maintenance; null: patients are asked to call. */
  proposals: z
    .strictObject({
      /** How many patients can be treated at the same time. */
      capacity: z.int().min(1).max(100),
      /** Proposed so many days ahead of the window's first day, at the earliest. */
      leadDays: z.int().min(0).max(60),
      /** A time is held so long for the answer. */
      holdHours: z.int().min(1).max(336),
      /** After so many times without an answer, staff are asked to call. */
      triesMax: z.int().min(1).max(10),
      /** Whether the patient's yes books the session, or somebody of the staff confirms it. */
      confirmedBy: z.enum(['patient', 'staff']),
    })
    .nullable(),
});
export type RecallRules = z.infer<typeof recallRulesSchema>;

/** Until a site sets its own: two invitations in a week, and nothing is proposed. This record's choice. */
export const RECALL_RULES_DEFAULT: RecallRules = { cap: { count: 2, days: 7 }, proposals: null };

export const SiteRecallRulesSet = eventType('SiteRecallRulesSet', {
  schema: z.strictObject({ siteId: z.uuid(), rules: recallRulesSchema }),
});

export const SITE_EVENTS = [
  SiteRegistered,
  SiteQuietHoursSet,
  SiteLegalRulesSet,
  SiteOpeningHoursSet,
  SiteRecallRulesSet,
  SiteRetentionRulesSet,
  SiteImportedMaintenanceReleased,
] as const;
export type SiteEvent = EventOf<(typeof SITE_EVENTS)[number]>;
