import { isLocal } from '../../rules/fib.ts'
import { listener } from '../../rules/sockets.ts'
import { acceptBefore, propose } from '../changes/change.ts'
import { type Detector, describeEnd, finding } from '../context.ts'
import { lacksReply } from '../counterfactual/undeliverable.ts'
import { takenByProxy } from '../host/proxy-socket.ts'
import { nameRef } from '../refs.ts'
import { isReplied } from '../reply/request-reply.ts'
import { numberedRef } from './verdicts.ts'

/** It is for a program of this host, perhaps since nat sent it there, and a rule gives it to the proxy first. */
export const proxyTook: Detector = {
  code: 'proxy-missing',
  detect(context) {
    const taken = takenByProxy(context)
    if (!taken || isReplied(context)) return []
    const { step, ref, port, packet, listens: proxy } = taken
    const { host } = context.world
    const meant = isLocal(packet.dst, host) === true ? listener(host, packet) : undefined
    if (!meant || meant.port === port || meant === proxy) return []
    const isLost = context.inVain !== undefined || lacksReply(context)
    const by = proxy?.process === undefined ? '' : ` (${proxy.process})`
    return [
      finding(
        'proxy-missing',
        isLost ? 'warning' : 'note',
        `${nameRef(ref)} hands it to the transparent proxy on ${packet.protocol} port ${port}${by}. The packet is for ${describeEnd(packet.dst, packet.dport)}, where ${meant.process ?? 'a program of this host'} listens, which never gets it.`,
        {
          steps: [step + 1],
          rules: [ref],
          ...(isLost ? { culprit: step } : {}),
          fix: isLost
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
