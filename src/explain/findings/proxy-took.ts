import { FOR_REPORTS } from '../../model/for-reports.ts'
import type { RuleRef } from '../../model/journey.ts'
import { entryOpened, isUnreplied } from '../../rules/conntrack/entries.ts'
import { isLocal } from '../../rules/fib.ts'
import { listener } from '../../rules/sockets.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { type Context, type Detector, describeEnd, finding, lastPacket } from '../context.ts'
import { destinationRule } from '../counterfactual/rewritten.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { type TakenByProxy, takenByProxy } from '../host/proxy-socket.ts'
import { nameRef } from '../refs.ts'
import { asItCame, isReplied } from '../reply/request-reply.ts'
import { numberedRef } from './verdicts.ts'

/** It is for a program of this host, or for whom nat sends it to, and a rule gives it to the proxy first. */
export const proxyTook: Detector = {
  code: 'proxy-missing',
  detect(context) {
    const taken = takenByProxy(context)
    if (!taken || isReplied(context)) return []
    const { step, ref, port, packet, listens: proxy } = taken
    const meant = listensFor(context, taken) ?? sentElsewhere(context, taken)
    if (!meant) return []
    const isLost = context.inVain !== undefined || lacksReply(context) || (meant.isElsewhere && staysUnreplied(context))
    const by = proxy?.process === undefined ? '' : ` (${proxy.process})`
    return [
      finding(
        'proxy-missing',
        isLost ? 'warning' : 'note',
        `${nameRef(ref)} hands it to the transparent proxy on ${packet.protocol} port ${port}${by}. ${meant.words}`,
        {
          steps: [step + 1],
          rules: [ref, ...meant.rules],
          [FOR_REPORTS]: { headline: 'a transparent proxy took it' },
          ...(isLost ? { culprit: step } : {}),
          fix:
            isLost || meant.isElsewhere
              ? propose(
                  `accept such packets before ${numberedRef(ref)}`,
                  acceptBefore(ref, packet, { hook: 'prerouting' }),
                  'they then go past the proxy',
                )
              : [],
        },
      ),
    ]
  },
}

interface Meant {
  /** A sentence: whom it was for. */
  words: string
  rules: RuleRef[]
  /** Another host, which never gets it: whatever the proxy replies is not its reply. */
  isElsewhere: boolean
}

/** A program of this host, where the packet was for. */
function listensFor({ world: { host } }: Context, { packet, port, listens }: TakenByProxy): Meant | undefined {
  const meant = isLocal(packet.dst, host) === true ? listener(host, packet) : undefined
  if (!meant || meant.port === port || meant === listens) return undefined
  const words = `The packet is for ${describeEnd(packet.dst, packet.dport)}, where ${meant.process ?? 'a program of this host'} listens, which never gets it.`
  return { words, rules: [], isElsewhere: false }
}

/**
 * nat comes behind mangle, and sends the packet to another host all the same: its mark leads it to the proxy, whomever it is
 * for then. Whoever asks an address of this host's own asks for what nat has made of that.
 */
function sentElsewhere(context: Context, { step, packet }: TakenByProxy): Meant | undefined {
  const { host } = context.world
  const rule = isLocal(packet.dst, host) === true ? destinationRule(context) : undefined
  const { dst, dport } = lastPacket(context)
  if (!rule || rule.step < step || isLocal(dst, host) !== false) return undefined
  const words = `${nameRef(rule.ref)} sends the packet to ${describeEnd(dst, dport)}, which never gets it: the packet's mark leads it to this host.`
  return { words, rules: [rule.ref], isElsewhere: true }
}

/** Also of a service that need not reply: nobody that it was for can. */
function staysUnreplied({ evidence, world }: Context): boolean {
  const entry = entryOpened(asItCame(evidence, world), world)
  return entry !== undefined && isUnreplied(entry)
}
