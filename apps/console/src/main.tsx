import './styles.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiProblem } from './api/http.js';
import { router } from './shell/router.js';

/** What the server refused stays refused; what it could not do just now is tried again. */
const isPassing = (error: Error): boolean => error instanceof ApiProblem && [429, 503].includes(error.status);

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The live stream says when something moved, so nothing is fetched for the age of it alone.
      staleTime: 20_000,
      retry: (failures, error) => failures < 3 && isPassing(error),
      // A server on this machine can be reached without a network.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

const element = document.getElementById('root');
if (!element) throw new Error('index.html has no #root');

createRoot(element).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
