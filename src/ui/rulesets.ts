/** Rules as the page lists them. */

export interface RulesetOf {
  machine?: string
  /** No longer the rules that the packets met. */
  isChanged?: boolean
  tables: TableOf[]
}

export interface TableOf {
  family: string
  name: string
  backend: string
  chains: ChainOf[]
  sets: { name: string; what: string; elements: string[]; all: number }[]
}

export interface ChainOf {
  name: string
  /** Packets that came into it, as far as the trace shows that, each once. */
  hits: number
  hook?: string
  priority?: number
  policy?: string
  owner?: string
  rules: RuleOf[]
}

export interface RuleOf {
  /** From 1. */
  number: number
  handle?: number
  text: string
  /** The chain that it jumps or goes to. */
  to?: string
  /** Packets of what is shown that matched it. */
  hits: number
}

/** A rule by its place, and by its words: a change before may have given it another number. */
export interface RulePlace {
  family: string
  table: string
  /** Where there are several tables of this name. */
  backend?: string
  chain: string
  number: number
  text?: string
}
