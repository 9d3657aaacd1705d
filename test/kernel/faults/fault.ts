/** One fault in a setup that works, and what a diagnosis has to name to be right about it. */
import type { Hook } from '../../../src/model/hook.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { Random } from '../generate/random.ts'
import type { Topology } from '../lab/topology.ts'
import type { Exchange } from './exchange.ts'
import type { Probe, Setup } from './setup.ts'
import type { Stage, Variant } from './stage.ts'
import type { Table } from './table.ts'

/** A rule that the question (or its answer) met when all was well. */
export interface Met {
  of: 'question' | 'answer'
  table: string
  chain: string
  /** Of the base chain that led there. */
  hook: Hook
  type: 'filter' | 'nat' | 'route'
  /** Of the chain's rules; behind the last one: its policy, or its end. */
  index: number
  rule?: string
  /** As it came there. */
  packet: Packet
}

/** What works, and how: faults are put where the traffic goes. */
export interface Scene {
  setup: Setup
  topology: Topology
  random: Random
  probe: Probe
  healthy: Exchange
  met: Met[]
}

/** One of these; each is as strict as the thing allows. */
export type Culprit =
  /** The very rule, as it is numbered in the faulty rules. */
  | { rule: { table: string; chain: string; ruleNumber: number } }
  /** The chain that a rule is missing in, or that is not reached. */
  | { chain: { table: string; chain: string } }
  | { policy: { table: string; chain: string } }
  /** The set's name has to be in a finding of such a code. */
  | { code: string; words: string[] }

export interface Fault {
  kind: string
  /** In a few words, with the rule. */
  about: string
  variant: Variant
  /** Any of them. */
  culprits: Culprit[]
  /** Of faults that are there at once: each has to be named. */
  parts?: Fault[]
  /** No command on the machine can mend it, or only one that the model does not try. */
  elsewhere?: true
  /** Asked in place of the scene's probe. */
  probe?: Probe
  /** The client's port, where it has to be a certain one. */
  sport?: number
  /** What happened before the fault was there. */
  before?(stage: Stage): Promise<void>
}

/** All faults of one kind that may stop this traffic; which of them do is tried. */
export interface Kind {
  name: string
  make(scene: Scene): Fault[]
}

export const isForwarded = ({ met }: Scene): boolean => met.some(({ hook }) => hook === 'forward')

/** The tables with one chain's rules changed. */
export const withRules = (
  tables: readonly Table[],
  table: string,
  chain: string,
  change: (rules: string[]) => string[],
): Table[] =>
  tables.map((one) =>
    one.name !== table
      ? one
      : {
          ...one,
          chains: one.chains.map((each) => (each.name === chain ? { ...each, rules: change([...each.rules]) } : each)),
        },
  )

/** A rule put in front of the one at `index`. */
export const inserted = (
  tables: readonly Table[],
  table: string,
  chain: string,
  index: number,
  rule: string,
): Table[] => withRules(tables, table, chain, (rules) => rules.toSpliced(index, 0, rule))

export const replaced = (
  tables: readonly Table[],
  table: string,
  chain: string,
  index: number,
  rule: string,
): Table[] => withRules(tables, table, chain, (rules) => rules.with(index, rule))

export const removed = (tables: readonly Table[], table: string, chain: string, index: number): Table[] =>
  withRules(tables, table, chain, (rules) => rules.toSpliced(index, 1))

export const ruleAt = ({ table, chain, index }: Pick<Met, 'table' | 'chain' | 'index'>): Culprit => ({
  rule: { table, chain, ruleNumber: index + 1 },
})

/** `ACCEPT`, `KUBE-SERVICES` …; absent for a rule that only counts. */
export const targetOf = (rule: string): string | undefined => / ?-[jg] (\S+)/.exec(rule)?.[1]

/** Does the rule decide about the packet, at least in its chain? */
export const isTerminal = (rule: string): boolean =>
  ['ACCEPT', 'RETURN', 'DROP', 'REJECT'].includes(targetOf(rule) ?? '')
