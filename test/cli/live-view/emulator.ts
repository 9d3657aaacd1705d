/** As much of a terminal as the live view needs; what else it sends there is refused. */
import { columns } from '../../../src/model/columns.ts'

const PART = /\x1b\[(\??)([\d;]*)([A-Za-z])|\x1b[^[]|[^\x1b]+/y
const UNFINISHED = /\x1b(?:\[[?\d;]*)?$/

export class Emulator {
  /** What is written outside of the view. */
  main = ''
  /** Private modes that were set and not reset. */
  readonly modes = new Set<string>(['7', '25'])
  lines: string[] = []
  /** How often the screen was drawn. */
  drawings = 0
  private rest = ''
  private row = 0
  private column = 0

  get alternate(): boolean {
    return this.modes.has('1049')
  }

  write(text: string): void {
    let all = this.rest + text
    this.rest = UNFINISHED.exec(all)?.[0] ?? ''
    all = all.slice(0, all.length - this.rest.length)
    PART.lastIndex = 0
    for (let match = PART.exec(all); match; match = PART.exec(all)) this.part(match)
  }

  private part([text, isPrivate, parameters = '', final]: RegExpExecArray): void {
    if (final === undefined) this.print(text)
    else if (isPrivate) this.mode(parameters, final)
    else if (this.alternate) this.control(parameters, final)
  }

  private mode(number: string, final: string): void {
    if (final === 'l') this.modes.delete(number)
    else this.modes.add(number)
    if (number === '1049') this.lines = []
    if (number === '2026' && final === 'h') this.drawings++
  }

  private control(parameters: string, final: string): void {
    const numbers = parameters.split(';').map(Number)
    if (final === 'H') {
      this.row = numbers[0]! - 1
      this.column = numbers[1]! - 1
    } else if (final === 'J') this.lines = []
    else if (final === 'K') this.lines[this.row] = ''
    else if (final !== 'm') throw new Error(`the view sent ${JSON.stringify(parameters + final)}`)
  }

  private print(text: string): void {
    if (!this.alternate) {
      this.main += text
      return
    }
    if (/[\x00-\x1f\x7f-\x9f]/.test(text)) throw new Error(`the view sent ${JSON.stringify(text)}`)
    this.lines[this.row] = (this.lines[this.row] ?? '').padEnd(this.column) + text
    this.column += columns(text)
  }
}
