/**
 * Hooks at which a session needs an empty chain of its own. nat's chains see the first packet of a connection alone, and
 * connection tracking rewrites the others without a line: only a chain behind that shows where they go.
 */
import { DSTNAT } from '../../model/hook.ts'
import { isOwnTable } from '../../model/own-table.ts'
import { priorityOf } from '../../rules/nft/text/priorities.ts'
import type { Facts } from '../survey/facts.ts'
import { sidesOf } from './sides.ts'

const SHOWING = ['input', 'forward', 'postrouting'] as const
type Showing = (typeof SHOWING)[number]

interface BaseChain {
  family: string
  table: string
  type: string
  hook: string
  priority: string
}

export function hooksToShow(facts: Facts): Showing[] {
  const chains = facts.nftHooks.flatMap(readHook).filter(({ table }) => !isOwnTable(table))
  // a packet that iptables-legacy sees as well is two journeys, and each has its own rules to show it
  if (sidesOf(facts).legacy) return []
  const families = ['ip', 'ip6'].filter((family) => chains.some((one) => one.type === 'nat' && isOf(one, family)))
  return SHOWING.filter((hook) => families.some((family) => !isShown(chains, family, hook)))
}

const isOf = ({ family }: BaseChain, ip: string): boolean => family === ip || family === 'inet'

function isShown(chains: readonly BaseChain[], family: string, hook: Showing): boolean {
  const shows = (one: BaseChain) => one.type !== 'nat' && isOf(one, family)
  const isThere = chains.some((one) => shows(one) && one.hook === hook)
  if (isThere || hook !== 'postrouting') return isThere
  // what this host sends is rewritten in OUTPUT, and shown by what stands behind nat there
  return chains.some((one) => shows(one) && one.hook === 'output' && isBehindNat(one.priority))
}

/** nft prints names for the usual priorities, and how far off it is. */
function isBehindNat(priority: string): boolean {
  const [, name = '', sign = '+', offset = '0'] = /^([a-z]*) ?([+-]?) ?(\d*)$/.exec(priority) ?? []
  const base = name === '' ? 0 : priorityOf(name, 'inet')
  return base !== undefined && base + Number(`${sign || '+'}${offset || 0}`) > DSTNAT
}

function readHook(line: string): BaseChain[] {
  const found = /^(\S+) (\S+) (\w+) hook (\w+)(?: device \S+)? priority ([^;]+);/.exec(line)
  if (!found) return []
  const [, family, table, type, hook, priority] = found as unknown as [string, string, string, string, string, string]
  return [{ family, table, type, hook, priority: priority.trim() }]
}
