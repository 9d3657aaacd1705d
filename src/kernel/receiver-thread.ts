/**
 * The thread that does nothing but receive: an entry of its own (dist/receiver.cjs). It waits in the kernel, copies what
 * comes into chunks of a pcap file and hands them over; what they say is for others to read. See namespace.ts for why
 * nothing here may be asynchronous.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { Control } from './control.ts'
import { libc as loadLibc } from './libc.ts'
import { enterNamespace } from './namespace.ts'
import { NOTHING, OVERRUN } from './netlink-socket.ts'
import { NflogSource } from './nflog.ts'
import { NftTraceSource } from './nft-trace.ts'
import { Clock } from './pcap.ts'
import { type FromThread, IDLE_TICK, type ToThread } from './receiver-messages.ts'
import type { Source } from './source.ts'
import { Unavailable } from './unavailable.ts'

/** Milliseconds until it looks whether to stop. */
const WAIT = IDLE_TICK
/** Said so often behind what came last. */
const MOST_IDLE_TICKS = 20

const post = (message: FromThread, transfer: ArrayBuffer[] = []) => parentPort!.postMessage(message, transfer)
const clock = new Clock()

try {
  run(workerData as ToThread)
  post({ kind: 'end' })
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  post({ kind: 'failed', message, ...(error instanceof Unavailable ? { reason: error.reason } : {}) })
}

function run(asked: ToThread): void {
  const source = open(asked)
  const control = new Control(asked.memory, asked.holdBytes)
  try {
    // first, as somebody may begin to read only then
    post({ kind: 'ready', bufferBytes: source.socket.bufferBytes })
    send(source.head, 0, control)
    let idleTicks = MOST_IDLE_TICKS
    while (!control.stopping)
      if (receive(source, control, true) !== NOTHING) idleTicks = 0
      else if (idleTicks++ < MOST_IDLE_TICKS) post({ kind: 'idleTick' })
    source.finish()
    while (receive(source, control, false) !== NOTHING);
    const last = source.end(clock.now())
    control.lost = source.lost
    if (last) send(last, 0, control)
  } finally {
    source.socket.close()
  }
}

function open({ what, namespace, group, bufferBytes }: ToThread): Source {
  const libc = loadLibc()
  if (namespace !== undefined) enterNamespace(libc, namespace)
  const socket = { bufferBytes, wait: WAIT }
  if (what === 'nflog') return new NflogSource(libc, socket, group, clock.now())
  return new NftTraceSource(libc, socket, (change) => post({ kind: 'change', change }))
}

function receive(source: Source, control: Control, wait: boolean): number {
  const count = source.socket.receive(source.batch, wait)
  if (count === OVERRUN) source.overrun()
  if (count <= 0 && !(count === NOTHING && source.owes)) return count
  send(source.take(count, clock.now()), Math.max(count, 0), control)
  control.lost = source.lost
  return count
}

function send(chunk: Uint8Array<ArrayBuffer>, messages: number, control: Control): void {
  if (chunk.length === 0) return
  const { length } = chunk
  post({ kind: 'chunk', chunk, messages }, [chunk.buffer])
  control.send(length)
}
