/** One of the kernel's packet filters, with the tools that load its rules and tell what they did. */
import type { CaptureFormat } from '../../../../src/read/captures/format.ts'
import type { Gathered, Lab } from '../../lab/lab.ts'
import type { Exchange } from '../exchange.ts'
import type { Kind, Met } from '../fault.ts'
import type { Setup } from '../setup.ts'
import type { Table } from '../table.ts'

export interface Filter {
  name: 'iptables-legacy' | 'iptables-nft' | 'nft'
  /** Faults in its words. */
  kinds: readonly Kind[]
  /** Its trace is in the kernel log, which others write to as well. */
  isLogged: boolean
  /** How its trace is read. */
  format: CaptureFormat
  /** A command for whoever has this one: `iptables` may be another's here. */
  typed(command: string): string
  /** Once, before any rule is there. */
  prepare(lab: Lab): Promise<void>
  /** The tables as they stand there, with those that every such machine has. */
  complete(tables: readonly Table[]): Table[]
  /** Takes all rules and sets away. */
  clear(lab: Lab): Promise<void>
  /** Lines for `ipset restore` besides. */
  load(lab: Lab, tables: readonly Table[], sets: readonly string[]): Promise<void>
  /** Rules in place of those there; connections stay. */
  replace(lab: Lab, tables: readonly Table[]): Promise<void>
  /** The trace of what was gathered. */
  trace(lab: Lab, gathered: Gathered): Promise<string[]>
  /** Files with the rules and sets, by the tools' own names. */
  state(lab: Lab): Promise<Record<string, string>>
  /** Which rules the traffic meets; `saved`: what state tells. */
  met(setup: Setup, saved: Readonly<Record<string, string>>, exchange: Exchange): Met[]
}
