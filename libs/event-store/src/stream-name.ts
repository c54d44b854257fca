/**
 * A category, a hyphen and an id, in at most 200 characters: no spaces or control characters, since names go into logs,
 * URLs and lock names. Marks are allowed beside letters, since many scripts cannot be written without them.
 */
export const STREAM_NAME = /^(?=.{1,200}$)[a-z][a-z0-9]*-[\p{L}\p{M}\p{N}._:~-]+$/u;
