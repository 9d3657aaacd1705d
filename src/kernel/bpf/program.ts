/**
 * The program at the raw tracepoint kfree_skb: for each packet of one network namespace that the kernel drops, a record
 * into a queue. It only reads, calls nothing that waits, and leaves early where the packet is not of that namespace.
 */
import { AT, NAME_LENGTH, RECORD } from '../../read/host/kernel-drop-record.ts'
import { Assembler, type Register } from './assemble.ts'
import type { Layout } from './layout.ts'

/** Room for IPv6 with a TCP header that has all its options. */
const MOST_TAKEN = RECORD - AT.packet

const [MAP_LOOKUP, KTIME_GET_NS, MAP_PUSH, PROBE_READ_KERNEL] = [1, 5, 87, 113]
const [STACK, CONTEXT, SKB, POINTER, WHY] = [10, 6, 7, 8, 9] as const satisfies Register[]

/** On the stack, below its end: the record, a pointer that was read, the counter's key. */
const START = -RECORD
const READ = START - 8
const KEY = START - 16

export interface Maps {
  /** A queue of records. */
  queue: number
  /** An array of one 64-bit number: how many records the queue had no room for. */
  lost: number
}

/** The program's instructions, for drops in the network namespace of this inode. */
export function dropProgram(layout: Layout, namespaceInode: number, maps: Maps): Uint8Array {
  const { skb, device, socket, net, arguments: given } = layout
  const code = new Assembler()
  /** From kernel memory into the stack; zeros where there is nothing to read. */
  const read = (to: number, size: number, from: Register, offset: number) =>
    code.move(3, from).addNumber(3, offset).set(2, size).move(1, STACK).addNumber(1, to).call(PROBE_READ_KERNEL)
  const follow = (from: Register, offset: number) => {
    read(READ, 8, from, offset)
    code.load(8, POINTER, STACK, READ)
  }
  const readNamespace = (from: number) => {
    follow(POINTER, from)
    read(START + AT.namespace, 4, POINTER, net.inode)
    code.load(4, 1, STACK, START + AT.namespace).set32(2, namespaceInode)
  }

  code.move(CONTEXT, 1)
  code.load(8, WHY, CONTEXT, 8 * given.reason).move32(WHY, WHY)
  if (layout.firstReason > 0) code.jumpIfLess(WHY, layout.firstReason, 'exit')
  code.load(8, SKB, CONTEXT, 8 * given.skb)
  for (let at = READ; at < 0; at += 8) code.storeNumber(STACK, at, 0)

  // the device says where it was; where it has none (or what UDP keeps in its place), the socket does
  follow(SKB, skb.device)
  readNamespace(device.net)
  code.jumpIfSame(1, 2, 'ours').jumpIfEqual(1, 0, 'socket').jump('exit')
  code.label('socket')
  if (given.receiver === undefined) follow(SKB, skb.socket)
  else {
    code.load(8, POINTER, CONTEXT, 8 * given.receiver)
    code.jumpIfEqual(POINTER, 0, 'sender').jump('known')
    code.label('sender')
    follow(SKB, skb.socket)
    code.label('known')
  }
  readNamespace(socket.net)
  code.jumpIfSame(1, 2, 'ours').jump('exit')

  code.label('ours')
  code.call(KTIME_GET_NS).store(8, STACK, START + AT.time, 0)
  code.load(8, 1, CONTEXT, 8 * given.location).store(8, STACK, START + AT.location, 1)
  code.store(4, STACK, START + AT.reason, WHY)
  follow(SKB, skb.device)
  read(START + AT.interface, 4, POINTER, device.index)
  read(START + AT.name, NAME_LENGTH, POINTER, device.name)
  read(START + AT.input, 4, SKB, skb.inputIndex)
  read(START + AT.mark, 4, SKB, skb.mark)
  read(START + AT.etherType, 2, SKB, skb.protocol)

  // what is in one piece from the network header on, and no more
  read(READ, 4, SKB, skb.tail)
  code.load(4, WHY, STACK, READ)
  read(READ, 2, SKB, skb.networkHeader)
  code.load(2, 1, STACK, READ).subtract(WHY, 1).jumpIfNegative(WHY, 'push')
  code.jumpIfAtMost(WHY, MOST_TAKEN, 'fits').set(WHY, MOST_TAKEN)
  code.label('fits')
  code.store(2, STACK, START + AT.taken, WHY)
  code.load(2, CONTEXT, STACK, READ)
  follow(SKB, skb.head)
  code.add(POINTER, CONTEXT)
  code
    .move(3, POINTER)
    .move(2, WHY)
    .move(1, STACK)
    .addNumber(1, START + AT.packet)
    .call(PROBE_READ_KERNEL)

  code.label('push')
  code.loadMap(1, maps.queue).move(2, STACK).addNumber(2, START).set(3, 0).call(MAP_PUSH)
  code.jumpIfEqual(0, 0, 'exit')
  code.storeNumber(STACK, KEY, 0)
  code.loadMap(1, maps.lost).move(2, STACK).addNumber(2, KEY).call(MAP_LOOKUP)
  code.jumpIfEqual(0, 0, 'exit')
  code.set(1, 1).atomicAdd(0, 0, 1)
  code.label('exit')
  code.set(0, 0).exit()
  return code.assemble()
}
