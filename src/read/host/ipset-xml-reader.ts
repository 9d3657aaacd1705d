/**
 * `ipset list -o xml` (ipset, lib/print.c and lib/session.c): line for line what `ipset list` says, in tags. It is no
 * real XML: a comment stands there as it is.
 */
import type { Report } from '../../model/diagnostic.ts'
import type { HostReading } from './format.ts'
import { readIpsetList } from './ipset-list-reader.ts'

export const readIpsetXml = (text: string, report: Report): HostReading =>
  readIpsetList(text.split('\n').map(asListed).join('\n'), report)

const BESIDES = /^<\/?(?:revision|memsize|references|header|ipsets?|members)\b[^>]*>/

/** The same as `ipset list` prints it; a blank line where it prints nothing. */
function asListed(line: string): string {
  const text = line.trim()
  const [, tag, name, value] = /^<(ipset|type|numentries|members)(?: name="([^"]*)")?>([^<]*)/.exec(text) ?? []
  if (tag === 'ipset') return `Name: ${name}`
  if (tag === 'type') return `Type: ${value}`
  if (tag === 'numentries') return `Number of entries: ${value}`
  if (tag === 'members') return 'Members:'
  if (text.startsWith('<header>')) return `Header: ${wordsOf(text.slice('<header>'.length))}`
  if (text.startsWith('<member>')) return wordsOf(text.slice('<member>'.length).replace(/<\/member>$/, ''))
  // within a set a blank line would end its elements, and there they have ended
  return text === '' || BESIDES.test(text) ? '' : text
}

/** `<timeout>300</timeout><counters/>` → `timeout 300 counters`; an element's own tag says nothing. */
function wordsOf(tags: string): string {
  const words: string[] = []
  const at = tags.endsWith('"</comment>') ? tags.indexOf('<comment>"') : -1
  for (const [, name = '', empty, value = ''] of tags
    .slice(0, at < 0 ? undefined : at)
    .matchAll(/<(\w+)(\/?)>([^<]*)/g))
    words.push(...(name === 'elem' ? [value] : empty ? [name] : [name, value]))
  if (at >= 0) words.push('comment', tags.slice(at + '<comment>'.length, -'</comment>'.length))
  return words.join(' ')
}
