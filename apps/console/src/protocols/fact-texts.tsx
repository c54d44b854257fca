import { useQuery } from '@tanstack/react-query';
import { factsQuery } from '../api/protocols.js';
import { factText } from './wording.js';

/** Published statements by id and in full, a line each. */
export function FactTexts({ ids }: { ids: readonly string[] }) {
  const facts = useQuery(factsQuery).data ?? [];
  return ids.map((id) => {
    const fact = facts.find((one) => one.id === id);
    return (
      <span key={id} className="block">
        <span className="code font-semibold">{id}</span> {fact && factText(fact)}
      </span>
    );
  });
}
