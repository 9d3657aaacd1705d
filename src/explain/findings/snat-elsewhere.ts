import { hasAddress, isLocal } from '../../rules/fib.ts'
import { acceptBefore, propose } from '../changes.ts'
import { type Detector, finding, lastPacket } from '../context.ts'
import { givenSource, sourceRule } from '../counterfactual/rewritten.ts'
import { nameRef } from '../refs.ts'
import { homeOf } from '../routes.ts'

/**
 * A neighbour was asked from an address that another interface has, in place of one that the neighbour would have replied
 * to at once. Many a network works so; where no reply came it is worth a look.
 */
export const snatElsewhere: Detector = {
  code: 'snat-elsewhere',
  detect(context) {
    const { world, evidence, inVain } = context
    const rule = inVain === 'unanswered' ? sourceRule(context) : undefined
    if (rule?.statement?.kind !== 'snat') return []
    const { packet: asked, hook } = evidence.arrivals[rule.step]!
    const { out, dst = '' } = lastPacket(context)
    const source = givenSource(rule.statement, asked.src)
    if (source === undefined || out === undefined || isLocal(source, world.host) !== true) return []
    const { links } = world.host
    const isNear = [dst, asked.src ?? ''].every((one) => homeOf(one, world.host, out)?.link.name === out)
    if (!isNear || hasAddress(links, out, source)) return []
    const owner = links?.find(({ name }) => hasAddress(links, name, source))?.name
    return [
      finding(
        'snat-elsewhere',
        'warning',
        `${nameRef(rule.ref)} gave it source ${source}, an address of ${owner ?? 'this host'}, but it leaves by ${out} for a neighbour there: ${dst} sends the reply along its own route to ${source}, which may not lead here.`,
        {
          steps: [rule.step + 1],
          rules: [rule.ref],
          culprit: rule.step,
          fix: propose(
            'do not rewrite the source of such packets',
            acceptBefore(rule.ref, asked, hook === undefined ? {} : { hook }),
            'later nat rules do not apply to them either',
          ),
        },
      ),
    ]
  },
}
