/** Reads Prometheus' text format as its documentation words it; what is not so throws. */

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const SAMPLE = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y

export function parseMetrics(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const types = new Map<string, string>()
  const samples: Sample[] = []
  const seen = new Set<string>()
  for (const line of text.slice(0, -1).split('\n')) {
    const [, word, about, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (word === 'TYPE') {
      if (types.has(about!) || !/^(counter|gauge)$/.test(rest!)) throw new Error(`not a type: ${line}`)
      types.set(about!, rest!)
    }
    if (word !== undefined) continue
    const [, name = '', inside = '', number = ''] = SAMPLE.exec(line) ?? []
    if (!NAME.test(name) || number === '' || Number.isNaN(Number(number))) throw new Error(`not a sample: ${line}`)
    if (!types.has(name)) throw new Error(`no TYPE before: ${line}`)
    const key = `${name}{${inside}}`
    if (seen.has(key)) throw new Error(`twice: ${line}`)
    seen.add(key)
    samples.push({ name, labels: readLabels(inside), value: Number(number) })
  }
  return samples
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    LABEL.lastIndex = at
    const [, name, value] = LABEL.exec(text) ?? []
    if (name === undefined || value === undefined) throw new Error(`not labels: ${text}`)
    labels[name] = value.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char))
  }
  return labels
}
