import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import {
  grantRole,
  inviteUser,
  issueInvitation,
  type NewGrant,
  revokeRole,
  setUserEnabled,
  type UserView,
  usersQuery,
} from '../api/access.js';
import type { SiteRef } from '../api/common.js';
import { sitesQuery } from '../api/sites.js';
import { Badge, WarningChip } from '../ui/chips.js';
import { Confirm } from '../ui/confirm.js';
import { LoadMore } from '../ui/controls.js';
import { formatInstant } from '../ui/dates.js';
import { formText } from '../ui/form-text.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader } from '../ui/page-header.js';
import { ApiKeys } from './api-keys.js';
import { EmergencyLink } from './opened-record.js';
import { ROLES, roleText } from './role-text.js';
import { ShownOnce } from './shown-once.js';
import { SiteField } from './site-field.js';

interface Code {
  name: string;
  code: string;
  expiresAt: string;
}

/** Who may sign in and what they may do; and the keys of machines. */
export function PeoplePage() {
  const users = useInfiniteQuery(usersQuery());
  const sites = useQuery(sitesQuery).data ?? [];
  const [code, setCode] = useState<Code | null>(null);
  const tellCode = async (user: string, name: string) => setCode({ name, ...(await issueInvitation(user)) });
  return (
    <>
      <PageHeader
        title="People and keys"
        actions={
          <>
            <EmergencyLink />
            <Confirm
              button="Invite somebody"
              title="Invite somebody"
              confirm="Invite"
              onConfirm={async (form) => {
                const name = formText(form, 'name');
                const { id } = await inviteUser(name, [grantOf(form)]);
                await tellCode(id, name);
              }}
            >
              <label className="flex flex-col gap-1">
                <span className="text-xs font-medium text-faint">Name</span>
                <input name="name" required maxLength={200} autoComplete="off" className="field" />
              </label>
              <RoleFields sites={sites} />
            </Confirm>
          </>
        }
      >
        Who may sign in, and what they may do where. A role that is taken away is gone at once.
      </PageHeader>
      {code && (
        <ShownOnce label={`The code for ${code.name}`} secret={code.code}>
          Hand it over yourself. It is good once and until {formatInstant(code.expiresAt)}, and is not shown again.
        </ShownOnce>
      )}
      <section aria-labelledby="people" className="mb-10">
        <h2 id="people" className="mb-2 text-lg font-semibold">
          People
        </h2>
        <Loaded query={users} lines={4}>
          {(data) => {
            const items = data.pages.flatMap((page) => page.items);
            if (items.length === 0) return <p className="text-soft">Nobody is invited yet.</p>;
            return (
              <>
                <PeopleTable users={items} sites={sites} onCode={tellCode} />
                <LoadMore query={users} what="people" />
              </>
            );
          }}
        </Loaded>
      </section>
      <ApiKeys sites={sites} />
    </>
  );
}

interface TableProps {
  users: UserView[];
  sites: readonly SiteRef[];
  onCode: (user: string, name: string) => Promise<void>;
}

function PeopleTable({ users, sites, onCode }: TableProps) {
  return (
    <table className="ledger">
      <caption className="sr-only">People with the roles that they hold</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Roles</th>
          <th scope="col">
            <span className="sr-only">What to do</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <tr key={user.id}>
            <th scope="row">
              <span className="block">{user.name ?? <em>erased</em>}</span>
              {user.status === 'disabled' && <WarningChip>Disabled</WarningChip>}
              {user.status === 'invited' && <Badge>Has not signed in yet</Badge>}
            </th>
            <td>
              <Roles user={user} sites={sites} />
            </td>
            <td>
              <Deeds user={user} sites={sites} onCode={onCode} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Roles({ user, sites }: { user: UserView; sites: readonly SiteRef[] }) {
  if (user.grants.length === 0) return <span className="text-faint">none</span>;
  return (
    <ul className="space-y-1">
      {user.grants.map((grant) => (
        <li key={grant.id} className="flex flex-wrap items-center gap-2">
          {roleText(grant, sites)}
          <Confirm
            button={
              <>
                Take away <span className="sr-only">{roleText(grant, sites)}</span>
              </>
            }
            title={`Take this role from ${user.name ?? 'them'}?`}
            confirm="Take it away"
            onConfirm={() => revokeRole(user.id, grant.id)}
          >
            <p>{roleText(grant, sites)}. It is gone at once, wherever they are signed in.</p>
          </Confirm>
        </li>
      ))}
    </ul>
  );
}

function Deeds({ user, sites, onCode }: { user: UserView; sites: readonly SiteRef[]; onCode: TableProps['onCode'] }) {
  const name = user.name ?? 'them';
  const isDisabled = user.status === 'disabled';
  return (
    <span className="flex flex-wrap justify-end gap-1.5 print:hidden">
      <Confirm
        button="Give a role"
        title={`Give ${name} a role`}
        confirm="Give it"
        onConfirm={(form) => grantRole(user.id, grantOf(form))}
      >
        <RoleFields sites={sites} />
      </Confirm>
      {!isDisabled && (
        <Confirm
          button="New code"
          title={`A new code for ${name}?`}
          confirm="Make a code"
          onConfirm={() => onCode(user.id, name)}
        >
          <p>For a further device, or in place of a code that was lost: the code before it ends.</p>
        </Confirm>
      )}
      <Confirm
        button={isDisabled ? 'Enable' : 'Disable'}
        title={isDisabled ? `Let ${name} in again?` : `Let ${name} in no more?`}
        confirm={isDisabled ? 'Enable' : 'Disable'}
        onConfirm={(form) => setUserEnabled(user.id, isDisabled, formText(form, 'reason'))}
      >
        <p>{isDisabled ? 'They hold the roles that they held.' : 'They are signed out everywhere, at once.'}</p>
        <label className="flex flex-col gap-1">
          <span className="text-xs font-medium text-faint">Why, for whoever asks later</span>
          <input name="reason" required maxLength={2_000} autoComplete="off" className="field" />
        </label>
      </Confirm>
    </span>
  );
}

function RoleFields({ sites }: { sites: readonly SiteRef[] }) {
  return (
    <div className="flex flex-wrap gap-4">
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">Role</span>
        <select name="role" required defaultValue="" className="field pr-7">
          <option value="" disabled>
            Choose
          </option>
          {ROLES.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <SiteField sites={sites} />
    </div>
  );
}

function grantOf(form: FormData): NewGrant {
  const site = formText(form, 'site');
  return { role: formText(form, 'role'), ...(site !== '' && { site }) };
}
