/** A route that refuses what is left of a prefix, as daemons add one for a delegated prefix: networks of links are parts of it. */
import type { Host, Link, Route } from '../../model/host.ts'
import { familyOf, isInNetwork, prefixLength } from '../../rules/prefixes.ts'
import type { Proposal } from '../changes/proposal.ts'
import { homeOf, isDefault } from './routes.ts'

/** More names tell no more. */
const MOST = 3

/** Undefined where no link has a part of it: then it is there to refuse all of it. */
export function restOfPrefix(route: Route, dst: string, host: Host): { told: string; fix: Proposal } | undefined {
  const { destination, family } = route
  if (isDefault(route)) return undefined
  const length = prefixLength(destination)
  const parts = (host.links ?? []).flatMap(({ addresses = [] }) =>
    addresses.flatMap(({ address, prefixLength: own }) => {
      const home = own > length && isInNetwork(address, destination) ? homeOf(address, host) : undefined
      return home ? [`${home.link.name} has ${home.network}`] : []
    }),
  )
  if (parts.length === 0 || parts.length > MOST) return undefined
  const bare = (host.links ?? []).filter((link) => isBare(link, family)).map(({ name }) => name)
  const named = bare.length === 0 || bare.length > MOST ? '' : ` (without one: ${bare.join(', ')})`
  return {
    told: ` It refuses what no interface has of ${destination}: ${parts.join(', ')}.`,
    fix: {
      description: `give the interface towards ${dst} an address in the network of ${dst}${named}`,
      unverified: 'the right network is unknown here',
    },
  }
}

/** It is up, and has no address but its own link's. */
const isBare = ({ name, up, master, addresses = [] }: Link, family: Route['family']): boolean =>
  name !== 'lo' &&
  up !== false &&
  !master &&
  !addresses.some(({ address, scope }) => familyOf(address) === family && scope !== 'link')
