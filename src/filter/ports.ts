/**
 * The values of `port` and `portrange`. A service's name stands for its number with any protocol; tcpdump also restricts it to
 * the protocols that this machine's /etc/services lists for it, which differ from distribution to distribution.
 */
import type { Value } from '../model/condition.ts'
import { closest } from '../rules/closest.ts'
import { SERVICES } from '../rules/iptables/values/services.ts'
import { FilterProblem } from './error.ts'
import { readNumber } from './numbers.ts'
import type { Token } from './tokens.ts'

export const readPort = (token: Token): Value => portIn(token, token.text)

/** `80-443`, in either order, or one port; names work too, also those with a hyphen. */
export function readPortRange(token: Token): Value {
  const { text } = token
  if (/^\d+:\d+$/.test(text))
    throw new FilterProblem(token, `"${text}" is not a range of ports`, `portrange ${text.replace(':', '-')}`)
  if (/^-|-$/.test(text)) throw new FilterProblem(token, `"${text}" is not a range of ports: both ends are needed`)
  // no two services have names so long
  const hyphens = [...text.slice(0, LONGEST).matchAll(/-/g)].map(({ index }) => index)
  const at = hyphens.find((index) => isPort(text.slice(0, index)) && isPort(text.slice(index + 1))) ?? hyphens[0]
  if (at === undefined || Object.hasOwn(SERVICES, text)) return portIn(token, text)
  const [a, b] = [portIn(token, text.slice(0, at)), portIn(token, text.slice(at + 1))]
  return a === b ? a : { range: [Math.min(a, b), Math.max(a, b)] }
}

const LONGEST = 80

const isPort = (text: string): boolean => /^\d+$/.test(text) || Object.hasOwn(SERVICES, text)

function portIn(token: Token, text: string): number {
  if (Object.hasOwn(SERVICES, text)) return SERVICES[text]!
  if (/^\d+(?:,\d+)+$/.test(text))
    throw new FilterProblem(token, `"${text}" is a list of ports`, `(${text.split(',').join(' or ')})`)
  if (/^\d/.test(text) && !/^\d+-/.test(text)) return readNumber(token, text, 0xffff, 'a port')
  if (/^\d+-\d+$/.test(text)) throw new FilterProblem(token, `"${text}" is a range of ports`, `portrange ${text}`)
  throw new FilterProblem(
    token,
    `"${text}" is neither a port number nor the name of a service that nfwhy knows`,
    closest(text, Object.keys(SERVICES)),
  )
}
