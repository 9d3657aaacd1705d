/** What nat does by a rule, read from its text, iptables' or nft's: of all that nat rewrites, nft's trace itself only says "accept". */

export type NatWord = 'dnat' | 'redirect' | 'masquerade' | 'snat'

const ANY = / (?:dnat|snat|masquerade|redirect)\b|-j (?:DNAT|SNAT|MASQUERADE|REDIRECT)/
const WORDS: readonly (readonly [NatWord, RegExp])[] = [
  ['dnat', / dnat (?:ip6? )?(?:prefix )?to |-j DNAT\b/],
  ['redirect', / redirect\b|-j REDIRECT\b/],
  ['masquerade', / masquerade\b|-j MASQUERADE\b/],
  ['snat', / snat (?:ip6? )?(?:prefix )?to |-j SNAT\b/],
]
/** Comments, prefixes, names. */
const QUOTED = /"(?:[^"\\]|\\.)*"/g

/** Undefined: it does not rewrite. */
export function natWord(text: string): NatWord | undefined {
  if (!ANY.test(` ${text}`)) return undefined
  const plain = ` ${text.replace(QUOTED, '')}`
  return WORDS.find(([, pattern]) => pattern.test(plain))?.[0]
}
