import { memo } from '../../model/memo.ts'
import { isPassed } from '../../model/outcome-kinds.ts'
import type { Table } from '../../model/ruleset.ts'
import { knowsSockets } from '../../rules/sockets.ts'
import { begins } from '../../rules/tproxy.ts'
import { type Context, type Detected, type Detector, finding } from '../context.ts'
import { missedBy } from '../counterfactual/failed-condition.ts'
import { passes, refOfSkipped, type SkippedRule, skippedRules } from '../counterfactual/skipped-rules.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { listenerAt, proxyOf } from '../host/proxy-socket.ts'
import { nameRef } from '../refs.ts'
import { isReplied } from '../reply/request-reply.ts'
import { listenThere } from './proxy-missing.ts'

/**
 * Where nft's tproxy finds no socket, it does not drop as iptables' TPROXY does: the rest of the rule is not executed
 * (NFT_BREAK, net/netfilter/nft_tproxy.c), no line tells of it, and the packet goes on as if nobody had meant it for a proxy.
 */
export const proxyPassedBy: Detector = {
  code: 'proxy-missing',
  detect(context) {
    if (isReplied(context)) return []
    for (const pass of passes(context)) {
      if (pass.hook !== 'prerouting' || !mayGoOn(pass.table)) continue
      for (const passed of skippedRules(context, pass)) {
        const found = tell(context, passed)
        if (found) return [found]
      }
    }
    return []
  },
}

/** Most tables have no such rule, and then none is to be looked through. */
const mayGoOn = memo((table: Table): boolean =>
  [...table.chains.values()].some(({ rules }) => rules.some((one) => proxyOf(one)?.otherwise === 'next-rule')),
)

function tell(context: Context, passed: SkippedRule): Detected | undefined {
  const { rule, moment, step } = passed
  const proxy = proxyOf(rule)
  if (proxy?.otherwise !== 'next-rule') return undefined
  const { packet } = moment
  const port = proxy.port ?? packet.dport
  // nothing else speaks against the rule
  if (!packet.protocol || port === undefined || !begins(packet) || missedBy(rule, moment)?.length !== 0)
    return undefined
  const { host } = context.world
  const listens = listenerAt(proxy.address, port, packet, host)
  // it may have begun to listen since
  if (listens?.transparent === true) return undefined
  const ref = refOfSkipped(context, passed)
  const { protocol } = packet
  const why = listens
    ? `${listens.process ?? 'a program'} listens there without IP_TRANSPARENT`
    : knowsSockets(host, protocol)
      ? 'nothing listens there'
      : 'nothing listens there with IP_TRANSPARENT'
  const isLost = !isPassed(context.journey.outcome) || context.inVain !== undefined || lacksReply(context)
  return finding(
    'proxy-missing',
    isLost ? 'warning' : 'note',
    `${nameRef(ref)} is meant to hand the packet to a transparent proxy on ${protocol} port ${port}, but ${why}. So nft skips the rest of the rule, and the packet bypasses the proxy.`,
    { steps: [step + 1], rules: [ref], fix: isLost ? [listenThere(protocol, port)] : [] },
  )
}
