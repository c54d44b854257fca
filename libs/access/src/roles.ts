import type { Permission, Role } from '#libs/http/src/principal.js';

/** Everybody who works at a clinic. */
const STAFF = ['administrator', 'site-manager', 'practitioner', 'physician', 'receptionist', 'auditor'] as const;
/** Whoever treats. */
const TREATS = ['practitioner', 'physician'] as const;

/**
 * Who may do what, in this one place. A role is held at named sites, or at all. An auditor reads everything and changes
 * nothing; a patient has their own record; what an integration may do is what its key was made for, so that it stands
 * in no line here.
 */
export const ROLES_OF: Readonly<Record<Permission, readonly Role[]>> = {
  'chain.read': STAFF,
  'patient.read': ['site-manager', ...TREATS, 'receptionist', 'auditor', 'patient'],
  'patient.register': ['site-manager', ...TREATS, 'receptionist'],
  'patient.contact': ['site-manager', ...TREATS, 'receptionist', 'patient'],
  'record.read': ['site-manager', ...TREATS, 'auditor', 'patient'],
  'record.write': TREATS,
  'record.decide': ['physician'],
  'course.read': ['site-manager', ...TREATS, 'receptionist', 'auditor', 'patient'],
  'booking.write': ['site-manager', ...TREATS, 'receptionist'],
  'lot.read': STAFF,
  'lot.write': ['site-manager', ...TREATS],
  'recall.read': ['administrator', 'site-manager', 'physician', 'auditor'],
  'recall.write': ['administrator', 'site-manager', 'physician'],
  'message.read': ['site-manager', ...TREATS, 'receptionist', 'auditor'],
  'message.write': ['site-manager', ...TREATS, 'receptionist'],
  'task.read': ['site-manager', ...TREATS, 'receptionist', 'auditor'],
  'task.write': ['site-manager', ...TREATS, 'receptionist'],
  'site.write': ['administrator', 'site-manager'],
  'practitioner.write': ['administrator'],
  'protocol.draft': ['administrator', 'physician'],
  'protocol.publish': ['administrator'],
  'template.write': ['administrator'],
  'chain.write': ['administrator'],
  'system.observe': ['administrator', 'auditor'],
  'system.operate': ['administrator'],
  'audit.read': ['administrator', 'auditor'],
  'user.read': ['administrator', 'auditor'],
  'user.write': ['administrator'],
  'break-glass.open': TREATS,
  'break-glass.read': ['administrator', 'site-manager', 'auditor'],
  'break-glass.review': ['administrator', 'site-manager'],
  'ledger.read': ['administrator', 'auditor'],
  'evidence.export': ['administrator', 'auditor'],
  'erasure.propose': ['administrator', 'site-manager'],
  'erasure.confirm': ['administrator', 'site-manager'],
  'disclosure.read': ['administrator', 'site-manager', 'auditor', 'patient'],
};

/**
 * What a patient that was opened by breaking the glass shows, beside what the roles of whoever broke it let them do: to
 * read is enough in an emergency, and to write down what was done in it.
 */
export const BY_BREAK_GLASS: ReadonlySet<Permission> = new Set([
  'patient.read',
  'record.read',
  'record.write',
  'record.decide',
  'course.read',
]);

/** What a key may be made for: no key signs people in, gives rights away or breaks the glass. */
export const FOR_PEOPLE_ONLY: ReadonlySet<Permission> = new Set([
  'user.write',
  'break-glass.open',
  'break-glass.read',
  'break-glass.review',
  'record.decide',
  'erasure.propose',
  'erasure.confirm',
]);
