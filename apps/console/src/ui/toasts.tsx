import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';

interface Toast {
  id: number;
  content: ReactNode;
}

interface Toasts {
  show: (content: ReactNode) => void;
}

const ToastContext = createContext<Toasts>({ show: () => undefined });

export const useToasts = (): Toasts => useContext(ToastContext);

/** Long enough to read and to reach its link by keyboard; it can be closed before. */
const SHOWN_MS = 12_000;

/** Short notices at the foot of the page. The live region stands from the start, or nothing would be announced. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const close = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const value = useMemo<Toasts>(() => {
    let lastId = 0;
    return {
      show(content) {
        const id = ++lastId;
        setToasts((all) => [...all.slice(-2), { id, content }]);
        setTimeout(() => close(id), SHOWN_MS);
      },
    };
  }, [close]);
  return (
    <ToastContext value={value}>
      {children}
      <div
        role="status"
        aria-live="polite"
        className="pointer-events-none fixed inset-x-4 bottom-4 z-30 flex flex-col items-center gap-2 print:hidden"
      >
        {toasts.map((toast) => (
          <div
            key={toast.id}
            className="on-drape pointer-events-auto flex max-w-full items-center gap-4 rounded-md bg-drape py-2.5 pr-2 pl-4 text-drape-ink shadow-lg ring-1 ring-drape-soft/40"
          >
            <span>{toast.content}</span>
            <button
              type="button"
              onClick={() => close(toast.id)}
              className="rounded px-2 py-1 text-drape-soft hover:text-drape-ink"
            >
              Close
            </button>
          </div>
        ))}
      </div>
    </ToastContext>
  );
}
