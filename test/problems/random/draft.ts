/** A world before it is printed: features amend it. */
import type { HostSpec, Link, Sending } from '../../../src/demo/incident.ts'
import type { Backend, Line } from '../problem.ts'
import type { ADDRESSES } from './net.ts'
import type { Family, Rule } from './rule.ts'

export interface Draft {
  family: Family
  backend: Backend
  of: (typeof ADDRESSES)[Family]
  bits: number
  /** The remote host has routes to what is behind the router. */
  known: boolean
  rules: Record<BaseName, Rule[]>
  /** Chains of the router's that others lead to. */
  chains: Record<'filter' | 'nat', Record<string, Rule[]>>
  policies: Policies
  sets: SetSpec[]
  /** For nft, besides. */
  tables: string
  hosts: Record<'remote' | 'router' | 'pc' | 'box', HostSpec> & Record<string, HostSpec>
  links: Link[]
  setup: Line[]
  sendings: Sending[]
  /** Addresses that nobody answers for, and who would. */
  nobody: (readonly [host: string, address: string])[]
  watched: (readonly [host: string, argv: readonly string[]])[]
}

/** `user` is no base chain, but there in all worlds. */
export type BaseName =
  | 'raw'
  | 'rawOut'
  | 'prerouting'
  | 'output'
  | 'forwardMarks'
  | 'postrouting'
  | 'dnat'
  | 'dnatOut'
  | 'snat'
  | 'input'
  | 'forward'
  | 'out'
  | 'user'

/** Whether it drops. */
export type Policies = Record<'input' | 'forward' | 'output', boolean>

export interface SetSpec {
  name: string
  /** As behind `ipset create NAME`. */
  ipset: string
  /** As behind `type`, with flags. */
  nft: string
  /** As ipset has them, and nft. */
  elements: readonly (readonly [ipset: string, nft: string])[]
}
