/** Everything that nfwhy says of one case against everything that the kernel did. */
import type { Journey } from '../../../src/model/journey.ts'
import { Random } from '../generate/random.ts'
import type { Lab } from '../lab/lab.ts'
import type { Played } from '../play.ts'
import { readTruth, type Seen, type Truth } from '../truth/truth.ts'
import { compareChanges } from './changes.ts'
import { compareCounters } from './counters.ts'
import { buildWorld, explainLines } from './explained.ts'
import { compareLossy, loseLines } from './lossy.ts'
import { compareOutcome } from './outcome.ts'
import { pairJourneys } from './pair.ts'
import { compareRepeats } from './repeats.ts'
import { shuffleLines } from './shuffle.ts'
import { compareSteps } from './steps.ts'
import { compareVanished } from './vanished.ts'

export interface Comparison {
  truth: Truth
  differences: string[]
}

/** `host`: the host's state, file by file. */
export async function compareCase(
  played: Played,
  host: Readonly<Record<string, string>>,
  lab: Lab,
): Promise<Comparison> {
  const truth = readTruth(played)
  const { world, warnings } = buildWorld({ ...host, rules: played.saved })
  const explained = explainLines(
    truth.lines.map(({ text }) => text),
    world,
  )
  const differences = [...warnings, ...explained.warnings].map(
    ({ input, code, message }) => `${input}: ${code}: ${message}`,
  )
  const { events, skipped, evicted } = explained.stats
  if (events !== truth.lines.length || skipped + evicted > 0)
    differences.push(
      `of ${truth.lines.length} lines ${events} were read, ${skipped} skipped; ${evicted} journeys evicted`,
    )
  for (const arrived of truth.untraced) differences.push(`arrived untraced: ${JSON.stringify(arrived)}`)
  const { pairs, differences: unpaired } = pairJourneys(truth.packets, explained.journeys)
  differences.push(...unpaired, ...compareCounters(truth, explained.journeys))
  differences.push(...compareRepeats(pairs))
  const last = lastPackets(played, truth)
  for (const pair of pairs)
    differences.push(
      ...compareSteps(pair),
      ...compareChanges(pair),
      ...compareOutcome(pair, lab.topology, { ...played, saved: truth.saved }, !last.has(pair.seen)),
      ...(await compareVanished(pair, lab)),
    )
  const mixed = shuffleLines(new Random(played.seed), truth.packets, last)
  differences.push(...compareMixed(explained.journeys, explainLines(mixed, world).journeys))
  const left = loseLines(new Random(played.seed), truth)
  differences.push(...compareLossy(truth, explainLines(left, world).journeys))
  return { truth, differences }
}

/** Nothing comes behind those of the last round. */
function lastPackets({ rounds }: Played, { packets }: Truth): Set<Seen> {
  const log = new Set(rounds.at(-1)!.gathered.log)
  return new Set(packets.filter(({ lines }) => log.has(lines[0]!.text)))
}

/** But for their numbers and times, and so for which was sent again, the same journeys. */
function compareMixed(before: readonly Journey[], after: readonly Journey[]): string[] {
  const plain = ({ id: _, time: __, uptime: ___, findings, ...rest }: Journey) =>
    JSON.stringify({ ...rest, findings: findings.filter(({ code }) => code !== 'retransmission') }, undefined, 1)
  const waiting = before.map(plain)
  const differences: string[] = []
  for (const text of after.map(plain)) {
    const found = waiting.indexOf(text)
    if (found >= 0) waiting.splice(found, 1)
    else differences.push(`only with the packets' lines mixed:\n${text}`)
  }
  return [...differences, ...waiting.map((text) => `not with the packets' lines mixed:\n${text}`)]
}
