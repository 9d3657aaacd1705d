/** A machine as people run it: its rules, sets, settings and servers, the hosts around it, and traffic that works. */
import type { Packet } from '../../../src/model/packet.ts'
import type { Random } from '../generate/random.ts'
import type { Side, Topology } from '../lab/topology.ts'
import type { Table } from './table.ts'

export interface Setup {
  name: string
  /** What varies with the seed, in a few words. */
  about: string
  tables: Table[]
  /** Lines for `ipset restore`. */
  sets?: string[]
  settings?: [key: string, value: string][]
  /** Lines for `ip -batch`, and those that take them back. */
  routing?: { add: string[]; del: string[] }
  /** On the machine itself. */
  servers?: Server[]
  /** What hosts around it listen on; all others of the topology are up and refuse. */
  services: Service[]
  /** Addresses among which chance chooses: to come to one of them is as good as to another. */
  alike?: string[]
  probes: Probe[]
}

export interface Server {
  protocol: 'tcp' | 'udp'
  /** Absent: any. */
  address?: string
  /** Takes only what comes by this interface. */
  device?: string
  port: number
}

export interface Service {
  ip: string
  protocol: 'tcp' | 'udp'
  port: number
}

/** A packet that opens a flow; the client's port and what tells packets apart come when it is sent. */
export interface Probe {
  name: string
  at: Side | 'router'
  packet: Packet
}

export type MakeSetup = (random: Random, topology: Topology) => Setup

export const tcp = (name: string, at: Probe['at'], src: string, dst: string, dport: number): Probe => ({
  name,
  at,
  packet: { protocol: 'tcp', src, dst, dport },
})

export const udp = (name: string, at: Probe['at'], src: string, dst: string, dport: number): Probe => ({
  name,
  at,
  packet: { protocol: 'udp', src, dst, dport },
})

export const ping = (name: string, at: Probe['at'], src: string, dst: string): Probe => ({
  name,
  at,
  packet: src.includes(':')
    ? { protocol: 'icmpv6', src, dst, icmpType: 128, icmpCode: 0 }
    : { protocol: 'icmp', src, dst, icmpType: 8, icmpCode: 0 },
})
