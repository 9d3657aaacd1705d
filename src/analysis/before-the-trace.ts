/**
 * A capture in which nobody's packet shows, of a machine whose chains at a device's ingress drop: they come before the hooks
 * of IP, where most traces begin, so what they dropped has no line.
 */
import { listChain } from '../edits/nft/list-chain.ts'
import { deviceChainsAt } from '../journey/base-chains.ts'
import { printCommand } from '../model/command.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { isOwnTable } from '../model/own-table.ts'
import type { Chain, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { verdictOf } from '../rules/verdict.ts'
import type { Inputs } from './inputs/open.ts'

/** Chains that are named. */
const MOST = 3

/** What may have been dropped where the captures could not show it; `journeys`: how many they have, of announcements all. */
export const droppedBefore = ({ machines }: Inputs, journeys: number): Diagnostic[] =>
  machines.flatMap(({ captures, world }) => {
    const input = captures[0]?.name
    if (input === undefined) return []
    const shown = journeys === 0 ? 'no packet' : 'nothing but link announcements'
    return chainsBefore(world).map((words) => ({
      input,
      code: 'dropped-before-trace',
      message: `it shows ${shown}; ${words}`,
    }))
  })

/** Of chains that may have dropped it there, what is said of each. */
export const chainsBefore = (world: World): string[] =>
  deviceChainsAt(world, 'ingress')
    .filter(({ table, chain }) => !isOwnTable(table.name) && mayDrop(table, chain))
    .slice(0, MOST)
    .map(({ table, chain }) => {
      const name = `${table.family} ${table.name} ${chain.name}`
      const where = chain.devices ? `the ingress of ${chain.devices.join(', ')}` : 'ingress'
      return `chain ${name}, at ${where}, is evaluated before the hooks of IP and may have dropped the packet; to list its rules: ${printCommand(listChain(table.family, table.name, chain.name))}`
    })

/** By its policy, or by a rule there or in a chain that it may jump to; what a map decides may be a drop. */
const mayDrop = ({ chains }: Table, base: Chain): boolean =>
  base.policy === 'drop' ||
  [...chains.values()].some(
    (chain) =>
      (chain === base || chain.hook === undefined) &&
      chain.rules.some((rule) => ['drop', 'reject', 'unknown'].includes(verdictOf(rule).ending)),
  )
