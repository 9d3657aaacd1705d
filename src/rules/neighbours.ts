/** Neighbours of this host, as `ip neigh` lists them. */
import type { Host, Neighbour } from '../model/host.ts'
import { silentState } from '../model/silent-neighbour.ts'
import { canonicalAddress } from './prefixes.ts'

/** An interface may list an address twice: as a neighbour's, and as one that this host answers for (`proxy`). */
export function neighboursAt({ neighbours = [] }: Host, device: string, address: string): Neighbour[] {
  const wanted = canonicalAddress(address)
  return neighbours.filter((one) => one.device === device && canonicalAddress(one.address) === wanted)
}

/** The one that has not replied. */
export const silentNeighbour = (host: Host, device: string, address: string): Neighbour | undefined =>
  neighboursAt(host, device, address).find((one) => silentState(one) !== undefined)

/** This host has its link address, and nothing says that it did not reply. */
export const isResolved = (host: Host, device: string, address: string): boolean =>
  neighboursAt(host, device, address).some((one) => one.mac !== undefined && silentState(one) === undefined)

/** Tools print it in small letters and in capitals. */
export const hasMac = ({ mac }: Neighbour, address: string): boolean => mac?.toLowerCase() === address.toLowerCase()

/** Those of a link and an IP version that have this link address: a router has its own for what it passes on. */
export const neighboursWith = (
  { neighbours = [] }: Host,
  device: string,
  family: Neighbour['family'],
  mac: string,
): Neighbour[] => neighbours.filter((one) => one.device === device && one.family === family && hasMac(one, mac))
