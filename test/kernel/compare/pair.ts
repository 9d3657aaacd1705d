/** Which journey tells of which packet: every line of a packet in one journey, in order, none twice and none lost. */
import type { Journey, Step } from '../../../src/model/journey.ts'
import { identityText } from '../truth/identity.ts'
import type { Line } from '../truth/lines.ts'
import type { Seen } from '../truth/truth.ts'

export interface Pair {
  seen: Seen
  journey: Journey
}

const SHOWN = ['in', 'out', 'src', 'dst', 'sport', 'dport', 'mark', 'ttl'] as const

export const lineText = ({ point, prefix, packet }: Line): string =>
  [
    point ? `${point.table}:${point.chain}:${point.type}:${point.number}` : `log "${prefix!.trim()}"`,
    ...SHOWN.map((field) => `${field}=${packet[field] ?? ''}`),
  ].join(' ')

export const stepText = (step: Step): string =>
  [
    step.kind === 'log'
      ? `log "${step.prefix?.trim() ?? ''}"`
      : `${step.table}:${step.chain}:${step.reported ?? step.kind}:${step.ruleNumber}`,
    ...SHOWN.map((field) => `${field}=${step[field] ?? ''}`),
  ].join(' ')

export function pairJourneys(
  packets: readonly Seen[],
  journeys: readonly Journey[],
): { pairs: Pair[]; differences: string[] } {
  const waiting = new Map<string, Journey[]>()
  for (const journey of journeys) {
    const key = [identityText(journey.packet), ...journey.steps.map(stepText)].join('\n')
    waiting.set(key, [...(waiting.get(key) ?? []), journey])
  }
  const pairs: Pair[] = []
  const differences: string[] = []
  for (const seen of packets) {
    const key = [seen.identity, ...seen.lines.map(lineText)].join('\n')
    const journey = waiting.get(key)?.shift()
    if (journey) pairs.push({ seen, journey })
    else
      differences.push(
        `no journey has exactly the lines of this packet:\n${seen.lines.map(({ text }) => text).join('\n')}`,
      )
  }
  for (const journey of [...waiting.values()].flat())
    differences.push(`journey ${journey.id} has the lines of no packet:\n${journey.steps.map(stepText).join('\n')}`)
  return { pairs, differences }
}
