import { useState } from 'react';

/** A secret that is told this once: to be copied now, or made anew. */
export function ShownOnce({ label, secret, children }: { label: string; secret: string; children: React.ReactNode }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(secret).then(() => setCopied(true));
  return (
    <section role="status" className="mb-6 max-w-3xl border-l-4 border-sage bg-surface px-4 py-3">
      <h2 className="text-base font-semibold">{label}</h2>
      <div className="mt-1 text-soft">{children}</div>
      <div className="mt-3 flex flex-wrap items-center gap-3">
        <code className="code rounded bg-sunken px-2 py-1 break-all select-all">{secret}</code>
        <button type="button" className="button" onClick={copy}>
          {isCopied ? 'Copied' : 'Copy'}
        </button>
      </div>
    </section>
  );
}
