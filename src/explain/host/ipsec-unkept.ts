/** What is said of a packet that IPsec's policies keep back. */
import type { Packet } from '../../model/packet.ts'
import { type Unkept, unkeptPolicy } from '../../rules/ipsec.ts'
import { type Context, type Detected, finding } from '../context.ts'

export type Direction = 'in' | 'out' | 'fwd'

export function unkeptFindings(context: Context, packet: Packet, directions: readonly Direction[]): Detected[] {
  const { host } = context.world
  for (const direction of directions) {
    const found = unkeptPolicy(packet, direction, host)
    if (!found) continue
    const counted = COUNTERS.filter((name) => name.startsWith(direction === 'out' ? 'XfrmOut' : 'XfrmIn')).flatMap(
      (name) => (host.ipsecCounters?.[name] ? `${name} ${host.ipsecCounters[name]}` : []),
    )
    const since = counted.length > 0 ? ` The kernel's counters since boot: ${counted.join(', ')}.` : ''
    return [
      finding('ipsec-no-state', 'error', `${messageOf(found, direction)}${since}`, {
        steps: [context.ended.step + 1],
        fix: [{ description: FIX[found.template ? 'state' : 'block'], unverified: 'this is not a rule change' }],
      }),
    ]
  }
  return []
}

const COUNTERS = ['XfrmOutNoStates', 'XfrmOutPolBlock', 'XfrmInNoPols', 'XfrmInTmplMismatch', 'XfrmInPolBlock']

const FIX = {
  state:
    'check why the tunnel is down (swanctl --list-sas, ipsec status; ip xfrm state), or delete the policy if nothing needs it',
  block: 'find the program that set the policy (ip xfrm policy), and change it there',
}

function messageOf({ policy, template }: Unkept, direction: string): string {
  const name = `IPsec's policy ${policy.src} → ${policy.dst} (dir ${direction})`
  if (!template) return `${name} blocks it.`
  const ends = `${template.protocol} ${template.mode} ${template.src} → ${template.dst}`
  const done =
    direction === 'out'
      ? 'the kernel does not send the packet'
      : 'the packet came without IPsec, and the kernel drops it'
  return `${name} requires ${ends}, but there is no such state: ${done}.`
}
