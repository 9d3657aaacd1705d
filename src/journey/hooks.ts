/** At which hook each step happened. A built-in chain says it; a user chain has it from the base chain that led there. */
import { type Hook, IPTABLES_HOOKS, IPTABLES_TABLES } from '../model/hook.ts'
import type { Packet } from '../model/packet.ts'
import type { ChainReach } from './chain-reach.ts'
import type { Resolved } from './resolved.ts'

export function placeInHooks(
  steps: readonly Resolved[],
  packets: readonly Packet[],
  resolver: ChainReach,
): (Hook | undefined)[] {
  const hooks: (Hook | undefined)[] = []
  let table: string | undefined
  let hook: Hook | undefined
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!
    if (step.kind === 'log') {
      hooks.push(
        step.hook ??
          (step.table === undefined
            ? onlyHook(ALL, packets[i]!)
            : (hook ?? onlyHook(resolver.hooks(step.inTable, step.chain!), packets[i]!))),
      )
      continue
    }
    if (step.base) {
      hook = step.hook
      table = step.table
    } else if (step.table !== table || hook === undefined) {
      table = step.table
      hook = step.hook ?? baseAhead(steps, i) ?? onlyHook(possibleHooks(step, resolver), packets[i]!)
    }
    hooks.push(hook)
  }
  return hooks
}

const ALL: ReadonlySet<Hook> = new Set(Object.values(IPTABLES_HOOKS))

/** A capture that begins inside a user chain: the base chain's own line comes when the user chain returns to it. */
function baseAhead(steps: readonly Resolved[], from: number): Hook | undefined {
  for (let i = from + 1; i < steps.length; i++) {
    const step = steps[i]!
    if (step.kind === 'log') continue
    if (step.table !== steps[from]!.table) return undefined
    // a return to the base chain, not the beginning of the next hook's: its first line may be any rule, so only when the walk comes back
    if (step.base) return step.hook
  }
  return undefined
}

function possibleHooks(step: Resolved, resolver: ChainReach): ReadonlySet<Hook> {
  if (step.inTable && step.chain) {
    const hooks = resolver.hooks(step.inTable, step.chain)
    if (hooks.size > 0) return hooks
  }
  const chains = IPTABLES_TABLES[step.table ?? '']
  return chains ? new Set(chains.map((chain) => IPTABLES_HOOKS[chain]!)) : ALL
}

/** The interfaces tell apart what is left: before routing there is no output interface, at output no input interface. */
function onlyHook(hooks: ReadonlySet<Hook>, packet: Packet): Hook | undefined {
  const fitting = [...hooks].filter((hook) => fits(hook, packet))
  return fitting.length === 1 ? fitting[0] : undefined
}

/** Can a packet with these interfaces be at that hook? Before Linux 5.7 POSTROUTING showed no input interface. */
export function fits(hook: Hook, packet: Packet): boolean {
  switch (hook) {
    case 'ingress':
    case 'prerouting':
    case 'input':
      return packet.out === undefined && packet.in !== undefined
    case 'forward':
      return packet.out !== undefined && packet.in !== undefined
    case 'output':
      return packet.in === undefined && packet.out !== undefined
    case 'postrouting':
    case 'egress':
      return packet.out !== undefined
  }
}
