import type { Grounds } from '../api/protocols.js';

const BASIS: Record<Grounds['basis'], string | null> = {
  'own-source': null,
  general: 'general description',
  'other-source': 'another source',
  chain: 'ours',
};

interface FactRefsProps {
  grounds: Grounds;
  /** As a line of its own. */
  below?: boolean;
  /** Without whose they are, where there is no room. */
  brief?: boolean;
  /** Only where the page lists the statements. */
  linked?: boolean;
}

/** The statements a rule rests on, and whose they are where they are not the protocol's own. */
export function FactRefs({ grounds, below = false, brief = false, linked = false }: FactRefsProps) {
  const basis = brief && grounds.basis !== 'chain' ? null : BASIS[grounds.basis];
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
