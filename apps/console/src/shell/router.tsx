import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { DueListPage } from '../due-list/due-list-page.js';
import { parseSearch, stringifySearch, stringParams } from '../ui/search-params.js';
import { NotFoundPage } from './not-found-page.js';
import { RootLayout } from './root-layout.js';
import { RouteError } from './route-error.js';

const root = createRootRoute({ component: RootLayout, notFoundComponent: NotFoundPage, errorComponent: RouteError });

/** The due list is what most people open, so it comes with the first load; the others come when they are asked for. */
const routes = [
  createRoute({
    getParentRoute: () => root,
    path: '/',
    validateSearch: stringParams('site', 'state', 'booked'),
    component: DueListPage,
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/courses',
    validateSearch: stringParams('site', 'status', 'deviation', 'code'),
    component: lazyRouteComponent(() => import('../course/courses-page.js'), 'CoursesPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/courses/$course',
    validateSearch: stringParams('asOf', 'knownAt'),
    component: lazyRouteComponent(() => import('../course/course-page.js'), 'CoursePage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/waiting',
    validateSearch: stringParams('site'),
    component: lazyRouteComponent(() => import('../waiting/waiting-page.js'), 'WaitingPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/tasks',
    validateSearch: stringParams('site', 'state'),
    component: lazyRouteComponent(() => import('../tasks/tasks-page.js'), 'TasksPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/recalls/$recall',
    component: lazyRouteComponent(() => import('../recall/recall-page.js'), 'RecallPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/lots/trace',
    validateSearch: stringParams('product', 'lot'),
    component: lazyRouteComponent(() => import('../recall/lot-trace-page.js'), 'LotTracePage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/patients',
    component: lazyRouteComponent(() => import('../patient/patients-page.js'), 'PatientsPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/patients/$patient',
    component: lazyRouteComponent(() => import('../patient/patient-page.js'), 'PatientPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/sites/$site/day',
    validateSearch: stringParams('date'),
    component: lazyRouteComponent(() => import('../site-day/site-day-page.js'), 'SiteDayPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/sites/$site/message-rules',
    component: lazyRouteComponent(() => import('../site-rules/site-rules-page.js'), 'SiteRulesPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/outbox',
    validateSearch: stringParams('message', 'site'),
    component: lazyRouteComponent(() => import('../outbox/outbox-page.js'), 'OutboxPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/messages',
    validateSearch: stringParams('status', 'kind', 'site'),
    component: lazyRouteComponent(() => import('../messages/messages-page.js'), 'MessagesPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/messages/$message',
    component: lazyRouteComponent(() => import('../messages/message-page.js'), 'MessagePage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/message-templates/$hash',
    component: lazyRouteComponent(() => import('../messages/template-page.js'), 'TemplatePage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/protocols',
    component: lazyRouteComponent(() => import('../protocols/protocols-page.js'), 'ProtocolsPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/protocols/$code',
    component: lazyRouteComponent(() => import('../protocols/protocol-page.js'), 'ProtocolPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/people',
    component: lazyRouteComponent(() => import('../access/people-page.js'), 'PeoplePage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/report',
    validateSearch: stringParams('site', 'from', 'to', 'checkpoint'),
    component: lazyRouteComponent(() => import('../report/report-page.js'), 'ReportPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/break-glass',
    validateSearch: stringParams('patient', 'state'),
    component: lazyRouteComponent(() => import('../access/break-glass-page.js'), 'BreakGlassPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/sign-in',
    validateSearch: stringParams('refused'),
    component: lazyRouteComponent(() => import('../access/sign-in-page.js'), 'SignInPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/system',
    component: lazyRouteComponent(() => import('../system/system-page.js'), 'SystemPage'),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(routes),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
  interface HistoryState {
    /** What patients are searched for. */
    patientSearch?: string | undefined;
  }
}
