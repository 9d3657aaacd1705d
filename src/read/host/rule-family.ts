/**
 * Which family a listing of routing rules is of: it does not say. A listing is sorted by priority, so where the priority
 * falls a new one begins (`ip rule; ip -6 rule`). A listing with an address is of that address's family. Otherwise
 * table `default` tells: the kernel's own rules of IPv4 end with it (32767), those of IPv6 do not have it. What then
 * still looks like the kernel's own rules of IPv6 is taken as such when an IPv4 listing stands before it or when it
 * ends with main at 32766; anything else is IPv4, which is what `ip rule` means.
 */
import type { Report } from '../../model/diagnostic.ts'
import type { RoutingRule } from '../../model/host.ts'
import { familyOf, type IpFamily } from '../../rules/prefixes.ts'

export type UnplacedRule = Omit<RoutingRule, 'family'>

export function nameFamilies(rules: readonly UnplacedRule[]): RoutingRule[] {
  const result: RoutingRule[] = []
  let before: IpFamily | undefined
  for (const listing of splitListings(rules)) {
    const family = listingFamily(listing, before)
    for (const rule of listing) result.push({ family, ...rule })
    before = family
  }
  return result
}

/** `rule`: undefined where `shown` is none. */
export function takeRule(
  rules: UnplacedRule[],
  rule: UnplacedRule | undefined,
  shown: () => string,
  line: number,
  report: Report,
): void {
  if (!rule) {
    report('line-not-understood', `not a routing rule: ${shown()}`, line)
    return
  }
  if (rule.unknown)
    report(
      'selector-not-understood',
      `rule ${rule.priority} has a condition that nfwhy does not know: ${rule.unknown.join(', ')}`,
      line,
    )
  rules.push(rule)
}

function splitListings(rules: readonly UnplacedRule[]): UnplacedRule[][] {
  const listings: UnplacedRule[][] = []
  let last = Number.POSITIVE_INFINITY
  for (const rule of rules) {
    if (rule.priority < last) listings.push([])
    listings.at(-1)?.push(rule)
    last = rule.priority
  }
  return listings
}

function listingFamily(listing: readonly UnplacedRule[], before: IpFamily | undefined): IpFamily {
  const address = listing.map((rule) => rule.from ?? rule.to).find((prefix) => prefix !== undefined)
  if (address !== undefined) return familyOf(address)
  const last = listing.at(-1)
  if (last && isTable(last, 'default')) return 'ip'
  return before === 'ip' || (last?.priority === 32766 && isTable(last, 'main')) ? 'ip6' : 'ip'
}

const isTable = ({ action }: UnplacedRule, table: string): boolean =>
  typeof action === 'object' && 'table' in action && action.table === table
