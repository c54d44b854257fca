import type { Grounds } from '../api/protocols.js';

const BASIS: Record<Grounds['basis'], string | null> = {
  'own-source': null,
  general: 'from the general description',
  'other-source': 'from another source',
  chain: 'ours',
};

interface FactRefsProps {
  grounds: Grounds;
  /** As a line of its own. */
  below?: boolean;
  /** Only where the page lists the statements. */
  linked?: boolean;
}

/** The statements a rule rests on, and whose they are where they are not the protocol's own. */
export function FactRefs({ grounds, below = false, linked = false }: FactRefsProps) {
  const basis = BASIS[grounds.basis];
  return (
    <span className={`text-xs text-faint ${below ? 'block' : 'ml-2'}`}>
      {grounds.facts.map((id) => (
        <span key={id} className="code mr-1.5">
          {linked ? (
            <a href={`#${id}`} className="link">
              {id}
            </a>
          ) : (
            id
          )}
        </span>
      ))}
      {basis}
    </span>
  );
}
