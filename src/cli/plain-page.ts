/** A page of docs/findings as text for a terminal: as manual pages look; links are their words. */
import { wrap } from '../reports/text/layout.ts'

const FENCE = /^```/

export function plainPage(markdown: string, width: number): string {
  const lines: string[] = []
  let paragraph: string[] = []
  let inBlock = false
  const close = () => {
    if (paragraph.length > 0) lines.push(...wrapped(paragraph.join(' '), width))
    paragraph = []
  }
  for (const line of markdown.trimEnd().split('\n')) {
    if (FENCE.test(line)) inBlock = !inBlock
    if (inBlock || FENCE.test(line) || line === '' || /^(#|- )/.test(line)) close()
    if (FENCE.test(line)) continue
    if (inBlock || line === '') lines.push(line)
    else paragraph.push(line.trim())
    if (line.startsWith('#')) close()
  }
  close()
  return `${lines.join('\n')}\n`
}

/** A heading, a point of a list, or a paragraph. */
function wrapped(text: string, width: number): string[] {
  if (text.startsWith('## ')) return [text.slice('## '.length).toUpperCase()]
  const plain = text.replace(/^# /, '').replace(/\[([^\]]+)\]\([^)]+\)/g, '$1')
  if (!plain.startsWith('- ')) return wrap(plain.replace(/^`([^`]+)`/, '$1'), width)
  return wrap(plain.slice(2), width - 2).map((line, i) => `${i === 0 ? '- ' : '  '}${line}`)
}
