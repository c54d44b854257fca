/** Told by every request that nobody is signed in any more; the frame of the pages listens. */
type Listener = () => void;

const listeners = new Set<Listener>();

export const signedOut = {
  report(): void {
    for (const listener of listeners) listener();
  },
  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
