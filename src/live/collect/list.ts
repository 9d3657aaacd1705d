/** `collected.txt`: when and where a bundle was made, and how it went with each file. The folder's script writes the same. */
import { COLLECTED } from '../../read/host/collected.ts'
import { type Answer, type Gathered, isNote } from './gather.ts'

/** Of a note so much is kept, in characters. */
const MOST_NOTE = 20_000

export const answerLine = ({ word, section, bytes, status, remark }: Answer): string =>
  `${word} ${section.file} ${bytes.length} ${status} ${section.what}${remark && `: ${remark}`}`

/** `more`: lines of the caller's own. */
export function listText(
  { about, answers, broken, unasked }: Gathered,
  version: string,
  more: readonly string[],
): string {
  const lines = [COLLECTED, `version ${version}`, about.trim(), ...more]
  for (const answer of answers) {
    if (!isNote(answer)) lines.push(answerLine(answer))
  }
  if (broken !== undefined) lines.push(`broken ${broken}`)
  if (unasked > 0) lines.push(`unasked ${unasked}`)
  for (const answer of answers) {
    if (!isNote(answer) || answer.bytes.length === 0) continue
    const text = new TextDecoder().decode(answer.bytes).slice(0, MOST_NOTE).trimEnd()
    lines.push('', `== ${answer.section.what} ==`, text.replace(/^/gm, '  '))
  }
  return `${lines.join('\n')}\n`
}
