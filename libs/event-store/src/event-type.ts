import type { Occurred } from '#libs/kernel/src/occurred.js';
import { z } from 'zod';
import { type PersonalClass, personalFieldsOf } from './personal-data.js';

/** Lifts the data of schema version N to version N+1. Pure; personal fields may be `ERASED` in it. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

/** An event as a decider makes it: what happened and when, without ids, positions or recording time. */
export interface NewEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly occurredAt: Occurred;
  readonly data: Data;
}

/** One type of event: the zod schema of its newest version, and the way up from each older one. */
export interface EventType<Type extends string = string, Schema extends z.ZodObject = z.ZodObject> {
  readonly type: Type;
  /** Schema version, from 1. */
  readonly version: number;
  readonly schema: Schema;
  /** `upcasters[0]` lifts version 1 to 2, and so on: always `version - 1` of them. */
  readonly upcasters: readonly Upcaster[];
  /** The field that holds the id of the person whose keys close the boxes; undefined where nothing is personal. */
  readonly subject: string | undefined;
  readonly personalFields: ReadonlyMap<string, PersonalClass>;
  /** The personal fields that every event of this type has: what stands erased where a box is not opened. */
  readonly neededPersonal: ReadonlyMap<PersonalClass, readonly string[]>;
  /** Makes an event of this type. */
  (occurredAt: Occurred, data: z.infer<Schema>): NewEvent<Type, z.infer<Schema>>;
}

export interface EventTypeOptions<Schema extends z.ZodObject> {
  readonly version?: number;
  readonly schema: Schema;
  readonly upcasters?: readonly Upcaster[];
  /** Name of the open field that holds the person's id. Needed where the schema has personal fields. */
  readonly subject?: Extract<keyof z.infer<Schema>, string>;
}

/**
 * Defines a type of event.
 * @throws Error when the definition contradicts itself; that is found when the module loads.
 */
export function eventType<const Type extends string, Schema extends z.ZodObject>(
  type: Type,
  options: EventTypeOptions<Schema>,
): EventType<Type, Schema> {
  const { version = 1, schema, upcasters = [], subject } = options;
  const personalFields = personalFieldsOf(schema);
  if (upcasters.length !== version - 1) throw new Error(`${type} v${version} needs ${version - 1} upcasters`);
  if (personalFields.size > 0 && subject === undefined) throw new Error(`${type} has personal data but no subject`);
  const make = (occurredAt: Occurred, data: z.infer<Schema>) => ({ type, occurredAt, data });
  const neededPersonal = new Map<PersonalClass, string[]>();
  for (const [name, personalClass] of personalFields) {
    if (schema.shape[name] instanceof z.ZodOptional) continue;
    neededPersonal.set(personalClass, [...(neededPersonal.get(personalClass) ?? []), name]);
  }
  return Object.assign(make, {
    type,
    version,
    schema,
    upcasters,
    subject,
    personalFields,
    neededPersonal,
  }) as EventType<Type, Schema>;
}

/** The event that a type makes: `EventOf<typeof SiteRegistered>`. */
export type EventOf<T> = T extends EventType<infer Type, infer Schema> ? NewEvent<Type, z.infer<Schema>> : never;

/** The types of events that a deployment knows. A stored event of a type that is not in it is never guessed at. */
export class EventTypes {
  private readonly byType = new Map<string, EventType>();

  constructor(types: readonly EventType[]) {
    for (const type of types) {
      if (this.byType.has(type.type)) throw new Error(`Event type ${type.type} is defined twice`);
      this.byType.set(type.type, type);
    }
  }

  find(type: string): EventType | undefined {
    return this.byType.get(type);
  }

  all(): readonly EventType[] {
    return [...this.byType.values()];
  }
}
