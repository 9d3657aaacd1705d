/** `collected.txt`: when and where a bundle was made, and how it went with each file. The folder's script writes the same. */
import { COLLECTED } from '../../read/host/collected.ts'
import { type Gathered, isNote } from './gather.ts'

/** Of a note so much is kept, in characters. */
const MOST_NOTE = 20_000

/** `more`: lines of the caller's own. */
export function listText({ about, answers, broken }: Gathered, version: string, more: readonly string[]): string {
  const lines = [COLLECTED, `version ${version}`, about.trim(), ...more]
  for (const answer of answers) {
    if (isNote(answer)) continue
    const { word, section, bytes, status, remark } = answer
    lines.push(`${word} ${section.file} ${bytes.length} ${status} ${section.what}${remark && `: ${remark}`}`)
  }
  if (broken !== undefined) lines.push(`broken ${broken}`)
  for (const answer of answers) {
    if (!isNote(answer) || answer.bytes.length === 0) continue
    const text = new TextDecoder().decode(answer.bytes).slice(0, MOST_NOTE).trimEnd()
    lines.push('', `== ${answer.section.what} ==`, text.replace(/^/gm, '  '))
  }
  return `${lines.join('\n')}\n`
}
