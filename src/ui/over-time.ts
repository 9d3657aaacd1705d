/** What the page and a server that has a store say of failed exchanges over time. Times are microseconds since 1970. */

/** By what exchanges are counted. */
export type Grouping = 'rule' | 'host' | 'status'
export const GROUPINGS: readonly Grouping[] = ['rule', 'host', 'status']

/** `until` is not part of it. */
export interface Span {
  from: number
  until: number
}

export interface GroupOverTime {
  name: string
  /** The rule as its ruleset prints it, where the group is a rule. */
  text?: string
  exchanges: number
  /** How many hosts have some. */
  hosts: number
  /** Of all that is stored. */
  first: number
  /** Of those in the span. */
  last: number
  /** A number for each bar. */
  bars: number[]
}

/** Failed exchanges: those that came to nothing, as exit codes count them. */
export interface OverTime {
  /** From the first exchange that is stored to behind the last, of any status; absent: none has a time. */
  stored?: Span
  /** Failed ones whose capture gives no time. */
  untimed: number
  span: Span
  /** Microseconds of a bar. */
  width: number
  exchanges: number
  /** The largest first. */
  groups: GroupOverTime[]
  /** How many groups are not among them. */
  more: number
}

export interface StoredExchange {
  key: string
  time: number
  host?: string
  /** `tcp 10.0.0.1:4000 > 10.0.0.2:80`. */
  flow: string
  status: string
  rule?: string
}

/** The exchanges behind a bar, the latest first. */
export interface Behind {
  exchanges: StoredExchange[]
  /** With those that are not among them. */
  all: number
}

export interface StoredFinding {
  severity: string
  message: string
  fix?: string
  command?: string
  undo?: string
}

export interface StoredStep {
  hook?: string
  /** `nat KUBE-NODEPORTS rule 16`. */
  at: string
  verdict?: string
  changes?: string
}

export interface StoredPacket {
  time?: number
  flow: string
  outcome: string
  rule?: string
  steps: StoredStep[]
}

export interface StoredExplanation {
  exchange: StoredExchange
  /** The rule to look at, as its ruleset prints it. */
  text?: string
  owner?: string
  /** From the outcome back to the rule that decided it. */
  cause: string[]
  /** Of many that are alike one is explained in full: cause and findings are those of another one. */
  isOfAnother: boolean
  findings: StoredFinding[]
  packets: StoredPacket[]
}

/** A group's name in an address that has nothing but letters, digits, `-` and `_`. */
export function toAddress(name: string): string {
  const bytes = new TextEncoder().encode(name)
  return btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (letter) => ({ '+': '-', '/': '_' })[letter] ?? '')
}

/** Undefined for what is none. */
export function fromAddress(text: string): string | undefined {
  try {
    const binary = atob(text.replace(/[-_]/g, (letter) => (letter === '-' ? '+' : '/')))
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (one) => one.charCodeAt(0)))
  } catch {
    return undefined
  }
}
