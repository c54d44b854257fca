/** What happened to people who sign in, for whoever has to follow it. */
export { GlassBroken, GlassReviewed, RoleGranted, type UserEvent, userStream } from './user.events.js';
