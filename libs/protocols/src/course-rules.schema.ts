import { dateDurationSchema } from '#libs/kernel/src/iso-duration.js';
import { z } from 'zod';
import { codeSchema, rule, textsSchema } from './rule.schema.js';

const count = z.int().min(1).max(1000);
const days = z.int().min(0).max(10_000);

/** The devices a session may name. */
export const DEVICES = ['needle', 'microneedle-device', 'mechanical-gun', 'needle-free'] as const;
export const deviceSchema = z.enum(DEVICES);
export type Device = z.infer<typeof deviceSchema>;

/** How many sessions make a course; the physician chooses inside the range. */
export const sessionCountSchema = rule({ min: count, max: count.nullable() });

/** Whole calendar days between the local dates of two consecutive course sessions. */
export const intervalSchema = rule({ min: days, max: days });

export const depthSchema = z.discriminatedUnion('decidedBy', [
  rule({
    decidedBy: z.literal('protocol'),
    min: z.number().positive().max(100),
    max: z.number().positive().max(100),
    /** Devices with which depth is not checked. */
    exceptDevices: z.array(deviceSchema),
  }),
  rule({ decidedBy: z.literal('physician') }),
]);

export const durationSchema = rule({ min: z.int().min(0).max(1440), max: z.int().min(1).max(1440) });

export const stepSchema = rule({ code: codeSchema, title: textsSchema });

export const checkUpSchema = z.discriminatedUnion('kind', [
  rule({ kind: z.literal('after-each-session'), afterDays: days }),
  rule({ kind: z.literal('after-last-session'), afterDays: days }),
]);

/** An expected, passing effect. One that lasts longer turns up as a possible adverse event. */
export const expectedReactionSchema = rule({ code: codeSchema, withinDays: days });

/** What is recorded opens an adverse event. */
export const adverseEventSchema = rule({ code: codeSchema });

/** A course without a session for longer is flagged as lapsed. */
export const lapseSchema = rule({ afterDays: days });

/** A whole new course, suggested inside a window after the last course session. */
export const repeatCourseSchema = rule({ opens: dateDurationSchema, closes: dateDurationSchema });

export const maintenanceSchema = z.discriminatedUnion('kind', [
  rule({
    kind: z.literal('rhythm'),
    /** The performed course session from which the first window is counted. */
    anchor: z.enum(['first-session', 'last-session']),
    firstOpens: dateDurationSchema,
    firstCloses: dateDurationSchema,
    /** Counted from each maintenance session. */
    thenOpens: dateDurationSchema,
    thenCloses: dateDurationSchema,
    repeatCourse: repeatCourseSchema.nullable(),
  }),
  /** The physician sets the date, at the latest so long after the last session; null sets no limit. */
  rule({ kind: z.literal('physician'), latest: dateDurationSchema.nullable() }),
]);
export type MaintenanceRule = z.infer<typeof maintenanceSchema>;
