import type { ReactNode } from 'react';

/** A name over its value, in a row of such. */
export function Term({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-xs font-medium text-faint">{name}</dt>
      <dd className="mt-0.5">{children}</dd>
    </div>
  );
}

/** Names over values beside each other, as many as fit. */
export function Terms({ children }: { children: ReactNode }) {
  return (
    <dl className="mb-6 grid grid-cols-2 gap-x-8 gap-y-3 sm:grid-cols-3 lg:flex lg:flex-wrap lg:gap-x-10">
      {children}
    </dl>
  );
}
