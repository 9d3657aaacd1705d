/**
 * The program that counts drops where they happen: a record of each (record-program.ts) becomes a key of what it has in
 * common with others, and a number. So a flood costs nobody but the kernel, and nothing has to be taken out in time.
 * One of two tables is in use; whoever reads takes the other one, which nobody writes to by then. What a full table has no
 * room for is counted by its reason, place and protocol alone, and what even that has no room for in one number.
 */

import { IN_KEY, IN_VALUE, KEY } from '../../read/host/drop-count-record.ts'
import { AT } from '../../read/host/kernel-drop-record.ts'
import { Assembler, type Register } from './assemble.ts'
import type { Layout } from './layout.ts'
import { START, writeRecord } from './record-program.ts'

const [MAP_LOOKUP, MAP_UPDATE] = [1, 2]
/** Another CPU may have made the same key in between. */
const ONLY_NEW = 1
const [STACK, PROTOCOL, PORTS] = [10, 6, 9] as const satisfies Register[]

/** On the stack: the value, whose end is the record; below it the key, and a pointer that was read. */
const VALUE_AT = START - IN_VALUE.record
const KEY_AT = VALUE_AT - KEY
const READ = KEY_AT - 8
const PACKET = START + AT.packet

/** As a little-endian machine reads them. */
const [IPV4, IPV6] = [0x0008, 0xdd86]
const [ICMP, ICMPV6] = [1, 58]
/** Ports stand in the first four bytes: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const WITH_PORTS = [6, 17, 33, 132, 136]
const [LEAST_IHL, MOST_IHL] = [5, 15]

export interface CountMaps {
  /** An array of one number: which of the two is in use. */
  inUse: number
  /** Hashes: KEY → VALUE. */
  tables: readonly [number, number]
  /** A hash: KEY → a number of 64 bits. */
  folded: number
  /** An array of one number of 64 bits. */
  rest: number
}

/** The program's instructions, for drops in the network namespace of this inode. */
export function countProgram(layout: Layout, namespaceInode: number, maps: CountMaps): Uint8Array {
  const code = new Assembler()
  writeRecord(code, layout, namespaceInode, READ)
  writeKey(code)
  code.label('count')
  code.load(8, 1, STACK, START + AT.time).store(8, STACK, VALUE_AT + IN_VALUE.last, 1)
  code.storeNumber(STACK, VALUE_AT + IN_VALUE.count, 1)
  code.storeNumber(STACK, READ, 0)
  code.loadMap(1, maps.inUse).move(2, STACK).addNumber(2, READ).call(MAP_LOOKUP)
  code.jumpIfEqual(0, 0, 'fold').load(8, 1, 0, 0)
  code.jumpIfEqual(1, 0, 'table 0').jump('table 1')
  maps.tables.forEach((table, i) => {
    code.label(`table ${i}`)
    countIn(code, table, `table ${i}`, 'fold')
  })
  code.label('found')
  code.load(8, 1, STACK, START + AT.time).store(8, 0, IN_VALUE.last, 1)
  code.set(1, 1).atomicAdd(0, IN_VALUE.count, 1).jump('exit')

  code.label('fold')
  code
    .set(1, 0)
    .store(4, STACK, KEY_AT + IN_KEY.interface, 1)
    .store(4, STACK, KEY_AT + IN_KEY.input, 1)
  for (let at: number = IN_KEY.source; at < KEY; at += 8) code.storeNumber(STACK, KEY_AT + at, 0)
  countIn(code, maps.folded, 'folded', 'rest')
  code.label('rest')
  code.storeNumber(STACK, READ, 0)
  code.loadMap(1, maps.rest).move(2, STACK).addNumber(2, READ).call(MAP_LOOKUP)
  code.jumpIfEqual(0, 0, 'exit').set(1, 1).atomicAdd(0, 0, 1)
  code.label('exit')
  code.set(0, 0).exit()
  return code.assemble()
}

/** One more of the key; `full`: where it goes on if there is no room for it. Values begin with the number. */
function countIn(code: Assembler, map: number, name: string, full: string): void {
  const lookUp = () => code.loadMap(1, map).move(2, STACK).addNumber(2, KEY_AT).call(MAP_LOOKUP)
  // only the tables' values are long enough for a time
  const found = name === 'folded' ? 'one more' : 'found'
  lookUp().jumpIfEqual(0, 0, `new in ${name}`).jump(found)
  code.label(`new in ${name}`)
  code.loadMap(1, map).move(2, STACK).addNumber(2, KEY_AT).move(3, STACK).addNumber(3, VALUE_AT)
  code.set(4, ONLY_NEW).call(MAP_UPDATE).jumpIfEqual(0, 0, 'exit')
  lookUp().jumpIfEqual(0, 0, full).jump(found)
  if (found === 'found') return
  code.label(found)
  code.set(1, 1).atomicAdd(0, 0, 1).jump('exit')
}

/** Of the record. The stack is zero where nothing is written. */
function writeKey(code: Assembler): void {
  const copy = (size: 2 | 4 | 8, from: number, to: number) =>
    code.load(size, 1, STACK, from).store(size, STACK, KEY_AT + to, 1)
  const copyAddress = (from: number, to: number, bytes: 4 | 16) => {
    if (bytes === 4) copy(4, PACKET + from, to)
    else for (const half of [0, 8]) copy(8, PACKET + from + half, to + half)
  }
  copy(4, START + AT.reason, IN_KEY.reason)
  copy(4, START + AT.interface, IN_KEY.interface)
  copy(8, START + AT.location, IN_KEY.location)
  copy(4, START + AT.input, IN_KEY.input)
  copy(2, START + AT.etherType, IN_KEY.etherType)
  code.jumpIfEqual(1, IPV4, 'ipv4').jumpIfEqual(1, IPV6, 'ipv6').jumpIfEqual(1, 0, 'by version').jump('count')
  // a packet of this host that has not come so far
  code.label('by version')
  code.load(1, 1, STACK, PACKET).andNumber(1, 0xf0)
  code.jumpIfEqual(1, 0x40, 'ipv4').jumpIfEqual(1, 0x60, 'ipv6').jump('count')

  code.label('ipv6')
  code.set(1, IPV6).store(2, STACK, KEY_AT + IN_KEY.etherType, 1)
  copyAddress(8, IN_KEY.source, 16)
  copyAddress(24, IN_KEY.destination, 16)
  code
    .load(1, PROTOCOL, STACK, PACKET + 6)
    .load(4, PORTS, STACK, PACKET + 40)
    .jump('ports')

  code.label('ipv4')
  code.set(1, IPV4).store(2, STACK, KEY_AT + IN_KEY.etherType, 1)
  copyAddress(12, IN_KEY.source, 4)
  copyAddress(16, IN_KEY.destination, 4)
  code.load(1, PROTOCOL, STACK, PACKET + 9)
  // only the first fragment has ports
  code
    .load(2, 1, STACK, PACKET + 6)
    .andNumber(1, 0xff1f)
    .jumpIfEqual(1, 0, 'whole')
    .set(PORTS, 0)
    .jump('ports')
  code.label('whole')
  code.load(1, 1, STACK, PACKET).andNumber(1, 0x0f)
  for (let ihl = LEAST_IHL; ihl <= MOST_IHL; ihl++) code.jumpIfEqual(1, ihl, `words ${ihl}`)
  code.set(PORTS, 0).jump('ports')
  for (let ihl = LEAST_IHL; ihl <= MOST_IHL; ihl++)
    code
      .label(`words ${ihl}`)
      .load(4, PORTS, STACK, PACKET + 4 * ihl)
      .jump('ports')

  code.label('ports')
  code.store(1, STACK, KEY_AT + IN_KEY.protocol, PROTOCOL)
  for (const protocol of WITH_PORTS) code.jumpIfEqual(PROTOCOL, protocol, 'store ports')
  // behind type and code stands a checksum, which differs from packet to packet
  for (const protocol of [ICMP, ICMPV6]) code.jumpIfEqual(PROTOCOL, protocol, 'type and code')
  code.jump('count')
  code.label('type and code')
  code.andNumber(PORTS, 0xffff)
  code.label('store ports')
  code.store(4, STACK, KEY_AT + IN_KEY.ports, PORTS)
}
