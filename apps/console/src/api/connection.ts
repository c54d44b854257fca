/** Whether the server answers. Told by every request and by the live stream; the banner and the queries listen. */
type Listener = () => void;

const listeners = new Set<Listener>();
let lost = false;

function set(next: boolean): void {
  if (lost === next) return;
  lost = next;
  for (const listener of listeners) listener();
}

export const connection = {
  isLost: () => lost,
  reportLost: () => set(true),
  reportFound: () => set(false),
  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
