import type { Upcaster } from '#libs/event-store/src/event-type.js';

/**
 * From version 1 to 2 of `ConsultationHeld` and `ConsentSigned`. The notes may name further topics, and a signature may
 * say who signed which version of a form: what was written before says no more than it said.
 */
export const readAsItStands: Upcaster = (data) => data;
