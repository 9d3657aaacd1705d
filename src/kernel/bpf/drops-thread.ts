/**
 * The thread that watches drops: an entry of its own (dist/drops.cjs). It empties the kernel's queue as fast as it can
 * and hands over what was in it; what that says is for others to read.
 */
import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { Control } from '../control.ts'
import { Unavailable } from '../unavailable.ts'
import type { FromDropThread, ToDropThread } from './messages.ts'
import { Pump } from './pump.ts'
import { Symbols } from './symbols.ts'
import { openTap } from './tap.ts'

/** Milliseconds between two looks, where there was nothing. */
const PAUSE = 5
/** Bytes that whoever reads may lag behind; beyond these nothing is taken, and the kernel's queue fills. */
const MOST_UNDER_WAY = 1 << 27

const post = (message: FromDropThread, transfer: ArrayBuffer[] = []) => parentPort!.postMessage(message, transfer)

try {
  run(workerData as ToDropThread)
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  post({ kind: 'failed', message, ...(error instanceof Unavailable ? { reason: error.reason } : {}) })
}

function run({ namespaceInode, entries, memory }: ToDropThread): void {
  const tap = openTap(namespaceInode, entries)
  try {
    // takes a tenth of a second, in which drops already wait
    const symbols = new Symbols(readFileSync('/proc/kallsyms', 'latin1'))
    const pump = new Pump(tap, symbols, new Control(memory, MOST_UNDER_WAY), post)
    post({ kind: 'ready', reasons: tap.reasons })
    const idle = new Int32Array(new SharedArrayBuffer(4))
    while (!pump.stopping) if (!pump.take()) Atomics.wait(idle, 0, 0, PAUSE)
    tap.detach()
    while (pump.take());
  } finally {
    tap.close()
  }
}
