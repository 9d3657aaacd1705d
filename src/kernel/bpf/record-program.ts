/**
 * What both programs at the raw tracepoint kfree_skb begin with: a packet of one network namespace that the kernel drops, as
 * a record on the stack (src/read/host/kernel-drop-record.ts). It only reads, calls nothing that waits, and leaves early where
 * the packet is not of that namespace.
 */
import { AT, NAME_LENGTH, RECORD } from '../../read/host/kernel-drop-record.ts'
import type { Assembler, Register } from './assemble.ts'
import type { Layout } from './layout.ts'

/** Room for IPv6 with a TCP header that has all its options. */
const MOST_TAKEN = RECORD - AT.packet

const [KTIME_GET_NS, PROBE_READ_KERNEL] = [5, 113]
const [STACK, CONTEXT, SKB, POINTER, WHY] = [10, 6, 7, 8, 9] as const satisfies Register[]

/** Where the record stands on the stack, below its end. */
export const START = -RECORD

/**
 * `read`: where a pointer that was read stands; from there on the stack is zero in the beginning. Jumps to the label `exit`
 * where it is no drop of this namespace. Behind it no register is needed any more.
 */
export function writeRecord(code: Assembler, layout: Layout, namespaceInode: number, readAt: number): void {
  const { skb, device, socket, net, arguments: given } = layout
  /** From kernel memory into the stack; zeros where there is nothing to read. */
  const read = (to: number, size: number, from: Register, offset: number) =>
    code.move(3, from).addNumber(3, offset).set(2, size).move(1, STACK).addNumber(1, to).call(PROBE_READ_KERNEL)
  const follow = (from: Register, offset: number) => {
    read(readAt, 8, from, offset)
    code.load(8, POINTER, STACK, readAt)
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
  for (let at = readAt; at < 0; at += 8) code.storeNumber(STACK, at, 0)

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
  read(readAt, 4, SKB, skb.tail)
  code.load(4, WHY, STACK, readAt)
  read(readAt, 2, SKB, skb.networkHeader)
  code.load(2, 1, STACK, readAt).subtract(WHY, 1).jumpIfNegative(WHY, 'filled')
  code.jumpIfAtMost(WHY, MOST_TAKEN, 'fits').set(WHY, MOST_TAKEN)
  code.label('fits')
  code.store(2, STACK, START + AT.taken, WHY)
  code.load(2, CONTEXT, STACK, readAt)
  follow(SKB, skb.head)
  code.add(POINTER, CONTEXT)
  code
    .move(3, POINTER)
    .move(2, WHY)
    .move(1, STACK)
    .addNumber(1, START + AT.packet)
    .call(PROBE_READ_KERNEL)

  code.label('filled')
}
