import { z } from 'zod';
import { aftercareItemSchema } from './aftercare.schema.js';
import {
  adverseEventSchema,
  checkUpSchema,
  depthSchema,
  deviceSchema,
  durationSchema,
  expectedReactionSchema,
  intervalSchema,
  lapseSchema,
  maintenanceSchema,
  sessionCountSchema,
  stepSchema,
} from './course-rules.schema.js';
import { messageRuleSchema, type MessageKind, type MessageRule } from './message-rule.schema.js';
import { codeSchema, evidenceSchema, languageSchema, rule, textsSchema } from './rule.schema.js';
import { preSessionSchema, screeningSchema } from './screening.schema.js';

/**
 * One version of a protocol: every rule of a procedure as data, with the published statements it rests on. A published
 * version never changes, so that a course can be judged for ever by the version it was planned with.
 */
export const protocolSchema = z.strictObject({
  code: codeSchema,
  version: z.int().min(1),
  /**
   * The procedure that its rules are for, where that is not its own code: of a copy, the procedure of what was copied. The
   * days between sessions count over all courses of a procedure.
   */
  procedure: codeSchema.optional(),
  /** The languages in which every text of the protocol must stand. */
  languages: z.array(languageSchema).min(1),
  title: textsSchema,
  evidence: z.array(evidenceSchema),

  /** Where it is applied and with what: for planning; nothing is refused by it. */
  areas: rule({ codes: z.array(codeSchema) }).nullable(),
  ingredients: rule({
    items: z.array(
      z.strictObject({
        name: z.string().trim().min(1),
        /** Substances it is made from: an allergy to one of them is held for review. */
        derivedFrom: z.array(z.string().trim().min(1)),
      }),
    ),
  }).nullable(),
  devices: rule({ codes: z.array(deviceSchema) }),

  /** What the consultation records beside the health questionnaire. */
  consultation: z.array(rule({ code: codeSchema })),
  screening: screeningSchema,
  /** Tests whose results must be there before the first session. */
  testsFirst: z.array(rule({ code: codeSchema })),

  sessions: sessionCountSchema,
  intervalDays: intervalSchema,
  preSession: preSessionSchema,
  /** In their order. */
  steps: z.array(stepSchema),
  depthMm: depthSchema,
  durationMinutes: durationSchema,

  aftercare: z.array(aftercareItemSchema),
  checkUps: z.array(checkUpSchema),
  expectedReactions: z.array(expectedReactionSchema),
  adverseEvents: z.array(adverseEventSchema),
  lapse: lapseSchema,
  maintenance: maintenanceSchema,
  messages: z.array(messageRuleSchema),

  /** Published statements that inform and rule nothing, by topic. */
  information: z.array(rule({ topic: codeSchema })),
});
export type Protocol = z.infer<typeof protocolSchema>;

/** The procedure that a protocol is for: the one that it names, else its own code. */
export const procedureOf = ({ code, procedure }: Pick<Protocol, 'code' | 'procedure'>): string => procedure ?? code;

/** The protocol's rule for a kind of message; undefined where it sends none. */
export function messageRuleOf<Kind extends MessageKind>(
  protocol: Protocol,
  kind: Kind,
): Extract<MessageRule, { kind: Kind }> | undefined {
  return protocol.messages.find((message): message is Extract<MessageRule, { kind: Kind }> => message.kind === kind);
}
