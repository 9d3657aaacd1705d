import { verdictOf } from '../../rules/verdict.ts'
import { describeConditions } from '../cause.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { fieldOf, isNegated } from '../counterfactual/failed-condition.ts'
import { hadItNotMatched } from '../counterfactual/what-if.ts'
import { proxyOf } from '../host/proxy-socket.ts'
import { homeOf } from '../host/routes.ts'
import { nameBeside, nameRef, refAt, refOf } from '../refs.ts'

/**
 * Nobody replied, and a rule for what comes from other networks ended the chain in front of TPROXY, though its sender is in
 * the network of the link it came in by: that network, as a delegated prefix does, may have changed since.
 */
export const proxySkipped: Detector = {
  code: 'proxy-missing',
  detect(context) {
    if (context.inVain !== 'unanswered') return []
    const { arrivals } = context.evidence
    for (const [i, { hook, rule }] of arrivals.entries()) {
      if (hook !== 'prerouting' || !rule || !/^(accept|return)$/.test(verdictOf(rule).text)) continue
      if (!rule.conditions.some((one) => isNegated(one) && / saddr$/.test(fieldOf(one) ?? ''))) continue
      const found = tell(context, i)
      if (found) return [found]
    }
    return []
  },
}

function tell(context: Context, i: number): Detected | undefined {
  const { rule, table, packet } = context.evidence.arrivals[i]!
  const { src, in: from, protocol } = packet
  const home = src === undefined ? undefined : homeOf(src, context.world.host)
  if (!home || home.link.name !== from || !table || !rule) return undefined
  const missed = hadItNotMatched(context, i)?.matched.find((one) => proxyOf(one.rule))
  const port = proxyOf(missed?.rule)?.port ?? packet.dport
  const ref = refAt(context, i)
  if (!missed || !ref || port === undefined || !protocol) return undefined
  const proxy = refOf(context, table.name, missed.chain, missed.rule)
  return finding(
    'proxy-missing',
    'note',
    `${nameRef(ref)} ended the chain (${describeConditions(rule.conditions)}), so the packet never reached ${nameBeside(proxy, ref)}, which hands packets to the transparent proxy on ${protocol} port ${port}. Its source ${src} is in the network of ${from} (${home.network}).`,
    {
      steps: [i + 1],
      rules: [ref, proxy],
      fix: [
        {
          description: `if the proxy is meant for ${home.network}, add this network to those that ${nameRef(ref)} does not match`,
          unverified: 'whether the proxy is meant for that network is unknown here',
        },
      ],
    },
  )
}
