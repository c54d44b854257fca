import type { FastifyRequest } from 'fastify';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import type { At } from './access.js';

/**
 * Whose data an answer holds.
 * - `patients`: the answer, or each of its items, is a patient.
 * - `address`: that of the patient in whose record is what the address names; for what is not answered as one object.
 * - `chain`: anybody's of the chain; for files that hold everything.
 * - `nobody`: no patient's; for what is not answered as one object.
 * Left out, it is seen from the answer, and where that names nobody, from the address; an answer about nobody is
 * nobody's business.
 */
export type Discloses = 'patients' | 'address' | 'chain' | 'nobody';

/** What may stand in `Pistor-Purpose`: one word that says why patients' data is read. */
export const PURPOSE = /^[a-z][a-z-]{0,39}$/;

/** One answer that is about to leave. */
export interface Disclosure {
  /** Operation id. */
  readonly operation: string;
  readonly kind: 'read' | 'search' | 'export';
  /** Where the permission was needed: an address may name a patient that the answer does not. */
  readonly at: At;
  /** Null: anybody of the chain. */
  readonly patients: ReadonlySet<Id> | null;
  /** Whether whoever the request names is meant beside these; without it, only where these are none. */
  readonly alsoNamed?: boolean;
}

/** Puts reads on record: implemented by libs/read-record. */
export interface Reads {
  /** @throws Unavailable `reads.unrecorded`: then nothing may be answered; Invalid `purpose.malformed` */
  record(request: FastifyRequest, disclosure: Disclosure): Promise<void>;
}

/** Deeper than any answer: what refers to itself must not go on for ever. */
const DEPTH_MAX = 12;

/**
 * The patients that an answer names: `patientId` and the like, `patient: { id }`, `patient` as an id, and the registrations of a person.
 * Streams and files are not looked into.
 */
export function patientsIn(answer: unknown, discloses?: Discloses): Set<Id> {
  const found = new Set<Id>();
  if (discloses === 'patients') for (const { id } of itemsOf(answer)) add(found, id);
  collect(answer, found, 0);
  return found;
}

const itemsOf = (answer: unknown): readonly { readonly id?: unknown }[] =>
  isPlain(answer) ? (Array.isArray(answer['items']) ? answer['items'] : [answer]) : [];

/** Walks every answer that is about patients: over hundreds of entries, the way a loop is written is felt. */
function collect(value: unknown, found: Set<Id>, depth: number): void {
  if (depth > DEPTH_MAX) return;
  if (Array.isArray(value)) {
    for (const each of value) if (typeof each === 'object') collect(each, found, depth + 1);
    return;
  }
  if (!isPlain(value)) return;
  for (const key in value) {
    const inner = value[key];
    if (typeof inner === 'string') {
      if (key === 'patientId' || key === 'otherPatientId') found.add(inner);
      else if (key === 'patient' && isId(inner)) found.add(inner);
    } else if (typeof inner === 'object' && inner !== null) {
      if (key === 'patient' && isPlain(inner)) add(found, inner['id']);
      if (key === 'registrations' && Array.isArray(inner))
        for (const each of inner) if (isPlain(each)) add(found, each['id']);
      collect(inner, found, depth + 1);
    }
  }
}

function add(found: Set<Id>, id: unknown): void {
  if (typeof id === 'string') found.add(id);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}
