/** Of a rule in two lists, ebtables' own and nft's: has ebtables taken one field of the frame for another? */
import type { Rule, Table } from '../../../model/ruleset.ts'
import { simpleConditions } from '../../../rules/simple-conditions.ts'

/**
 * ebtables-nft-save takes a field of the IP header for the one of the Ethernet header at the same offset, as in a rule that
 * nft made: `ip saddr 10.1.0.0/16` is `-p 0xa01` there (nft_bridge_parse_payload, iptables/nft-bridge.c). nft then asks for
 * a field of which the other list says nothing.
 */
export const isMisread = (told: Table, nft: Table): boolean =>
  [...nft.chains].some(([name, { rules }]) => {
    const others = told.chains.get(name)!.rules
    return rules.some((rule, i) => {
      const known = fieldsOf(others[i]!)
      return [...fieldsOf(rule)].some((field) => !known.has(field))
    })
  })

/** Under one name where each of the two has its own. */
const fieldsOf = ({ conditions }: Rule): ReadonlySet<string> =>
  new Set(
    conditions
      .flatMap(simpleConditions)
      .flatMap((one) => (one.kind === 'compare' ? [one.field] : one.kind === 'unknown' ? [] : one.fields))
      .map((field) =>
        field === 'ether type' ? 'meta protocol' : field.replace(/^(?:tcp|udp|sctp|dccp|udplite) /, 'th '),
      ),
  )
