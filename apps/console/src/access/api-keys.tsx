import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type ApiKeyView, apiKeysQuery, createApiKey, revokeApiKey } from '../api/access.js';
import type { SiteRef } from '../api/common.js';
import { Badge } from '../ui/chips.js';
import { Confirm } from '../ui/confirm.js';
import { LoadMore } from '../ui/controls.js';
import { formatInstant } from '../ui/dates.js';
import { formText } from '../ui/form-text.js';
import { Loaded } from '../ui/loaded.js';
import { ShownOnce } from './shown-once.js';
import { SiteField } from './site-field.js';

/** What machines are usually made keys for; the API and the command line take every scope. */
const SCOPES = [
  { value: 'chain.read', label: 'Read sites, practitioners and protocols' },
  { value: 'patient.read', label: 'Read who patients are' },
  { value: 'patient.register', label: 'Register patients' },
  { value: 'course.read', label: 'Read courses and bookings' },
  { value: 'booking.write', label: 'Book, move and cancel sessions' },
  { value: 'record.read', label: 'Read health and treatment' },
  { value: 'lot.read', label: 'Read lots' },
  { value: 'lot.write', label: 'Receive lots' },
  { value: 'system.observe', label: 'Read metrics and the state of the system' },
  { value: 'audit.read', label: 'Read the log of events' },
] as const;

/** Keys of machines: made, shown once, revoked. */
export function ApiKeys({ sites }: { sites: readonly SiteRef[] }) {
  const keys = useInfiniteQuery(apiKeysQuery());
  const [made, setMade] = useState<{ name: string; key: string; expiresAt: string } | null>(null);
  return (
    <section aria-labelledby="keys">
      <div className="mb-2 flex flex-wrap items-end justify-between gap-3">
        <h2 id="keys" className="text-lg font-semibold">
          Keys of machines
        </h2>
        <Confirm
          button="Make a key"
          title="Make a key for a machine"
          confirm="Make the key"
          onConfirm={async (form) => {
            const name = formText(form, 'name');
            const site = formText(form, 'site');
            const scopes = form.getAll('scope').map(String);
            const days = Number(formText(form, 'days'));
            setMade({ name, ...(await createApiKey({ name, scopes, days, ...(site !== '' && { sites: [site] }) })) });
          }}
        >
          <KeyFields sites={sites} />
        </Confirm>
      </div>
      {made && (
        <ShownOnce label={`The key for ${made.name}`} secret={made.key}>
          Send it as <code className="code">Authorization: Bearer …</code>. It is good until{' '}
          {formatInstant(made.expiresAt)}, and is not shown again.
        </ShownOnce>
      )}
      <Loaded query={keys} lines={2}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items);
          if (items.length === 0) return <p className="text-soft">No machine has a key.</p>;
          return (
            <>
              <KeysTable keys={items} sites={sites} />
              <LoadMore query={keys} what="keys" />
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function KeyFields({ sites }: { sites: readonly SiteRef[] }) {
  return (
    <>
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">What the machine is called</span>
        <input
          name="name"
          required
          pattern="[a-z][a-z0-9\-]{0,59}"
          title="Lower-case letters, digits and hyphens"
          autoComplete="off"
          className="field"
        />
      </label>
      <fieldset>
        <legend className="text-xs font-medium text-faint">What it may do</legend>
        <div className="mt-1 grid gap-1 sm:grid-cols-2">
          {SCOPES.map(({ value, label }) => (
            <label key={value} className="flex items-center gap-2">
              <input type="checkbox" name="scope" value={value} />
              {label}
            </label>
          ))}
        </div>
      </fieldset>
      <div className="flex flex-wrap gap-4">
        <SiteField sites={sites} />
        <label className="flex flex-col gap-1">
          <span className="text-xs font-medium text-faint">Days</span>
          <input type="number" name="days" required min={1} max={366} defaultValue={90} className="field w-24" />
        </label>
      </div>
    </>
  );
}

function KeysTable({ keys, sites }: { keys: ApiKeyView[]; sites: readonly SiteRef[] }) {
  const where = (key: ApiKeyView): string =>
    key.sites === null
      ? 'Everywhere'
      : key.sites.map((id) => sites.find((site) => site.id === id)?.name ?? 'a site').join(', ');
  return (
    <table className="ledger">
      <caption className="sr-only">Keys of machines with what they may do</caption>
      <thead>
        <tr>
          <th scope="col">Machine</th>
          <th scope="col" className="max-md:hidden">
            May
          </th>
          <th scope="col" className="max-md:hidden">
            Where
          </th>
          <th scope="col">Until</th>
          <th scope="col" className="max-md:hidden">
            Last used
          </th>
          <th scope="col">
            <span className="sr-only">What to do</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key.id}>
            <th scope="row">
              <span className="block">{key.name}</span>
              <code className="code text-faint">{key.prefix}…</code>
            </th>
            <td className="code max-md:hidden">{key.scopes.join(' ')}</td>
            <td className="max-md:hidden">{where(key)}</td>
            <td>{key.state === 'valid' ? formatInstant(key.expiresAt) : <Badge>{key.state}</Badge>}</td>
            <td className="whitespace-nowrap max-md:hidden">
              {key.usedAt === null ? 'never' : formatInstant(key.usedAt)}
            </td>
            <td className="text-right print:hidden">
              {key.state !== 'revoked' && (
                <Confirm
                  button={
                    <>
                      Revoke <span className="sr-only">{key.name}</span>
                    </>
                  }
                  title={`Revoke the key of ${key.name}?`}
                  confirm="Revoke"
                  onConfirm={() => revokeApiKey(key.id)}
                >
                  <p>Whatever uses it stops at once. There is no way back; a new key can be made.</p>
                </Confirm>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
