import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';

/** What somebody can be at a site. What each may do stands in one table: libs/access/src/roles.ts. */
export const ROLES = [
  'administrator',
  'site-manager',
  'practitioner',
  'physician',
  'receptionist',
  'auditor',
  'patient',
  'integration',
] as const;
export type Role = (typeof ROLES)[number];

/** What an endpoint may ask of its caller. Names only: who holds which is said elsewhere. */
export const PERMISSIONS = [
  // What every member of the staff has to know: sites, practitioners, protocols, rules, templates.
  'chain.read',
  'patient.read',
  'patient.register',
  'patient.contact',
  // Health, consultations, timelines, adverse events.
  'record.read',
  'record.write',
  // What only a physician may decide: overrides, held sessions, reviews, closures.
  'record.decide',
  'course.read',
  'booking.write',
  'lot.read',
  'lot.write',
  'recall.read',
  'recall.write',
  'message.read',
  'message.write',
  'task.read',
  'task.write',
  'site.write',
  'practitioner.write',
  'protocol.draft',
  'protocol.publish',
  'template.write',
  'chain.write',
  'system.observe',
  'system.operate',
  'audit.read',
  'user.read',
  'user.write',
  'break-glass.open',
  'break-glass.read',
  'break-glass.review',
  'ledger.read',
  'evidence.export',
  'erasure.propose',
  'erasure.confirm',
  'disclosure.read',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** A role, where it is held. */
export interface Grant {
  readonly role: Role;
  /** Null: at all sites. */
  readonly site: Id | null;
  /** Of the role `patient`: whose record it is. */
  readonly patient?: Id;
}

/** Who asks, once that is proved. */
export interface Principal {
  /** The actor of events: `user:<uuid>`, `key:<uuid>`, `patient:<uuid>`, `user:demo`, `user:operator`. */
  readonly id: string;
  readonly kind: 'user' | 'machine' | 'patient';
  /** How the console addresses them; null where it was erased. */
  readonly name: string | null;
  readonly grants: readonly Grant[];
  /** Of a machine: what its key was made for. */
  readonly scopes?: readonly Permission[];
  /** When they last proved who they are. */
  readonly authenticatedAt: Instant;
  /** Null where there is no session: keys, the demo, the command line of this machine. */
  readonly sessionId: Id | null;
  /** Patients that are open to them for a limited time, with a reason that is on record. */
  readonly openedPatients?: readonly Id[];
}

/** What principals are called; who is unknown, or was erased, is left out. */
export type NamesOf = (chain: Chain, principals: readonly string[]) => Promise<ReadonlyMap<string, string>>;
