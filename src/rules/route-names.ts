/** Names and numbers that iproute2 has for tables, types and values of the type-of-service field. */

import type { Route } from '../model/host.ts'
import { wordTable } from '../model/word-table.ts'

/** Their place is the number that `ip -N` prints (RTN_*, include/uapi/linux/rtnetlink.h). */
const TYPES: readonly (Route['type'] | 'unspec')[] = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
]

/** By name or number; undefined where it is neither. */
export function routeType(text: string): Route['type'] | undefined {
  const type = /^\d+$/.test(text) ? TYPES[Number(text)] : TYPES.find((name) => name === text)
  return type === 'unspec' ? undefined : type
}

const TABLES: Readonly<Record<string, string>> = wordTable({ '253': 'default', '254': 'main', '255': 'local' })

/** The name of a table that has one by default, also where `-N` printed its number. */
export const tableName = (text: string): string => TABLES[text] ?? text

const SCOPES: Readonly<Record<string, string>> = wordTable({
  '0': 'global',
  '200': 'site',
  '253': 'link',
  '254': 'host',
  '255': 'nowhere',
})

/** The name of a route's or an address's scope, also where `-N` printed its number (RT_SCOPE_*, rtnetlink.h). */
export const scopeName = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : (SCOPES[text] ?? text)

/** iproute2's etc/rt_dsfield, whose names ip prints in place of some values. */
const TOS: Readonly<Record<string, number>> = wordTable({
  default: 0x00,
  CS1: 0x20,
  CS2: 0x40,
  CS3: 0x60,
  CS4: 0x80,
  CS5: 0xa0,
  CS6: 0xc0,
  CS7: 0xe0,
  EF: 0xb8,
  AF11: 0x28,
  AF12: 0x30,
  AF13: 0x38,
  AF21: 0x48,
  AF22: 0x50,
  AF23: 0x58,
  AF31: 0x68,
  AF32: 0x70,
  AF33: 0x78,
  AF41: 0x88,
  AF42: 0x90,
  AF43: 0x98,
  // older releases
  lowdelay: 0x10,
  throughput: 0x08,
  reliability: 0x04,
})

/** `0x10`, `EF`; undefined for a name that is not known. ip prints the number in hex, with or without 0x. */
export function tosValue(text: string): number | undefined {
  if (Object.hasOwn(TOS, text)) return TOS[text]
  const match = /^(?:0x)?([0-9a-f]{1,2})$/i.exec(text)
  return match ? Number.parseInt(match[1]!, 16) : undefined
}

/** RTPROT_KERNEL and RTPROT_BOOT, by name or number: the kernel made the route, or whoever did said nothing (rtnetlink.h). */
export const isOriginOfNobody = (protocol: string): boolean => /^(kernel|boot|2|3)$/.test(protocol)
