import { Link } from '@tanstack/react-router';
import { keyOf, type Person, type SiteRef } from '../api/common.js';
import { courseKey, courseName } from '../api/courses.js';

/** A person's name; where the record was erased it says so instead of showing nothing. */
export function PersonName({ person }: { person: Person }) {
  if (person.name !== null) return <>{person.name}</>;
  return <em className="text-faint">erased</em>;
}

export function PatientLink({ patient, row = false }: { patient: Person; row?: boolean }) {
  return (
    <Link
      to="/patients/$patient"
      params={{ patient: keyOf(patient) }}
      className="link"
      data-row-link={row || undefined}
    >
      <PersonName person={patient} />
    </Link>
  );
}

interface CourseLinkProps {
  course: { id: string; code?: string | null; course?: string | null };
  /** The row's own link: `j` and `k` walk over these. */
  row?: boolean;
}

export function CourseLink({ course, row = false }: CourseLinkProps) {
  return (
    <Link
      to="/courses/$course"
      params={{ course: courseKey(course) }}
      className="link code whitespace-nowrap"
      data-row-link={row || undefined}
    >
      {courseName(course)}
    </Link>
  );
}

/** A lot, linked to everything that it touched. */
export function LotLink({ product, lotNumber }: { product: string; lotNumber: string }) {
  return (
    <Link to="/lots/trace" search={{ product, lot: lotNumber }} className="link code">
      {lotNumber}
    </Link>
  );
}

export function SiteName({ site }: { site: SiteRef }) {
  return (
    <abbr title={site.name} className="no-underline">
      {site.code ?? site.name}
    </abbr>
  );
}
