/** The kernel's own packet and byte counters against the steps of all journeys. */
import type { Journey } from '../../../src/model/journey.ts'
import type { Truth } from '../truth/truth.ts'

interface Count {
  packets: number
  bytes: number
}

/** `lengths`: of each step's packet, as rules may change it on the way. */
export function compareCounters({ saved, packets }: Truth, journeys: readonly Journey[]): string[] {
  const counted = new Map<string, Count>()
  const count = (key: string, bytes: number) => {
    const old = counted.get(key) ?? { packets: 0, bytes: 0 }
    counted.set(key, { packets: old.packets + 1, bytes: old.bytes + bytes })
  }
  for (const { steps, packet } of journeys)
    for (const step of steps)
      if (step.kind === 'rule') count(`${step.table} ${step.chain} ${step.ruleNumber}`, packet.length!)
      else if (step.kind === 'policy') count(`${step.table} ${step.chain} policy`, packet.length!)
  // the rule that begins the trace is not traced itself, except where the packet was traced before
  for (const { steps, packet } of packets) {
    const first = steps[0]!
    if (first.table === 'raw') count(`raw ${first.chain} 1`, packet.length!)
  }
  const differences: string[] = []
  const compare = (key: string, text: string, kernel: Count) => {
    const ours = counted.get(key) ?? { packets: 0, bytes: 0 }
    counted.delete(key)
    if (ours.packets !== kernel.packets || ours.bytes !== kernel.bytes)
      differences.push(
        `${text}\nthe kernel counted ${kernel.packets} packets, ${kernel.bytes} bytes; journeys have ${ours.packets} steps, ${ours.bytes} bytes`,
      )
  }
  for (const { table, name, policy, packets: hits, bytes, rules } of saved.values()) {
    if (policy) compare(`${table} ${name} policy`, `policy of ${table} ${name}`, { packets: hits, bytes })
    for (const [i, rule] of rules.entries()) compare(`${table} ${name} ${i + 1}`, `${table}: ${rule.text}`, rule)
  }
  for (const [key, { packets: hits }] of counted) differences.push(`${key} has ${hits} steps and is not in the ruleset`)
  return differences
}
