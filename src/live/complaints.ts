/** What a program over there says on standard error: its beginning is kept, and a few lines of it are shown. */
import { COMPLAINTS } from './limits.ts'

export class Complaints {
  private text = ''
  private lines = 0

  add(text: string): void {
    if (this.text.length < COMPLAINTS.bytes) this.text += text.slice(0, COMPLAINTS.bytes - this.text.length)
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.lines++
  }

  /** For people: the first lines, none of them long; how many more there were. Undefined where it said nothing. */
  get shown(): string | undefined {
    const said = this.text.split('\n').filter((line) => line.trim() !== '')
    const lines = said.slice(0, COMPLAINTS.lines).map(shortened)
    if (lines.length === 0) return undefined
    const more = Math.max(said.length, this.lines) - lines.length
    if (said.length > lines.length || this.text.length >= COMPLAINTS.bytes) lines.push(`… and ${more} more lines`)
    return lines.join('\n')
  }
}

const shortened = (line: string): string => {
  const text = line.trimEnd()
  return text.length > COMPLAINTS.width ? `${text.slice(0, COMPLAINTS.width)}…` : text
}
