/** The program that writes a record of each drop (record-program.ts) into a queue. */
import { Assembler, type Register } from './assemble.ts'
import type { Layout } from './layout.ts'
import { START, writeRecord } from './record-program.ts'

const [MAP_LOOKUP, MAP_PUSH] = [1, 87]
const STACK = 10 satisfies Register

/** On the stack, below the record: a pointer that was read, the counter's key. */
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
  const code = new Assembler()
  writeRecord(code, layout, namespaceInode, READ)
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
