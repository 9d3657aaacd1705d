/** Rules would have accepted the packet by another interface, where a routing rule leads others of its network: it leaves out its source. */
import { propose } from '../changes/change.ts'
import { type Detector, finding } from '../context.ts'
import { wayBySource } from '../counterfactual/way-by-source.ts'
import { addRoutingRule, hostPrefix } from '../host/routes.ts'
import { nameChain, nameRef, refOf } from '../refs.ts'

export const unroutedSource: Detector = {
  code: 'wrong-way-out',
  detect(context) {
    const way = wayBySource(context)
    if (!way) return []
    const { packet } = context.evidence.arrivals[context.ended.step]!
    const { rule, table, device, goal, then } = way
    const { pass } = goal
    const ref =
      then.ending === 'accept' && then.last
        ? refOf(context, pass.table.name, then.last.chain, then.last.rule)
        : undefined
    const by = ref
      ? nameRef(ref)
      : nameChain({ family: pass.table.family, table: pass.table.name, chain: pass.base.name })
    const source = packet.src!
    return [
      finding(
        'wrong-way-out',
        'warning',
        `It was to leave by ${packet.out}, where it was stopped. Routing rule ${rule.priority} sends packets from ${rule.from} out of ${device} instead (table ${table}), where ${by} accepts them; ${source} is not in ${rule.from}.`,
        {
          steps: [context.ended.step + 1],
          ...(ref ? { rules: [ref] } : {}),
          fix: propose(
            `use table ${table} for packets from ${source}, too`,
            addRoutingRule({ ...rule, from: hostPrefix(source) }),
            `affects all packets that ${source} sends; a wider network behind "from" leads others there, too`,
          ),
        },
      ),
    ]
  },
}
