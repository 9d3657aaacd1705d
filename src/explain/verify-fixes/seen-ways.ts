/** Where a capture shows packets routed: what is tried on a host whose routes nobody has listed goes the same way. */
import { wayKey } from '../../journey/engine.ts'
import { isNameless } from '../../model/packet.ts'
import { lookup } from '../../rules/route.ts'
import type { Context } from '../context.ts'

export interface SeenWays {
  /** As wayKey has them, each with its interface, `lo` for this host itself. */
  ways: ReadonlyMap<string, string>
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
  const ways = new Map<string, string>()
  const back = came ?? 'lo'
  if (src !== undefined && !isNameless(back)) ways.set(wayKey(src), back)
  const hooks = new Set<string>()
  for (const { hook, packet: at } of arrivals) {
    // rules of the hook may have given it another mark by its second step
    if (hook === undefined || hooks.has(hook)) continue
    hooks.add(hook)
    // what FORWARD marked has been routed before
    const isRouted = hook === 'forward' || hook === 'output' || (hook === 'postrouting' && !hooks.has('forward'))
    const device = hook === 'input' ? 'lo' : isRouted ? at.out : undefined
    if (device === undefined || at.dst === undefined || isNameless(device)) continue
    // table local is asked first, whatever the mark is
    ways.set(device === 'lo' ? wayKey(at.dst) : wayKey(at.dst, at.mark), device)
  }
  return { ways, ...(src === undefined || came === undefined || isNameless(came) ? {} : { returnsBy: came }) }
}
