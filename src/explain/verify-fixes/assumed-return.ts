/** Where no listing tells by which interface a reply leaves, and it is taken to leave where the request came in. */
import type { Played } from '../../journey/engine.ts'
import type { Value } from '../../model/condition.ts'
import { memo } from '../../model/memo.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import type { World } from '../../model/world.ts'
import { type SimpleCondition, simpleConditions } from '../../rules/simple-conditions.ts'
import { nftSetOf } from '../counterfactual/map-keys.ts'
import type { Reproduced, Reproduction } from './reproduce.ts'

/** More are not tried, and then it is unknown. */
const MOST_TRIED = 8
/** Stands for any interface that no rule names. */
const UNNAMED = 'unnamed'

/** Behind a sentence that has the condition; empty where the route is listed. */
export const unknownRouteWords = ({ returnsBy, packet }: Reproduction): string =>
  returnsBy === undefined ? '' : ` The route to ${packet.src} is unknown.`

/** Behind a full stop; empty where its route is listed. */
export const assumedWords = ({ returnsBy, packet }: Reproduction): string =>
  returnsBy === undefined ? '' : ` The route to ${packet.src} is unknown: the reply is taken to leave by ${returnsBy}.`

/** It is stopped by the interface that it is taken to leave by, and not, or not for certain, by another one. */
export function dependsOnReturn(reproduction: Reproduction, { ended, packet }: Played, world: World): boolean {
  const { returnsBy, playReturning } = reproduction
  if (returnsBy === undefined || !playReturning || !isStopped(ended.outcome)) return false
  // nothing is routed back where it came in
  const others = [...interfacesOf(world, returnsBy)].filter(
    (one) => one !== returnsBy && one !== packet.in && one !== 'lo',
  )
  if (others.length > MOST_TRIED) return true
  return others.some((device) => {
    const { answer } = playReturning(device, world)
    return answer === undefined || !isStopped(answer.ended.outcome)
  })
}

/** Why a change is of no use, with the interface by which the reply is taken to leave where another one might do. */
export function withReturn(
  wrong: { why: string; isAnswer?: true } | undefined,
  { answer }: Reproduced,
  reproduction: Reproduction,
  world: World,
): string | undefined {
  const depends = wrong?.isAnswer && answer && dependsOnReturn(reproduction, answer, world)
  return depends ? `${wrong.why} if it leaves by ${reproduction.returnsBy}` : wrong?.why
}

/** Those of the host; where a listing lacks the one that was `seen`, those that rules ask for, and one more. */
function interfacesOf(world: World, seen: string): ReadonlySet<string> {
  const { links } = world.host
  return links?.some(({ name }) => name === seen) ? new Set(links.map(({ name }) => name)) : askedOf(world)
}

const askedOf = memo((world: World): ReadonlySet<string> => {
  const asked = new Set([UNNAMED])
  for (const { chains } of world.tables)
    for (const { rules } of chains.values())
      for (const one of rules.flatMap(({ conditions }) => conditions).flatMap(simpleConditions))
        for (const device of outputsOf(one, world)) asked.add(device)
  return asked
})

function outputsOf(condition: SimpleCondition, world: World): string[] {
  if (condition.kind === 'compare') return isOutput(condition.field) ? devicesOf(condition.value) : []
  const place = condition.kind === 'lookup' ? condition.fields.findIndex(isOutput) : -1
  if (condition.kind !== 'lookup' || place < 0) return []
  const elements = condition.nft?.elements ?? nftSetOf({ world }, condition)?.elements ?? []
  return elements.map(({ parts }) => oneNamed(String(parts[place])))
}

function devicesOf(value: Value): string[] {
  if (typeof value !== 'object') return [oneNamed(String(value))]
  if ('wildcard' in value) return [`${value.wildcard}0`]
  return 'set' in value ? value.set.flatMap(devicesOf) : []
}

/** One of those whose names begin so. */
const oneNamed = (device: string): string => device.replace(/\*$/, '0')

const isOutput = (field: string): boolean => /^meta oif(name)?$/.test(field)
