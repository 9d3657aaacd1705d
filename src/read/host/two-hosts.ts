/** Files that cannot be of one host at one time: each lists the links, and they are others. */
import type { Diagnostic } from '../../model/diagnostic.ts'
import type { Host, Link } from '../../model/host.ts'
import { printable } from '../../model/printable.ts'

/** What is of two hosts answers for neither: that both are taken for one is told. `parts`: one machine's files. */
export function tellTwoHosts(parts: readonly Listing[], warnings: Diagnostic[]): void {
  const listings = parts.flatMap(({ input, host }) => host.flatMap(({ links }) => (links ? [{ input, links }] : [])))
  for (const [i, { input, links }] of listings.entries())
    for (const before of listings.slice(0, i)) {
      const how = before.input === input ? undefined : differInLinks(before.links, links)
      if (how === undefined) continue
      const message = `${before.input} is of another host, or of another time: ${how}. Both are taken for one machine: give each host's files in a folder of their own`
      warnings.push({ input, code: 'two-hosts', message })
      break
    }
}

interface Listing {
  input: string
  host: readonly Partial<Host>[]
}

/** What tells two listings of links apart; undefined: they may be of one host, or each is of a part of its links. */
function differInLinks(one: readonly Link[], other: readonly Link[]): string | undefined {
  const others = new Map(other.map((link) => [link.name, link]))
  for (const { name, mac } of one) {
    const there = others.get(name)?.mac
    if (mac !== undefined && there !== undefined && mac !== there)
      return `link ${printable(name)} has the address ${mac} in one and ${there} in the other`
  }
  // `ip -4 addr` leaves out what has no such address
  if (!families(one).some((family) => families(other).includes(family))) return undefined
  const [here, there] = [onlyIn(one, other), onlyIn(other, one)]
  return here === undefined || there === undefined
    ? undefined
    : `one has link ${printable(here)}, the other ${printable(there)}`
}

const families = (links: readonly Link[]) => [
  ...new Set(links.flatMap(({ addresses = [] }) => addresses.map(({ family }) => family))),
]

const onlyIn = (one: readonly Link[], other: readonly Link[]): string | undefined =>
  one.find(({ name }) => !other.some((link) => link.name === name))?.name
