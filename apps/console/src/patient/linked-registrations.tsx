import type { PatientPerson } from '../api/patients.js';
import { plural } from '../ui/labels.js';
import { PatientLink } from '../ui/names.js';

/** Under what else the same person is registered: health, intervals and adverse events hold over all of them. */
export function LinkedRegistrations({ person }: { person: PatientPerson }) {
  const others = person.registrations.slice(1);
  if (others.length === 0) return null;
  return (
    <section aria-labelledby="registrations" className="mb-8">
      <h2 id="registrations" className="mb-2 text-lg font-semibold">
        Linked registrations
      </h2>
      <ul className="border-t border-line">
        {others.map(({ patient, courseIds }) => (
          <li key={patient.id} className="flex flex-wrap justify-between gap-x-2 border-b border-line py-2">
            <span>
              <PatientLink patient={patient} /> <span className="text-xs text-faint">{patient.code}</span>
            </span>
            <span className="text-xs text-soft">{plural(courseIds.length, 'course')}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
