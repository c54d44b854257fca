import type { Scopes } from '#libs/access/src/scopes.port.js';
import type { ScopeKind } from '#libs/http/src/access.js';
import type { SignatureDependencies } from '#libs/signature/src/signature.service.js';

/** Streams that are part of a patient's record, by what their names begin with. */
const OF_PATIENTS = /^(patient|course|consultation)-(.+)$/;

/** Whose record an entry is part of, and who is a physician there. */
export const signingScopes = (scopes: Scopes): Pick<SignatureDependencies, 'patientOf' | 'isPhysician'> => ({
  patientOf: async (chain, stream) => {
    const [, kind, id] = OF_PATIENTS.exec(stream) ?? [];
    if (kind === undefined || id === undefined) return undefined;
    if (kind === 'patient') return id;
    // An entry is signed right after it was made: the read model may be a moment behind.
    const find = async () => (await scopes.of(chain, kind as ScopeKind, id))?.patient ?? undefined;
    const found = await find();
    if (found !== undefined) return found;
    await scopes.atHead(chain);
    return find();
  },
  isPhysician: async (chain, { grants }, patientId) => {
    const asPhysician = grants.filter(({ role }) => role === 'physician');
    if (asPhysician.some(({ site }) => site === null)) return true;
    if (asPhysician.length === 0) return false;
    const { sites = [] } = (await scopes.of(chain, 'patient', patientId)) ?? {};
    return asPhysician.some(({ site }) => site !== null && sites.includes(site));
  },
});
