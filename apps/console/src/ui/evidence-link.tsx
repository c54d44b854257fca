import { useQuery } from '@tanstack/react-query';
import { sessionQuery } from '../api/access.js';
import { evidenceUrl } from '../api/ledger.js';
import { DownloadIcon } from './icons.js';

/** Downloads what proves a record: its events with their proofs, sealed, for an auditor. For those who may hand it out. */
export function EvidenceLink({ what, id }: { what: 'patients' | 'courses'; id: string }) {
  const mayExport = useQuery(sessionQuery).data?.permissions.includes('evidence.export') ?? false;
  if (!mayExport) return null;
  return (
    <a
      href={evidenceUrl(what, id)}
      download
      className="button max-md:hidden"
      title="Every event with its proof, in one file. What is personal stays sealed."
    >
      <DownloadIcon />
      Evidence
    </a>
  );
}
