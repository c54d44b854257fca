import { useQuery } from '@tanstack/react-query';
import { signaturesQuery } from '../api/signatures.js';
import { Badge, WarningChip } from '../ui/chips.js';
import { formatInstant } from '../ui/dates.js';
import { words } from '../ui/labels.js';

/** Who has signed what in this record; nothing where nothing is signed. */
export function PatientSignatures({ patient }: { patient: string }) {
  const signatures = useQuery(signaturesQuery(patient)).data?.items ?? [];
  if (signatures.length === 0) return null;
  return (
    <section aria-labelledby="signatures" className="mt-8">
      <h2 id="signatures" className="mb-2 text-lg font-semibold">
        Signatures
      </h2>
      <table className="ledger">
        <caption className="sr-only">Who has signed which entry, newest first</caption>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">As</th>
            <th scope="col">Who</th>
            <th scope="col">When</th>
          </tr>
        </thead>
        <tbody>
          {signatures.map(({ signatureId, entry, meaning, name, signer, signedAt, byPasskey, intact }) => (
            <tr key={signatureId}>
              <td>
                {wordsOfType(entry)} {!intact && <WarningChip>Changed since</WarningChip>}
              </td>
              <td>{words(meaning)}</td>
              <td>
                {name ?? signer} {byPasskey && <Badge>Passkey</Badge>}
              </td>
              <td className="whitespace-nowrap">{formatInstant(signedAt)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** `ConsentSigned` as words. */
const wordsOfType = (type: string): string => {
  const text = type.replace(/(?<=[a-z])([A-Z])/g, ' $1').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
};
