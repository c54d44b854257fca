const KEY = 'pistor.hotkeys';

/** Single-key shortcuts disturb some people who speak to their computer, so they can be turned off. */
export const hotkeysAreOn = (): boolean => localStorage.getItem(KEY) !== 'off';

export const setHotkeys = (on: boolean): void => localStorage.setItem(KEY, on ? 'on' : 'off');
