/** A problem that people had, as data: machines, traffic, the truth about it, and what mends it. play.ts makes it real. */
import type { HostSpec, Link, Seen, Sending } from '../../src/demo/incident.ts'
import type { ExchangeStatus } from '../../src/model/exchange.ts'

/** Whose rules decide, and who traces. `mixed`: rules of iptables-legacy and of nft, both traced. */
export type Backend = 'iptables-legacy' | 'iptables-nft' | 'nft' | 'mixed'

export interface Problem {
  name: string
  /** Where people tell of it. What is here are its facts in our words. */
  thread: { title: string; address: string }
  backend: Backend
  hosts: Readonly<Record<string, HostSpec>>
  links: readonly Link[]
  /** The machine whose trace, rules and state are taken. */
  traced: string
  /** Shell lines once everything is up: what HostSpec has no words for. */
  setup?: readonly Line[]
  /** What fails, and what its sender sees. */
  fails: Sending
  seen: Seen
  /** The exchange to look at, where what was sent never came to the machine: what it waited for. */
  looksAt?: { protocol: string; dst: string; dport?: number }
  /** Sent beforehand with the failing packet's own port, and what changes then: connections that are older than the rules. */
  earlier?: { sendings: readonly Sending[]; change: readonly Line[] }
  /** Traffic that no fix may change. `either`: broken by the same cause, so it may work again. */
  others: readonly { sending: Sending; seen: Seen; either?: true }[]
  truth: Truth
  /** What mended it. On another machine: no command on the traced one can. */
  mend: readonly Line[]
  /** Seconds until a mend can show: what others learn from what this machine sends of its own, when it sends it next. */
  showsAfter?: number
}

/** A shell line on a machine. */
export type Line = readonly [host: string, command: string]

export interface Truth {
  /** In one sentence. */
  words: string
  /** Any of them names it. */
  causes: readonly Cause[]
  /** What the exchange may be called; `undetermined` is never false. */
  status: readonly ExchangeStatus[]
  /** Codes of errors and warnings that are right, too, though they do not name the cause. */
  alsoTrue?: readonly string[]
}

export type Cause =
  /** A rule, by a part of its text; `chain`: as `TABLE CHAIN`, or nft's `FAMILY TABLE CHAIN`. */
  | { rule: string; chain: string }
  | { policy: string }
  /** A rule is missing there, or the chain is not reached. */
  | { chain: string }
  /** A finding's code, and words in its sentence or commands. */
  | { code: string; words?: readonly string[] }
