import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { endSession, sessionQuery } from '../api/access.js';

/** Who is signed in, which leads to people and their roles for whoever may see them, and the way out. */
export function WhoIsSignedIn() {
  const session = useQuery(sessionQuery).data;
  const leave = useMutation({
    mutationFn: endSession,
    // Whether or not the server heard it, nothing of the record stays on the screen.
    onSettled: () => window.location.assign('/sign-in'),
  });
  if (!session) return null;
  const name = session.name ?? session.id;
  return (
    <span className="flex items-center gap-2 text-xs text-drape-soft">
      <span
        className="max-w-32 truncate max-md:sr-only xl:max-w-24 2xl:max-w-32"
        title={session.grants.map(({ role }) => role).join(', ')}
      >
        <span className="sr-only">Signed in: </span>
        {session.permissions.includes('user.read') ? (
          <Link to="/people" className="hover:text-drape-ink aria-[current=page]:text-drape-ink">
            {name}
          </Link>
        ) : (
          name
        )}
      </span>
      {session.hasSession && (
        <button
          type="button"
          onClick={() => leave.mutate()}
          disabled={leave.isPending}
          className="min-h-8 rounded-[5px] border border-drape-soft/50 px-2 font-semibold whitespace-nowrap hover:text-drape-ink"
        >
          Sign out
        </button>
      )}
    </span>
  );
}
