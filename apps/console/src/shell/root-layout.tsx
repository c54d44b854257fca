import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { signedOut } from '../api/signed-out.js';
import { ClockStrip } from '../clock/clock-strip.js';
import { ToastProvider } from '../ui/toasts.js';
import { ConnectionBanner } from './connection-banner.js';
import { DispatchBanner } from './dispatch-banner.js';
import { Header } from './header.js';
import { HelpDialog } from './help-dialog.js';
import { useHotkeys } from './use-hotkeys.js';
import { useLiveUpdates } from './use-live-updates.js';

/** What stands around every page. Whoever is not signed in sees the page for that, and nothing around it. */
export function RootLayout() {
  const isSigningIn = useRouterState({ select: (state) => state.location.pathname === '/sign-in' });
  useSignInWhenAsked();
  if (!isSigningIn) return <Frame />;
  return (
    <main id="main" className="mx-auto max-w-[90rem] px-4 pb-20 lg:px-6">
      <Outlet />
    </main>
  );
}

/** A session ends by itself, or because somebody ended it: the next answer says so. */
function useSignInWhenAsked(): void {
  const navigate = useNavigate();
  useEffect(() => signedOut.subscribe(() => void navigate({ to: '/sign-in' })), [navigate]);
}

function Frame() {
  const help = useRef<HTMLDialogElement>(null);
  const main = useRef<HTMLElement>(null);
  const openHelp = () => help.current?.showModal();
  useLiveUpdates();
  useHotkeys(openHelp);
  useFocusOnNewPage(main);
  const frame = useHeaderHeight();
  return (
    <ToastProvider>
      <a
        href="#main"
        className="fixed top-2 left-2 z-40 -translate-y-20 print:hidden rounded bg-surface px-3 py-2 font-semibold shadow-lg focus:translate-y-0"
      >
        Skip to the page
      </a>
      <div ref={frame} className="z-20 lg:sticky lg:top-0 print:hidden">
        <Header onHelp={openHelp} />
        <ClockStrip />
        <ConnectionBanner />
        <DispatchBanner />
      </div>
      <main ref={main} id="main" tabIndex={-1} className="mx-auto max-w-[90rem] px-4 pt-6 pb-20 lg:px-6">
        <Outlet />
      </main>
      <HelpDialog ref={help} />
    </ToastProvider>
  );
}

/** A new page takes the focus, as a page load would, so that keyboards and screen readers start at its top. */
function useFocusOnNewPage(main: React.RefObject<HTMLElement | null>): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const first = useRef(true);
  useEffect(() => {
    if (path === undefined) return;
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [path, main]);
}

/** Heads of lists stick under the frame, whose height depends on the clock, the banner and the width. */
function useHeaderHeight(): React.RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      document.documentElement.style.setProperty('--header-height', `${element.offsetHeight}px`),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return frame;
}
