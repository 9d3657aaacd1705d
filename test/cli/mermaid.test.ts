/** `explain -o x.mmd`: flowcharts that hold the answer, and that nothing of an input can break. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../docs/sources.ts'
import { folder, nfwhy } from './nfwhy.ts'

const INCIDENTS = join(ROOT, 'fixtures/incidents')

async function drawn(...inputs: string[]): Promise<string> {
  const cwd = folder({})
  const { stderr } = await nfwhy(['explain', ...inputs, '-o', 'way.mmd'], { cwd })
  expect(stderr).toBe('')
  return readFileSync(join(cwd, 'way.mmd'), 'utf8')
}

const LABEL = '"[^"\\n<>`\\[\\]{}|;&$]*"'.replace('[^', '(?:<br>|#\\d+;|[^').replace(']*"', '#])*"')
/** All that is written of Mermaid's grammar: a line that is none of these is a mistake. */
const LINES = [
  'flowchart TB',
  '%% [^{}\\r\\n]*',
  `subgraph p\\d+(?:_h\\d+)?\\[${LABEL}\\]`,
  'direction TB',
  'end',
  `p\\d+_in\\(\\[${LABEL}\\]\\)`,
  `(?:p\\d+_(?:\\d+|more)|left|none)\\[${LABEL}\\](?::::ends)?`,
  `p\\d+_end\\{\\{${LABEL}\\}\\}:::ends`,
  `p\\d+_(?:in|more|\\d+) -->(?:\\|${LABEL}\\|)? p\\d+_(?:more|end|\\d+)`,
  'classDef ends stroke-width:3px',
]
const GRAMMAR = new RegExp(`^(?:${LINES.join('|')})$`)

const wrongLines = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => !GRAMMAR.test(line))

/** Every box that an arrow names is there, once, and each `subgraph` has its end. */
function judge(text: string): void {
  expect(wrongLines(text)).toEqual([])
  const boxes = [...text.matchAll(/^(p\d+_(?:in|end|more|\d+))[[({]/gm)].map(([, name]) => name!)
  expect(new Set(boxes).size).toBe(boxes.length)
  const arrows = [...text.matchAll(/^(\S+) -->.* (\S+)$/gm)].flatMap(([, from, to]) => [from!, to!])
  expect(new Set(arrows)).toEqual(new Set(boxes))
  expect(text.match(/^subgraph /gm)!.length).toBe(text.match(/^end$/gm)!.length)
}

describe('a Mermaid flowchart', () => {
  it.each(readdirSync(INCIDENTS))('holds the answer to %s', async (name) => {
    const text = await drawn(join(INCIDENTS, name))
    judge(text)
    const { stdout } = await nfwhy(['explain', join(INCIDENTS, name)])
    const [answer] = /^[✗?↩!] [A-Z]+(?: [A-Z]+)*/m.exec(stdout)!
    // the worst comes first in both
    expect(/_end\{\{"([✗?↩!] [A-Z]+(?: [A-Z]+)*)/.exec(text)![1]).toBe(answer)
  })

  it('names the rule at fault, and what was changed on the way', async () => {
    const text = await drawn(join(ROOT, 'examples/nodeport-clash'))
    expect(text).toContain('nat KUBE-NODEPORTS<br>#10140; rule 16 → jump KUBE-XLB-VETHOZVMBYUVK3NB"]:::ends')
    expect(text).toContain('-->|"mark 0 → 0x8000"|')
    expect(text).toContain('✗ DROPPED<br>by filter KUBE-FIREWALL rule 1')
  })

  it('shows markup of rules, prefixes and interfaces as text', async () => {
    const evil = `a] --> x; click p1 'javascript:alert(1)' <img src=x onerror=alert(1)> %%{init: {}}%% |end| #quot;`
    const cwd = folder({
      'rules.v4': `*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 23 -j LOG --log-prefix "${evil.slice(0, 29)}"\n-A INPUT -p tcp --dport 23 -m comment --comment "${evil}" -j DROP\nCOMMIT\n`,
      'log.txt': ['1', '2']
        .map(
          (rule) =>
            `[  100.00000${rule}] TRACE: filter:INPUT:rule:${rule} IN=e"]];<b> OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=23 SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0\n`,
        )
        .join(''),
    })
    const text = await drawn(join(cwd, 'rules.v4'), join(cwd, 'log.txt'))
    judge(text)
    expect(text).toContain('in e#34;#93;#93;#59;#60;b#62;')
  })

  it.each([
    ['many kinds of packets', 300, 1, 1],
    ['many chains', 3, 200, 1],
    ['many rules in each', 2, 50, 40],
    ['long names of nothing but marks', 2, 60, 1, '";'.repeat(13)],
  ])('stays within what Mermaid draws, and says what it leaves out: %s', async (_, kinds, chains, rules, odd = '') => {
    const name = (i: number) => `C${i}${odd}`
    let second = 100
    const line = (where: string, port: number) =>
      `[  ${++second / 1000 + 100}] TRACE: filter:${where} IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=${port} DF PROTO=TCP SPT=40000 DPT=${port} SEQ=1 ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0\n`
    const ports = Array.from({ length: kinds }, (_none, i) => i + 1)
    const way = (port: number) =>
      Array.from({ length: chains }, (_none, i) =>
        Array.from({ length: rules }, (_no, rule) => line(`${name(i)}:rule:${rule + 1}`, port)).join(''),
      ).join('') + line(`INPUT:rule:${port}`, port)
    const cwd = folder({
      'rules.v4': `*filter\n:INPUT ACCEPT [0:0]\n${ports.map((port) => `-A INPUT -p tcp --dport ${port} -j DROP\n`).join('')}COMMIT\n`,
      'log.txt': ports.map(way).join(''),
    })
    await nfwhy(['explain', 'rules.v4', 'log.txt', '-o', 'way.mmd'], { cwd })
    const text = readFileSync(join(cwd, 'way.mmd'), 'utf8')
    judge(text)
    expect(text.length).toBeLessThan(50_000)
    expect(text.match(/ -->/g)!.length).toBeLessThan(500)
    expect(text).toMatch(/left\["\d+ of \d+ kinds of packets are drawn"|… and \d+ more/)
  })
})
