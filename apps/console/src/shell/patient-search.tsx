import { useNavigate } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { SearchIcon } from '../ui/icons.js';

/** Finds patients from every page. */
export function PatientSearch() {
  const navigate = useNavigate();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget).get('search');
    const search = typeof text === 'string' ? text.trim() : '';
    // In the state of the page and not in its address, which histories and logs would keep: it may be a name.
    void navigate({ to: '/patients', state: (before) => ({ ...before, patientSearch: search || undefined }) });
  };
  return (
    <form role="search" aria-label="Patients" onSubmit={submit} className="relative">
      <span className="pointer-events-none absolute inset-y-0 left-2 flex items-center text-drape-soft">
        <SearchIcon />
      </span>
      <input
        type="search"
        name="search"
        data-hotkey-search
        aria-label="Patient code or family name"
        placeholder="Code or family name"
        autoComplete="off"
        className="h-8 w-52 xl:w-48 2xl:w-52 rounded-[5px] border border-drape-soft/50 bg-drape-raised pr-2 pl-8 text-drape-ink placeholder:text-drape-soft"
      />
    </form>
  );
}
