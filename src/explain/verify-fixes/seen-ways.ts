/** Where the capture shows the packet routed: what is tried on a host whose routes nobody has listed goes the same way. */
import { NO_WAYS, type Ways, withWay } from '../../journey/ways.ts'
import { isNameless } from '../../model/packet.ts'
import { lookup } from '../../rules/route.ts'
import type { Context } from '../context.ts'

export interface SeenWays {
  ways: Ways
  /** Where the packet came in: its reply is taken to leave there. */
  returnsBy?: string
}

/** Undefined where routes of the packet's family are listed, be it that there are none. */
export function seenWays({
  journey: { packet, family },
  evidence: { arrivals },
  world,
}: Context): SeenWays | undefined {
  const { src, dst, in: came } = packet
  const known = dst === undefined ? undefined : lookup({ dst }, world.host)
  if (known === null || world.host.routes?.some((one) => one.family === family)) return undefined
  let ways = NO_WAYS
  const back = came ?? 'lo'
  if (src !== undefined && !isNameless(back)) ways = withWay(ways, { dst: src }, back)
  const hooks = new Set<string>()
  for (const { hook, packet: at } of arrivals) {
    // rules of the hook may have given it another mark by its second step
    if (hook === undefined || hooks.has(hook)) continue
    hooks.add(hook)
    // what FORWARD marked has been routed before
    const isRouted = hook === 'forward' || hook === 'output' || (hook === 'postrouting' && !hooks.has('forward'))
    const device = hook === 'input' ? 'lo' : isRouted ? at.out : undefined
    const { dst: to, mark = 0 } = at
    if (device !== undefined && to !== undefined && !isNameless(device)) ways = withWay(ways, { dst: to, mark }, device)
  }
  return { ways, ...(src === undefined || came === undefined || isNameless(came) ? {} : { returnsBy: came }) }
}
