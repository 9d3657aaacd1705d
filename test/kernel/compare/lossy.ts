/**
 * The same log with lines missing, as printk, journald and rsyslog lose them: what is said then may be less, but not
 * wrong, and no packet's lines may come to stand in another's journey.
 */
import type { Journey } from '../../../src/model/journey.ts'
import type { Random } from '../generate/random.ts'
import { isOutcome } from '../truth/fate.ts'
import { agree } from '../truth/identity.ts'
import type { Truth } from '../truth/truth.ts'
import { lineText, stepText } from './pair.ts'
import { likeness } from './shuffle.ts'

export function loseLines(random: Random, { lines }: Truth): string[] {
  const share = random.pick([0.02, 0.1, 0.3])
  return lines.filter(() => !random.chance(share)).map(({ text }) => text)
}

export function compareLossy({ packets }: Truth, journeys: readonly Journey[]): string[] {
  const alike = likeness(packets)
  const twins = packets.map(alike)
  const differences: string[] = []
  for (const journey of journeys) {
    const steps = journey.steps.map(stepText)
    const told = `with lines lost, ${journey.outcome} (${journey.basis})\n${steps.join('\n')}`
    const like = packets.filter(({ packet }) => agree(packet, journey.packet))
    // of packets that are not told apart, one may continue what another began
    if (like.some((seen) => twins.filter((twin) => twin === alike(seen)).length > 1)) continue
    const seen = like.filter(({ lines }) => isPart(steps, lines.map(lineText)))
    if (seen.length === 0) differences.push(`these are no one packet's lines: ${told}`)
    else if (
      journey.outcome !== 'undetermined' &&
      journey.outcome !== 'vanished' &&
      !seen.some(({ fate }) => isOutcome(journey.outcome, fate) || fate.outcome === 'vanished')
    )
      differences.push(`the packet was ${seen[0]!.fate.outcome}; ${told}`)
  }
  return differences
}

/** In the same order, with gaps. */
function isPart(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0
  for (const text of whole) if (text === part[at]) at++
  return at === part.length
}
