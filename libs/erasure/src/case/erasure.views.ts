import { listQueryOf, pageSchemaOf } from '#libs/http/src/validation.js';
import { instantSchema, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import { personSchema } from '#libs/treatment/src/shared.contract.js';
import { z } from 'zod';
import { erasureGroundSchema } from './erasure.events.js';

/** What was asked for, as long as it waits; the words are null where they were erased. */
const requestSchema = z.strictObject({
  erasureId: z.uuid(),
  ground: erasureGroundSchema,
  reason: z.string().nullable(),
  by: z.string(),
  at: instantSchema,
});

const holdSchema = z.strictObject({
  holdId: z.uuid(),
  patientId: z.uuid(),
  reason: z.string().nullable(),
  by: z.string(),
  at: instantSchema,
});

export const patientErasureSchema = z
  .strictObject({
    patientId: z.uuid(),
    /** `final`: the key that wrapped the person’s keys is destroyed. */
    state: z.enum(['none', 'requested', 'erased', 'final']),
    /** All registrations of the person: each is erased by an event of its own. */
    registrations: z.array(z.uuid()),
    request: requestSchema.nullable(),
    holds: z.array(holdSchema),
    /** The last day on which the record has to be kept; null where the person was never seen, or was erased. */
    keptUntil: localDateSchema.nullable(),
    /** Ids of the rules that stand against an erasure now. */
    against: z.array(z.string()),
    erased: z
      .strictObject({
        erasureId: z.uuid(),
        /** Null where the register of erasures brought it back into a restored backup. */
        by: z.string().nullable(),
        at: instantSchema.nullable(),
        /** Instants of real time; null: not yet. */
        keysDestroyedAt: instantSchema.nullable(),
        registeredAt: instantSchema.nullable(),
        rowsRemovedAt: instantSchema.nullable(),
        finalAt: instantSchema.nullable(),
        /** What an operator has to do before it becomes final; null where Pistor does it by itself. */
        todo: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'PatientErasure' });
export type PatientErasure = z.infer<typeof patientErasureSchema>;

export const ERASURE_STATES = ['requested', 'declined', 'erased'] as const;

export const erasureListSchema = pageSchemaOf(
  z.strictObject({
    patient: personSchema,
    erasureId: z.uuid(),
    state: z.enum(ERASURE_STATES),
    ground: erasureGroundSchema,
    requestedBy: z.string(),
    requestedAt: instantSchema,
    decidedBy: z.string().nullable(),
    decidedAt: instantSchema.nullable(),
    /** Of an erasure: when it became final; null: not yet. Real time. */
    finalAt: instantSchema.nullable(),
    todo: z.string().nullable(),
  }),
).meta({ id: 'Erasures' });
export type ErasureList = z.infer<typeof erasureListSchema>;

export const erasureListParamsSchema = listQueryOf({ state: z.enum(ERASURE_STATES).optional() });
export type ErasureListParams = z.output<typeof erasureListParamsSchema>;

export const erasureProposalsSchema = pageSchemaOf(
  z.strictObject({
    patient: personSchema,
    registrations: z.array(z.uuid()),
    /** The last day on which the record had to be kept. */
    keptUntil: localDateSchema,
  }),
).meta({ id: 'ErasureProposals' });
export type ErasureProposals = z.infer<typeof erasureProposalsSchema>;

export const erasureProposalsParamsSchema = listQueryOf({});
export type ErasureProposalsParams = z.output<typeof erasureProposalsParamsSchema>;
