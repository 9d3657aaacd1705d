/** What a session is going to do to a place and how each change is taken back. Nothing here runs anything. */
import type { Atom } from '../filter/alternatives.ts'
import type { Command } from '../model/command.ts'

export type Backend = 'nft' | 'legacy' | 'xtables-nft' | 'kernel-log'

/** What a person asked for. */
export interface Wish {
  backend: Backend | 'auto'
  /** Of the filter: what one rule can ask each; one without atoms takes every packet. */
  alternatives: readonly (readonly Atom[])[]
  /** Packets that are traced; undefined: all. */
  rate: Rate | undefined
  /** From now, in seconds: all that was set up is inert by then. */
  deadline: number
  /** LOG rules at the hooks, where the kernel cannot trace. */
  log: boolean
  /** Programs over there read the events, also where the kernel's sockets could be reached. */
  programs: boolean
  /** Although another program reads what has to be taken from it. */
  takeOver: boolean
}

export interface Rate {
  packets: number
  per: 'second' | 'minute' | 'hour' | 'day'
}

/** What a session runs for it, each a line for a POSIX sh. All words that are not ours are quoted in it. */
export interface Change {
  why: string
  run: string
  /** Does nothing where `run` has not been, and nothing twice. */
  undo?: string
  /** What of it stays where everything is killed at once. */
  leftover?: Leftover
  /** What a person would type in place of `run` and `undo`. */
  typed: { run: Command; undo?: Command }
}

/** What the kernel does not restore by itself. */
export type Leftover =
  /** `path`: below /proc/sys. */
  | { kind: 'sysctl'; path: string; before: string; set: string }
  /** Rules of iptables, found by their comment, which is the session's name. */
  | { kind: 'rules'; tool: string; table: string }
  | { kind: 'table'; name: string }

/** A table of our own, one nft command a line. */
export interface TracingTable {
  name: string
  commands: readonly string[]
  /** The kernel deletes it with the process that made it. */
  owned: boolean
}

export type Stream =
  /** What nf_tables tells of traced packets. `marks`: of those alone that nothing else tells of. */
  | { kind: 'nft-trace'; marks?: true }
  /** What iptables-legacy tells, where NFLOG is its logger. */
  | { kind: 'nflog'; group: number }
  | { kind: 'kernel-log' }

/** Is it read for the marks alone? */
export const readsMarks = (stream: Stream): boolean => stream.kind === 'nft-trace' && stream.marks === true

export interface Note {
  /** Of a warning; kebab-case, stable. */
  code: string
  message: string
}

export interface Plan {
  /** Of all that the session makes: `nfwhy-` and digits. */
  id: string
  backend: Backend
  /** Why this backend, in a sentence. */
  why: string
  table?: TracingTable
  changes: readonly Change[]
  /** The changes put rules among those of the place. */
  addsRules: boolean
  /** Where events come from; more than one where a packet passes both of the kernel's packet filters. */
  streams: readonly Stream[]
  /** What a person, or whoever reads the JSON, should know besides. */
  notes: readonly Note[]
  /** By the clock of the place; seconds since 1970. */
  until: number
}
