/**
 * The thread that watches drops: an entry of its own (dist/drops.cjs). It empties the kernel's queue as fast as it can
 * and hands over what was in it; what that says is for others to read.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { Control } from '../control.ts'
import { Unavailable } from '../unavailable.ts'
import type { FromDropThread, ToDropThread } from './messages.ts'
import { BATCH, Pump } from './pump.ts'
import { Symbols } from './symbols.ts'
import { openTap } from './tap.ts'

/** Milliseconds between two looks, where there was nothing. */
const PAUSE = 5

const post = (message: FromDropThread, transfer: ArrayBuffer[] = []) => parentPort!.postMessage(message, transfer)

try {
  run(workerData as ToDropThread)
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  post({ kind: 'failed', message, ...(error instanceof Unavailable ? { reason: error.reason } : {}) })
}

function run({ namespaceInode, entries, holdBytes, memory, turns }: ToDropThread): void {
  const tap = openTap(namespaceInode, entries)
  try {
    // from now on drops wait; to read the symbols takes a tenth of a second more
    post({ kind: 'ready', reasons: tap.reasons })
    const symbols = Symbols.ofKernel()
    const pump = new Pump(tap, symbols, new Control(memory, holdBytes), post)
    pumpOn(pump, entries, new Int32Array(turns))
    tap.detach()
    while (pump.take() > 0);
  } finally {
    tap.close()
  }
}

function pumpOn(pump: Pump, entries: number, turns: Int32Array): void {
  let answered = 0
  /** What was asked and is not answered, and how many drops were taken since. */
  let turn = 0
  let since = 0
  while (!pump.stopping) {
    const asked = Atomics.load(turns, 0)
    if (turn === answered && asked !== answered) {
      turn = asked
      since = 0
    }
    const taken = pump.take()
    since += taken
    // empty by now, or all that was in it then has come out
    if (turn !== answered && (taken < BATCH || since >= entries)) {
      answered = turn
      post({ kind: 'caught-up', turn })
    }
    if (taken === 0) Atomics.wait(turns, 0, asked, PAUSE)
  }
}
