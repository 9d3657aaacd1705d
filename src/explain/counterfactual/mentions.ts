/** How much speaks for a host and its port: rules and elements that name it, and whether it has answered. */
import type { Host } from '../../model/host.ts'
import type { Rule } from '../../model/ruleset.ts'
import { isUnreplied } from '../../rules/conntrack/entries.ts'
import { SERVICES } from '../../rules/iptables/values/services.ts'
import type { Destination } from '../changes/rule-changes.ts'
import type { Context } from '../context.ts'

/** In how many other rules the place is spoken of, with the port. */
export interface Mentions {
  rules: number
  /** With whether a port is a service's that everybody knows, and the host one that answers. */
  weight: number
}

export function mentions(
  { world }: Context,
  { address, port }: Destination,
  besides: readonly (Rule | undefined)[],
): Mentions {
  const host = new RegExp(`(^|[ ,])${address.replaceAll('.', '\\.')}(?=[/: ,]|$)`)
  const service = new RegExp(`port(s|)(-src|-dst|) (\\S*,)?${port}(,|\\b)|:${port}\\b`)
  let count = 0
  let isMentioned = false
  for (const { chains } of world.tables)
    for (const { rules } of chains.values())
      for (const rule of rules)
        if (!besides.includes(rule) && host.test(rule.text)) {
          isMentioned = true
          if (port === undefined || service.test(rule.text)) count++
        }
  // an element for the host and its port, whoever looks it up
  for (const { elements } of world.sets)
    for (const { parts, data = [] } of elements) {
      const named = [...parts, ...data]
      if (port !== undefined && named.includes(address) && named.includes(`${port}`)) count++
    }
  const known = port !== undefined && Object.values(SERVICES).includes(port)
  const inSets = world.sets.some(({ elements }) =>
    elements.some(({ parts }) => port !== undefined && parts.includes(String(port))),
  )
  const weight =
    count +
    (isMentioned ? 0.1 : 0) +
    (known ? 0.5 : 0) +
    (inSets ? 0.5 : 0) +
    (isHeardOf(world.host, address) ? 0.25 : 0)
  return { rules: count, weight }
}

/** Somebody there has answered: what is mistaken is mostly nobody's address. */
const isHeardOf = ({ conntrack, neighbours }: Host, address: string): boolean =>
  neighbours?.some((one) => one.address === address && one.mac !== undefined) === true ||
  conntrack?.some((entry) => entry.reply.src === address && !isUnreplied(entry)) === true
