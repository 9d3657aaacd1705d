/**
 * A terminal that is taken over for a while, and given back as it was whatever happens: at the end, on Ctrl-Z and fg, on
 * signals, when the program fails. Sequences as xterm's ctlseqs documents them; what a terminal does not know it ignores.
 */
import type { ReadStream, WriteStream } from 'node:tty'
import type { Screen } from './render.ts'

/** The other screen; lines that are too long are not broken; no cursor; what is pasted comes marked as such. */
const ENTER = '\x1b[?1049h\x1b[?7l\x1b[?25l\x1b[?2004h\x1b[2J'
const LEAVE = '\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l'
/** All between these is shown at once. */
const [BEGIN, END] = ['\x1b[?2026h', '\x1b[?2026l']

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface TerminalEvents {
  /** Bytes from the keyboard, as text. */
  typed(text: string): void
  /** The size may have changed, and all has to be drawn again. */
  changed(): void
  /** A signal that is to end the program, or nobody is at the keys any more. The terminal has been given back. */
  ended(): void
}

export class Terminal {
  private readonly stdin: ReadStream
  private readonly stdout: WriteStream
  private readonly events: TerminalEvents
  private readonly decoder = new TextDecoder()
  private taken = false
  private over = false
  private shown: string[] = []
  private cursor = ''

  constructor(stdin: ReadStream, stdout: WriteStream, events: TerminalEvents) {
    this.stdin = stdin
    this.stdout = stdout
    this.events = events
    stdin.on('data', this.onData).on('end', this.onEnd).on('error', this.onEnd).resume()
    stdout.on('resize', this.onResize).on('error', this.onEnd)
    for (const signal of SIGNALS) process.on(signal, this.onEnd)
    process.on('SIGTSTP', this.onStop).on('SIGCONT', this.onContinue)
    // before anybody writes what went wrong
    process.on('uncaughtExceptionMonitor', this.leave).on('exit', this.leave)
    this.enter()
  }

  /** Columns and rows; a terminal that does not know its size says 0. */
  get size(): [number, number] {
    return [this.stdout.columns || 80, this.stdout.rows || 24]
  }

  /** Only lines that have changed are written. */
  draw({ lines, cursor }: Screen): void {
    if (!this.taken) return
    let out = ''
    lines.forEach((line, i) => {
      // cleared first: behind a line of full width clearing would take its last character
      if (line !== this.shown[i]) out += `\x1b[${i + 1};1H\x1b[2K${line}`
    })
    const at = cursor ? `\x1b[${cursor.row + 1};${cursor.column + 1}H\x1b[?25h` : '\x1b[?25l'
    if (out === '' && at === this.cursor) return
    this.shown = lines
    this.cursor = at
    this.write(`${BEGIN}${cursor ? '\x1b[?25l' : ''}${out}${at}${END}`)
  }

  /** Draws everything the next time. */
  forget(): void {
    this.shown = []
    if (this.taken) this.write('\x1b[2J')
  }

  /** Ctrl-Z: all programs of this job stop, as they would without us. */
  suspend(): void {
    this.stopped(0)
  }

  close(): void {
    this.over = true
    this.leave()
    this.stdin.off('data', this.onData).off('end', this.onEnd).off('error', this.onEnd).pause()
    // an error that comes late, as the terminal is gone, is nobody's any more
    this.stdout
      .off('resize', this.onResize)
      .off('error', this.onEnd)
      .on('error', () => {})
    for (const signal of SIGNALS) process.off(signal, this.onEnd)
    process.off('SIGTSTP', this.onStop).off('SIGCONT', this.onContinue)
    process.off('uncaughtExceptionMonitor', this.leave).off('exit', this.leave)
  }

  private readonly onData = (bytes: Uint8Array | string): void =>
    this.events.typed(typeof bytes === 'string' ? bytes : this.decoder.decode(bytes, { stream: true }))

  private readonly onResize = (): void => {
    this.forget()
    this.events.changed()
  }

  private readonly onEnd = (): void => {
    this.over = true
    this.leave()
    this.events.ended()
  }

  private readonly onStop = (): void => this.stopped(process.pid)

  /** The system's own way of stopping, which spares a job that nobody could continue. */
  private stopped(whom: number): void {
    this.leave()
    process.off('SIGTSTP', this.onStop)
    process.kill(whom, 'SIGTSTP')
    // it goes on here when it is continued
    process.on('SIGTSTP', this.onStop)
    this.onContinue()
  }

  private readonly onContinue = (): void => {
    // a shell may have changed its modes
    this.leave()
    this.enter()
    this.events.changed()
  }

  private enter(): void {
    if (this.over) return
    this.taken = true
    this.shown = []
    this.cursor = ''
    this.setRaw(true)
    this.write(ENTER)
  }

  private readonly leave = (): void => {
    if (!this.taken) return
    this.taken = false
    this.setRaw(false)
    this.write(LEAVE)
  }

  private setRaw(raw: boolean): void {
    try {
      this.stdin.setRawMode(raw)
    } catch {
      // the terminal is gone
    }
  }

  private write(text: string): void {
    this.stdout.write(text)
  }
}
