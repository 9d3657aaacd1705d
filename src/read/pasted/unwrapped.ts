/**
 * Whole tickets that a program wrote line by line into a log of its own: docker's and Kubernetes' logs, a script's lines
 * in the journal, an editor's line numbers.
 */
import { commandOfLine, isOfCapture } from './beginnings.ts'
import { withoutNumbers } from './line-numbers.ts'

const PREFIXES: readonly RegExp[] = [
  // docker compose logs, kubectl logs --prefix
  /^[\w.-]{1,60}[ \t]{0,40}\| ?/,
  /^\[pod\/[^\]]{1,160}\] /,
  // CRI, docker logs -t
  /^\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d) (?:std(?:out|err) [FP] ?)?/,
  // syslog, the journal
  /^(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\dT\S{8,32}) \S{1,64} [\w./@-]{1,48}(?:\[\d{1,7}\])?: ?/,
]

/** Without what all lines have in front, where outputs stand behind that; lines stay as many as they are. */
export function unwrapped(lines: readonly string[]): readonly string[] {
  for (const plain of [
    ...PREFIXES.map((prefix) => withoutPrefix(lines, prefix)),
    fromJson(lines),
    withoutNumbers(lines),
  ])
    if (plain && showsMore(plain, lines)) return plain
  return lines
}

function withoutPrefix(lines: readonly string[], prefix: RegExp): string[] | undefined {
  const plain: string[] = []
  for (const line of lines) {
    if (line.trim() !== '' && !prefix.test(line)) return undefined
    plain.push(line.replace(prefix, ''))
  }
  return plain
}

/** docker's json-file: `{"log":"…\\n","stream":"stdout","time":"…"}`. */
function fromJson(lines: readonly string[]): string[] | undefined {
  const plain: string[] = []
  for (const line of lines) {
    if (line.trim() === '') {
      plain.push('')
      continue
    }
    if (!/^\{"log": ?"/.test(line)) return undefined
    try {
      plain.push(String((JSON.parse(line) as { log: unknown }).log).replace(/[\r\n]+$/, ''))
    } catch {
      return undefined
    }
  }
  return plain
}

/** A capture's lines are read with their time; what only stands behind the wrapping is a listing. */
const showsMore = (plain: readonly string[], lines: readonly string[]): boolean =>
  plain.some((line, i) => {
    const command = commandOfLine(line)
    return command !== undefined && !isOfCapture(command) && commandOfLine(lines[i]!) === undefined
  })
