import type { HeldRole } from '../api/access.js';
import type { SiteRef } from '../api/common.js';

/** Roles that are given on the page of people; the role of a patient needs a record and is given elsewhere. */
export const ROLES = [
  { value: 'administrator', label: 'Administrator' },
  { value: 'site-manager', label: 'Site manager' },
  { value: 'practitioner', label: 'Practitioner' },
  { value: 'physician', label: 'Physician' },
  { value: 'receptionist', label: 'Receptionist' },
  { value: 'auditor', label: 'Auditor' },
] as const;

/** A role as people say it: `Physician at Nişantaşı, until 2026-12-31`. */
export function roleText({ role, site, validFrom, validTo }: HeldRole, sites: readonly SiteRef[]): string {
  const name = ROLES.find(({ value }) => value === role)?.label ?? 'Patient';
  if (role === 'patient') return 'Patient, own record';
  const where = site === null ? 'everywhere' : `at ${sites.find(({ id }) => id === site)?.name ?? 'a site'}`;
  const days = [validFrom && `from ${validFrom}`, validTo && `until ${validTo}`].filter(Boolean).join(' ');
  return `${name} ${where}${days === '' ? '' : `, ${days}`}`;
}
