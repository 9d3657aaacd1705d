/** Ctrl-C and its kin while something is set up: the first asks for an end in order, the second ends the program at once. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Milliseconds in which a second one is the first again: whoever started us (sudo, npx) may hand on what we got as well. */
const SAME = 200

/**
 * What asks other machines, and sets nothing up: at the first signal `ending` is aborted, and when the work has ended what
 * runs over there, the program ends by the same signal.
 */
export async function endable<T>(work: (ending: AbortSignal) => Promise<T>): Promise<T> {
  const signals = new EndSignals(() => {})
  const ending = new AbortController()
  signals.whenWanted(() => ending.abort())
  try {
    return await work(ending.signal)
  } finally {
    signals.close()
    if (signals.first !== undefined) process.kill(process.pid, signals.first)
  }
}

export class EndSignals {
  /** The first that came. */
  first: NodeJS.Signals | undefined
  private readonly asked: (() => void)[] = []
  private readonly abandon: () => void
  private since: number | undefined

  /** `abandon`: what has to be done at once before the program ends at the second (a terminal that is shown as it was). */
  constructor(abandon: () => void) {
    this.abandon = abandon
    for (const signal of SIGNALS) process.on(signal, this.came)
  }

  /** Has an end been asked for? */
  get wanted(): boolean {
    return this.since !== undefined
  }

  /** Called at the first; at once where it has come. */
  whenWanted(callback: () => void): void {
    if (this.wanted) callback()
    else this.asked.push(callback)
  }

  /** The same as the first signal; more of these are none. */
  readonly ask = (): void => {
    if (this.since !== undefined) return
    this.since = Date.now()
    for (const callback of this.asked) callback()
  }

  /** Resolves at SIGTERM or a hang-up: whoever sends these does not wait for long. */
  whenHurried(): Promise<void> {
    return this.hurrying
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.came)
  }

  private hurry = () => {}
  private readonly hurrying = new Promise<void>((resolve) => {
    this.hurry = resolve
  })

  private readonly came = (signal: NodeJS.Signals): void => {
    this.first ??= signal
    if (signal !== 'SIGINT') this.hurry()
    if (this.since === undefined) this.ask()
    else if (Date.now() - this.since > SAME) {
      this.close()
      this.abandon()
      process.kill(process.pid, signal)
    }
  }
}
