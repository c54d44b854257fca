/** `@Inject(PISTOR) pistor: Pistor`: what the process was opened with. */
export const PISTOR = Symbol('PISTOR');
