/** bpf(2): the commands that are needed here (include/uapi/linux/bpf.h, union bpf_attr), numbers in the machine's order. */
import { type CFunction, errnoName, type Libc } from '../libc.ts'

/** By `process.arch`: which number the call has. */
export const CALL_NUMBERS: Readonly<Record<string, number>> = { x64: 321, arm64: 280 }

const [MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, MAP_NEXT_KEY, PROGRAM_LOAD] = [0, 1, 2, 4, 5]
const [OBJECT_INFO, TRACEPOINT_OPEN, MAP_TAKE, MAP_READ_ALL, MAP_TAKE_ALL] = [15, 17, 21, 24, 25]
const [TYPE_HASH, TYPE_ARRAY, TYPE_QUEUE, TYPE_RAW_TRACEPOINT] = [1, 2, 22, 17]

/** As large as the kernels' at the time; a kernel that knows less takes zeros behind what it knows. */
const ATTRIBUTES = 128
/** Of bpf_prog_info: how often the program was not run since it was running already (Linux 5.12). */
const [INFO_LENGTH, INFO_MISSED] = [232, 208]
const LOG_LENGTH = 1 << 16
/** Helpers that read kernel memory are for programs under a licence that goes with the kernel's. */
const LICENCE = 'Dual MIT/GPL'
/** Entries of a hash that are read by one call. */
const AT_ONCE = 4096
/** membarrier(2), by `process.arch`; GLOBAL returns when every CPU has left what it did before. */
const MEMBARRIER_NUMBERS: Readonly<Record<string, number>> = { x64: 324, arm64: 283 }
const MEMBARRIER_GLOBAL = 1

/** Entries of a hash, one behind the other. */
export interface Entries {
  keys: Uint8Array
  values: Uint8Array
}

/** Why a call failed: `code` is the error's name (`EPERM`), `log` what the verifier said. */
export class BpfError extends Error {
  readonly code: string
  readonly log: string

  constructor(what: string, errno: number, log = '') {
    super(`${what} (${errnoName(errno)})`)
    this.code = errnoName(errno)
    this.log = log
  }
}

export class Bpf {
  private readonly libc: Libc
  private readonly syscall: CFunction
  private readonly number: number

  /** `number`: the call's on this architecture. */
  constructor(libc: Libc, number: number) {
    this.libc = libc
    this.number = number
    this.syscall = libc.func('long syscall(long number, long command, void *attributes, long size)')
  }

  /** A queue of at most so many values of this size; gives its file descriptor, as all that follow. */
  createQueue(size: number, entries: number): number {
    return this.createMap(TYPE_QUEUE, 0, size, entries, 'nfwhy_drops')
  }

  /** One number of 64 bits, 0. */
  createCounter(): number {
    return this.createMap(TYPE_ARRAY, 4, 8, 1, 'nfwhy_lost')
  }

  /** Key → value, at most so many; the memory is taken at once. */
  createHash(keySize: number, valueSize: number, entries: number): number {
    return this.createMap(TYPE_HASH, keySize, valueSize, entries, 'nfwhy_counts')
  }

  /** What a counter (`createCounter`) is from now on. */
  writeCounter(map: number, number: number): void {
    const [key, value] = [new Uint8Array(4), new DataView(new ArrayBuffer(8))]
    value.setBigUint64(0, BigInt(number), true)
    this.must('the counter cannot be written', MAP_UPDATE, (attributes) => {
      attributes.setUint32(0, map, true)
      attributes.setBigUint64(8, this.libc.address(key), true)
      attributes.setBigUint64(16, this.libc.address(new Uint8Array(value.buffer)), true)
    })
  }

  isEmpty(hash: number, keySize: number): boolean {
    const next = new Uint8Array(keySize)
    const result = this.call(MAP_NEXT_KEY, (attributes) => {
      attributes.setUint32(0, hash, true)
      attributes.setBigUint64(16, this.libc.address(next), true)
    })
    return result < 0
  }

  /** All entries of a hash, which is empty then. Exact where no program writes to it meanwhile. */
  takeAll(hash: number, keySize: number, valueSize: number): Entries {
    return this.entriesOf(MAP_TAKE_ALL, hash, keySize, valueSize)
  }

  /** All entries of a hash, which stay. */
  readAll(hash: number, keySize: number, valueSize: number): Entries {
    return this.entriesOf(MAP_READ_ALL, hash, keySize, valueSize)
  }

  /** Programs that were running have ended when it returns. False: that cannot be waited for here. */
  waitForPrograms(): boolean {
    const number = MEMBARRIER_NUMBERS[process.arch]
    return number !== undefined && Number(this.syscall(number, MEMBARRIER_GLOBAL, null, 0)) === 0
  }

  loadTracepointProgram(code: Uint8Array): number {
    const licence = Buffer.from(`${LICENCE}\0`)
    const log = Buffer.alloc(LOG_LENGTH)
    const load = (level: number) =>
      this.call(PROGRAM_LOAD, (attributes) => {
        attributes.setUint32(0, TYPE_RAW_TRACEPOINT, true)
        attributes.setUint32(4, code.length / 8, true)
        attributes.setBigUint64(8, this.libc.address(code), true)
        attributes.setBigUint64(16, this.libc.address(licence), true)
        setText(attributes, 48, 'nfwhy_drops')
        if (level === 0) return
        attributes.setUint32(24, level, true)
        attributes.setUint32(28, log.length, true)
        attributes.setBigUint64(32, this.libc.address(log), true)
      })
    const fd = load(0)
    if (fd >= 0) return fd
    const errno = this.libc.errno()
    load(1)
    throw new BpfError('the kernel rejects the eBPF program', errno, log.toString('latin1', 0, log.indexOf(0)))
  }

  /** Runs the program at each event until the descriptor that this gives is closed. */
  attach(program: number, tracepoint: string): number {
    const name = Buffer.from(`${tracepoint}\0`)
    return this.must(`the program cannot be attached to ${tracepoint}`, TRACEPOINT_OPEN, (attributes) => {
      attributes.setBigUint64(0, this.libc.address(name), true)
      attributes.setUint32(8, program, true)
    })
  }

  /** Takes values out of a queue until it is empty or `into` is full; gives how many bytes. */
  take(queue: number, into: Uint8Array, size: number): number {
    const attributes = new DataView(new ArrayBuffer(ATTRIBUTES))
    attributes.setUint32(0, queue, true)
    const base = this.libc.address(into)
    const bytes = new Uint8Array(attributes.buffer)
    let taken = 0
    for (; taken + size <= into.length; taken += size) {
      attributes.setBigUint64(16, base + BigInt(taken), true)
      if (this.syscall(this.number, MAP_TAKE, bytes, ATTRIBUTES) < 0) break
    }
    return taken
  }

  readCounter(map: number): number {
    const [key, value] = [new Uint8Array(4), new DataView(new ArrayBuffer(8))]
    this.must('the counter cannot be read', MAP_LOOKUP, (attributes) => {
      attributes.setUint32(0, map, true)
      attributes.setBigUint64(8, this.libc.address(key), true)
      attributes.setBigUint64(16, this.libc.address(new Uint8Array(value.buffer)), true)
    })
    return Number(value.getBigUint64(0, true))
  }

  /** Events at which the program did not run, since it was interrupted in the middle of another; of all namespaces. */
  missed(program: number): number {
    const info = new DataView(new ArrayBuffer(INFO_LENGTH))
    const result = this.call(OBJECT_INFO, (attributes) => {
      attributes.setUint32(0, program, true)
      attributes.setUint32(4, INFO_LENGTH, true)
      attributes.setBigUint64(8, this.libc.address(new Uint8Array(info.buffer)), true)
    })
    return result < 0 ? 0 : Number(info.getBigUint64(INFO_MISSED, true))
  }

  private entriesOf(command: number, hash: number, keySize: number, valueSize: number): Entries {
    const [keys, values] = [new Uint8Array(AT_ONCE * keySize), new Uint8Array(AT_ONCE * valueSize)]
    const place = new Uint8Array(8)
    const found: Entries[] = []
    const attributes = new DataView(new ArrayBuffer(ATTRIBUTES))
    const bytes = new Uint8Array(attributes.buffer)
    for (let isOver = false; !isOver; ) {
      const at = this.libc.address(place)
      attributes.setBigUint64(0, found.length === 0 ? 0n : at, true)
      attributes.setBigUint64(8, at, true)
      attributes.setBigUint64(16, this.libc.address(keys), true)
      attributes.setBigUint64(24, this.libc.address(values), true)
      attributes.setUint32(32, AT_ONCE, true)
      attributes.setUint32(36, hash, true)
      // at the end of the hash it says ENOENT, and gives what it has found
      isOver = this.syscall(this.number, command, bytes, ATTRIBUTES) < 0
      if (isOver && errnoName(this.libc.errno()) !== 'ENOENT')
        throw new BpfError('the counts cannot be read', this.libc.errno())
      const count = attributes.getUint32(32, true)
      found.push({ keys: keys.slice(0, count * keySize), values: values.slice(0, count * valueSize) })
    }
    return { keys: joined(found.map((one) => one.keys)), values: joined(found.map((one) => one.values)) }
  }

  private createMap(type: number, keySize: number, valueSize: number, entries: number, name: string): number {
    return this.must('the kernel cannot create an eBPF map', MAP_CREATE, (attributes) => {
      attributes.setUint32(0, type, true)
      attributes.setUint32(4, keySize, true)
      attributes.setUint32(8, valueSize, true)
      attributes.setUint32(12, entries, true)
      setText(attributes, 28, name)
    })
  }

  private must(what: string, command: number, fill: (attributes: DataView) => void): number {
    const result = this.call(command, fill)
    if (result < 0) throw new BpfError(what, this.libc.errno())
    return result
  }

  private call(command: number, fill: (attributes: DataView) => void): number {
    const attributes = new DataView(new ArrayBuffer(ATTRIBUTES))
    fill(attributes)
    return Number(this.syscall(this.number, command, new Uint8Array(attributes.buffer), ATTRIBUTES))
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, one) => sum + one.length, 0))
  let at = 0
  for (const one of pieces) {
    all.set(one, at)
    at += one.length
  }
  return all
}

/** Names of maps and programs, for whoever lists them: at most 15 bytes. */
function setText(attributes: DataView, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) attributes.setUint8(at + i, text.charCodeAt(i))
}
