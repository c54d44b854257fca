import { type ReactNode, useEffect } from 'react';
import { PrintIcon } from './icons.js';

interface PageHeaderProps {
  title: string;
  /** For the browser's tab and a printed page, where it should say more than the heading. */
  tabTitle?: string;
  children?: ReactNode;
  actions?: ReactNode;
}

/** Every page's head: the one `h1`, a line under it, actions at the right. */
export function PageHeader({ title, tabTitle = title, children, actions }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${tabTitle} · Pistor`;
  }, [tabTitle]);
  return (
    <header className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-[1.625rem] leading-tight font-semibold tracking-[-0.01em]">{title}</h1>
        {children && <div className="mt-1 text-soft">{children}</div>}
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2 print:hidden">{actions}</div>}
    </header>
  );
}

export function PrintButton() {
  return (
    <button type="button" className="button max-md:hidden" onClick={() => window.print()}>
      <PrintIcon />
      Print
    </button>
  );
}
