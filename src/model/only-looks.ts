/** `unverified` of a fix whose command changes nothing: it shows where the fault may be. */
export const ONLY_LOOKS = 'it changes nothing'
