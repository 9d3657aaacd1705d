/** One line on a terminal's stderr while a long input is read; nothing elsewhere. */
import { printable } from '../model/printable.ts'
import { cutMiddle } from '../reports/text/layout.ts'

/** Milliseconds. */
const FIRST = 1000
const EVERY = 200

interface Terminal {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

export class Progress {
  private readonly terminal: Terminal
  private readonly started = Date.now()
  private shown = 0
  private visible = false
  private calls = 0

  constructor(terminal: Terminal = process.stderr) {
    this.terminal = terminal
  }

  /** `size`: bytes in all, where that is known. */
  update(name: string, bytes: number, size: number | undefined): void {
    // asking the clock for every block would be most of the work
    if (++this.calls % 8 !== 0 || !this.terminal.isTTY) return
    const now = Date.now()
    if (now - this.started < FIRST || now - this.shown < EVERY) return
    this.shown = now
    this.visible = true
    const part = size ? `${Math.floor((bytes / size) * 100)} % of ${megabytes(size)}` : megabytes(bytes)
    // a line that the terminal breaks could not be taken away
    const room = Math.max(10, (this.terminal.columns || 80) - `reading : ${part}`.length - 1)
    this.terminal.write(`\r\x1b[Kreading ${cutMiddle(printable(name), room, '...')}: ${part}`)
  }

  /** Takes the line away. */
  done(): void {
    if (this.visible) this.terminal.write('\r\x1b[K')
    this.visible = false
  }
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
