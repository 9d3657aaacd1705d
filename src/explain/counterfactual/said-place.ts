/** Where a chain of nat sends packets by its own name, or by the comment of the rule that leads to it, as kube-proxy words both. */
import type { Rule } from '../../model/ruleset.ts'
import { canonicalAddress } from '../../rules/prefixes.ts'
import { verdictOf } from '../../rules/verdict.ts'
import type { Destination } from '../changes/rule-changes.ts'

/**
 * `endpoint-ABC-default/web/tcp/http__10.0.0.5/8080`, where an IPv6 address has dots for colons (`fd00.10..2`, servicePortEndpointChainName
 * in pkg/proxy/nftables/proxier.go); `default/web:http -> 10.0.0.5:8080`.
 */
export function saidPlace(chain: string, comment = ''): (Destination & { byName: boolean }) | undefined {
  const byName = /^endpoint-.*__\[?([\da-f.:]+?)\]?\/(\d+)$/.exec(chain)
  const [, address, port] = byName ?? /-> \[?([\da-f.:]+?)\]?:(\d+)$/.exec(comment) ?? []
  // what is no address is not meant as one
  const isDotted = byName !== null && !/^\d+(?:\.\d+){3}$/.test(address ?? '')
  const meant = address && canonicalAddress(isDotted ? address.replaceAll('.', ':') : address)
  return meant ? { address: meant, port: Number(port), byName: byName !== null } : undefined
}

/** Does the rule lead to such a chain? */
export const leadsToPlace = (rule: Rule): boolean =>
  ledTo(rule).some((chain) => saidPlace(chain, rule.comment) !== undefined)

function ledTo(rule: Rule): string[] {
  const { chain } = verdictOf(rule)
  if (chain !== undefined) return [chain]
  return rule.statements.flatMap((one) =>
    one.kind === 'vmap'
      ? (one.map.nft?.elements ?? []).flatMap(({ data = [] }) => data.map((word) => word.replace(/^(jump|goto) /, '')))
      : [],
  )
}
