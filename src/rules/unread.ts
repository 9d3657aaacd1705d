/** What may be there although no list has it: lines of host state that nobody can read. */
import type { Host } from '../model/host.ts'
import { type Unknown, unknown } from './truth.ts'

/** May an address that cannot be read be this one? Of what is only hidden in part (`203.0.113.x`) the rest counts. */
export function mayBeOwn({ unread }: Host, address: string): Unknown | undefined {
  const family = address.includes(':') ? 'ip6' : 'ip'
  const hidden = unread?.addresses?.find((one) => one.family === family && mayBe(one.text, address))
  return hidden && unknown(`this host has an address that is not readable ("${hidden.text}")`)
}

function mayBe(text: string, address: string): boolean {
  const parts = text.split('/')[0]!.split('.')
  const numbers = address.split('.')
  return parts.length !== numbers.length || parts.every((part, i) => !/^\d{1,3}$/.test(part) || part === numbers[i])
}

/** May a route that cannot be read lead there? */
export function mayHaveRoute({ unread }: Host): Unknown | undefined {
  const [hidden] = unread?.routes ?? []
  return hidden === undefined ? undefined : unknown(`a route is not readable ("${hidden}")`)
}
