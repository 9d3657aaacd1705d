/** Routes that lead elsewhere than the addresses of this host's links say, and the commands for them. */
import { formatAddress, inPrefix, maskFromLength, parseAddress } from '../model/address.ts'
import type { Host, Link, Route } from '../model/host.ts'
import { type Command, shellWord } from './commands.ts'

export interface Home {
  link: Link
  /** With prefix length. */
  network: string
}

/** The link in whose network the address is; its own addresses apart. */
export function homeOf(address: string, { links = [] }: Host): Home | undefined {
  const bytes = parseAddress(address)
  if (!bytes) return undefined
  for (const link of links) {
    if (link.up === false || link.name === 'lo') continue
    for (const { address: own, prefixLength } of link.addresses ?? []) {
      const base = parseAddress(own)
      if (!base || prefixLength === base.length * 8 || !inPrefix(bytes, base, prefixLength)) continue
      const mask = maskFromLength(prefixLength, base.length * 8)
      return { link, network: `${formatAddress(base.map((byte, i) => byte & mask[i]!))}/${prefixLength}` }
    }
  }
  return undefined
}

/** Takes the route away. */
export function deleteRoute(route: Route): Command {
  const words = routeWords(route)
  return { command: `ip route del ${words}`, undo: `ip route add ${words}` }
}

/** The route that a link's address brings with it. */
export function addConnected({ link, network }: Home): Command {
  const words = `${network} dev ${shellWord(link.name)}`
  return { command: `ip route add ${words}`, undo: `ip route del ${words}` }
}

function routeWords({ type, destination, gateway, device, table }: Route): string {
  const words = type === 'unicast' ? [destination] : [type, destination]
  if (gateway !== undefined) words.push('via', gateway)
  if (device !== undefined && type === 'unicast') words.push('dev', shellWord(device))
  if (table !== 'main') words.push('table', shellWord(table))
  return words.join(' ')
}
