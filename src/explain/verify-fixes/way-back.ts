/** Where no listing tells by which interface a reply leaves: whether its fate is the same by any other one. */
import type { Played } from '../../journey/engine.ts'
import type { Condition } from '../../model/condition.ts'
import { isStopped } from '../../model/outcome-kinds.ts'
import type { World } from '../../model/world.ts'
import { wantedBy } from '../counterfactual/distance.ts'
import type { Reproduced, Reproduction } from './reproduce.ts'

/** More are not tried, and then it is unknown. */
const MOST_TRIED = 8
/** Stands for any interface that no rule names. */
const UNNAMED = 'unnamed'

/** It is stopped by the interface that it is taken to leave by, and not, or not for certain, by another one. */
export function dependsOnWayBack(reproduction: Reproduction, { ended, packet }: Played, world: World): boolean {
  const { returnsBy, playByWayBack } = reproduction
  if (returnsBy === undefined || !playByWayBack || !isStopped(ended.outcome)) return false
  // nothing is routed back where it came in
  const others = [...interfacesOf(world, returnsBy)].filter(
    (one) => one !== returnsBy && one !== packet.in && one !== 'lo',
  )
  if (others.length > MOST_TRIED) return true
  return others.some((device) => {
    const { answer } = playByWayBack(device, world)
    return answer === undefined || !isStopped(answer.ended.outcome)
  })
}

/** Why a change is of no use, with the interface by which the reply is taken to leave where another one might do. */
export function withWayBack(
  wrong: { why: string; isAnswer?: true } | undefined,
  { answer }: Reproduced,
  reproduction: Reproduction,
  world: World,
): string | undefined {
  const isOfWay = wrong?.isAnswer && answer && dependsOnWayBack(reproduction, answer, world)
  return isOfWay ? `${wrong.why} if it leaves by ${reproduction.returnsBy}` : wrong?.why
}

/** Those of the host; where a listing lacks the one that was `seen`, those that rules ask for, and one more. */
function interfacesOf({ host, tables, sets }: World, seen: string): Set<string> {
  if (host.links?.some(({ name }) => name === seen)) return new Set(host.links.map(({ name }) => name))
  const chains = tables.flatMap((table) => [...table.chains.values()])
  const conditions = chains.flatMap(({ rules }) => rules.flatMap((rule) => rule.conditions))
  return new Set([UNNAMED, ...conditions.flatMap((one) => outputsOf(one, sets))])
}

function outputsOf(condition: Condition, sets: World['sets']): string[] {
  switch (condition.kind) {
    case 'compare':
      return isOutput(condition.field) ? wantedBy(condition).map(String) : []
    case 'lookup': {
      const place = condition.fields.findIndex(isOutput)
      if (place < 0) return []
      const { nft, set } = condition
      const elements =
        nft?.elements ??
        sets.filter((one) => one.name === set && one.table === nft?.table?.name).flatMap((one) => one.elements)
      return elements.map(({ parts }) => String(parts[place]))
    }
    case 'not':
      return outputsOf(condition.of, sets)
    case 'all':
    case 'any':
      return condition.of.flatMap((one) => outputsOf(one, sets))
    default:
      return []
  }
}

const isOutput = (field: string): boolean => /^meta oif(name)?$/.test(field)
