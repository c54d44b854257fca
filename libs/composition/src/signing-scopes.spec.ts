import type { Scopes } from '#libs/access/src/scopes.port.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Principal, Role } from '#libs/http/src/principal.js';
import { newId } from '#libs/kernel/src/ids.js';
import { signingScopes } from './signing-scopes.js';

describe('a physician who signs', () => {
  const chain: Chain = { id: newId(), no: 1, slug: 'live', sandbox: false };
  const [here, there, patient] = [newId(), newId(), newId()];
  const scopes = { of: async () => ({ sites: [here], own: [here], patient }), atHead: async () => undefined };
  const isPhysician = (role: Role, site: string | null, openedPatients: readonly string[] = []) => {
    const principal: Principal = {
      ...{ id: `user:${newId()}`, kind: 'user', name: 'Zoë', sessionId: null, openedPatients },
      ...{ authenticatedAt: '2026-01-01T00:00:00.000Z', grants: [{ role, site }] },
    };
    return signingScopes(scopes as unknown as Scopes).isPhysician(chain, principal, patient);
  };

  it('is one where the patient is treated, or everywhere', async () => {
    expect(await isPhysician('physician', here)).toBe(true);
    expect(await isPhysician('physician', null)).toBe(true);
    expect(await isPhysician('physician', there)).toBe(false);
    expect(await isPhysician('practitioner', here)).toBe(false);
  });

  it('is one where the patient is open to them in an emergency: who may decide there may sign it', async () => {
    expect(await isPhysician('physician', there, [patient])).toBe(true);
    expect(await isPhysician('physician', there, [newId()])).toBe(false);
    expect(await isPhysician('practitioner', there, [patient])).toBe(false);
  });
});
