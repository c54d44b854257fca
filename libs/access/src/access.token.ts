/** `@Inject(ACCESS) access: Access`. */
export const ACCESS = Symbol('ACCESS');
