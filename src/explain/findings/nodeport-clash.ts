import { listener } from '../../rules/sockets.ts'
import { verdictOf } from '../../rules/verdict.ts'
import { type Detector, finding } from '../context.ts'
import { nameRef, refAt } from '../refs.ts'

/** As kube-proxy begins a comment: anybody may write another one. */
const SERVICE = /^[\w.-]+\/[\w.-]+(?::[\w.-]+)?(?= |$)/

/** A NodePort rule takes packets that a process of this host listens for. */
export const nodeportClash: Detector = {
  code: 'nodeport-clash',
  detect(context) {
    const { arrivals } = context.evidence
    for (const [i, step] of context.journey.steps.entries()) {
      const { rule, packet } = arrivals[i]!
      if (
        step.table !== 'nat' ||
        step.kind !== 'rule' ||
        !/^KUBE-(NODEPORTS|EXTERNAL-SERVICES)$/.test(step.chain ?? '')
      )
        continue
      if (!rule || verdictOf(rule).ending === 'continue' || packet.dport === undefined) continue
      const socket = listener(context.world.host, packet)
      // kube-proxy of old held a socket open for each NodePort, to keep others away
      if (!socket || socket.process === 'kube-proxy') continue
      const ref = refAt(context, i)!
      const who = socket.process === undefined ? 'a process' : socket.process
      const name = SERVICE.exec(rule.comment ?? '')?.[0]
      const service = name === undefined ? '' : ` of "${name}"`
      return [
        finding(
          'nodeport-clash',
          'error',
          `This host listens on ${packet.dport} (${who}), but ${nameRef(ref)}, the NodePort${service}, matches first.`,
          {
            steps: [i + 1],
            rules: [ref],
            fix: [
              {
                description: `give the Service another nodePort, or let ${who} use another port`,
                unverified: 'this is not a netfilter change',
                note: 'kube-proxy restores a deleted rule',
              },
            ],
          },
        ),
      ]
    }
    return []
  },
}
