/** The hooks as netfilter's packet flow, with this ruleset's chains in them; the exchange is a line through it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Explanation, MapOf, StepOf, WayOf } from '../../protocol.ts'
import { showStep, stepId } from '../explanation/steps.tsx'
import { type Box, type Chain, GUTTER, type Layout, LINE, layOut, type Route } from './layout.ts'

/** Pixels from which on hooks stand beside each other. */
const WIDE_FROM = 700
/** Pixels of a letter. */
const LETTER = 6.7

/** What of an exchange is drawn. */
type Drawn = Pick<Explanation, 'machine' | 'packet' | 'way' | 'reply'>

/** `before`: the way that the packet took with other rules, drawn below. */
export function WayMap({ maps, of, before }: { maps: readonly MapOf[]; of: Drawn; before?: Drawn }) {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(940)
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set())
  useEffect(() => {
    const element = box.current!
    const watch = new ResizeObserver(() => setWidth(element.clientWidth))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  const map = maps.find(({ machine }) => machine === of.machine) ?? maps[0]
  const ways = [
    ...(before ? [{ ...before.way, kind: 'before' as const }] : []),
    of.way,
    ...(of.reply ? [of.reply] : []),
  ]
  const layout = layOut({
    map,
    ways,
    isIp6: of.packet.src?.includes(':') === true,
    unfolded,
    isWide: width >= WIDE_FROM,
    width: Math.max(280, width),
  })
  const toggle = (key: string) => {
    const next = new Set(unfolded)
    if (!next.delete(key)) next.add(key)
    setUnfolded(next)
  }
  return (
    <section class="map" aria-label="Its way through netfilter" ref={box}>
      <svg
        viewBox={`-2 -2 ${layout.width + 4} ${layout.height + 4}`}
        width={Math.min(width, layout.width + 4)}
        role="application"
        aria-label="Hooks and chains"
      >
        <Arrows layout={layout} isWide={width >= WIDE_FROM} />
        {layout.boxes.map((one) => (
          <Hook key={`${one.way} ${one.hook}`} box={one} unfolded={unfolded} onToggle={toggle} />
        ))}
        {layout.routes.map((route) => (
          <Line key={route.way.kind} route={route} shift={SHIFTS[route.way.kind]} isWide={width >= WIDE_FROM} />
        ))}
      </svg>
      <p class="legend">
        {ways.map((way) => (
          <span key={way.kind} class={CLASSES[way.kind]}>
            {CLASSES[way.kind] === 'request' ? '━' : '╍'} {LEGEND[way.kind]}: {endOf(way)}
          </span>
        ))}
      </p>
      <ol class="aloud">
        {ways.flatMap((way) => [
          ...way.steps
            .filter(({ depth, changes, isCulprit }) => depth === 0 || isCulprit || changes.length > 0)
            .map((step) => (
              <li key={`${way.kind} ${step.n}`}>
                {LEGEND[way.kind]}, {step.hook ?? 'unknown hook'}: {step.name}
                {step.verdict === undefined ? '' : `, ${step.verdict}`}
                {step.changes.map((one) => `, ${one}`)}
              </li>
            )),
          <li key={`${way.kind} end`}>
            {LEGEND[way.kind]}: {endOf(way)}
          </li>,
        ])}
      </ol>
    </section>
  )
}

/** `dropped at filter KUBE-FIREWALL rule 1`. */
function endOf({ word, mark, steps }: WayOf): string {
  const last = steps.findLast(({ kind }) => kind !== 'log')
  return mark === 'bad' && last ? `${word} at ${last.name}` : word
}

/** Pixels right of a box's edge: lines do not cover each other. */
const SHIFTS: Readonly<Record<WayOf['kind'], number>> = {
  ...{ request: 8, before: 14, captured: 20, played: 20 },
  ...{ a: 8, b: 20 },
}
const CLASSES = {
  ...{ request: 'request', before: 'before', captured: 'reply', played: 'reply' },
  ...{ a: 'request', b: 'reply' },
} as const
const LEGEND: Readonly<Record<WayOf['kind'], string>> = {
  before: 'before the change',
  request: 'request',
  captured: 'its reply',
  played: 'its reply, as simulated',
  a: 'A',
  b: 'B',
}

/** What leads from one hook to the next, whether this packet went there or not. */
function Arrows({ layout, isWide }: { layout: Layout; isWide: boolean }) {
  if (!isWide) return null
  const box = (hook: string) => layout.boxes.find((one) => one.way === 'ip' && one.hook === hook)!
  const [pre, input, forward, output, post] = ['prerouting', 'input', 'forward', 'output', 'postrouting'].map(box)
  const level = (one: Box) => one.y + 10
  const [before, behind] = [input!.x - 26, post!.x - 26]
  return (
    <g class="flow">
      <path
        d={`M${pre!.x + pre!.width} ${level(pre!)}H${input!.x}M${before} ${level(pre!)}V${level(forward!)}H${forward!.x}`}
      />
      <path d={`M${input!.x + input!.width} ${level(input!)}H${output!.x}`} />
      <path
        d={`M${output!.x + output!.width} ${level(output!)}H${post!.x}M${forward!.x + forward!.width} ${level(forward!)}H${behind}V${level(output!)}`}
      />
      <text x={before} y={level(pre!) - 6}>
        route
      </text>
      <text x={(input!.x + input!.width + output!.x) / 2} y={level(input!) - 6}>
        host
      </text>
      <text x={behind} y={level(output!) - 6}>
        route
      </text>
    </g>
  )
}

interface HookProps {
  box: Box
  unfolded: ReadonlySet<string>
  onToggle(key: string): void
}

function Hook({ box, unfolded, onToggle }: HookProps) {
  const { x, y, width, height, hook, way, chains } = box
  const letters = Math.floor((width - GUTTER - 8) / LETTER)
  return (
    <g class={chains.some(({ isMet }) => isMet) ? 'hook met' : 'hook'}>
      <rect x={x} y={y} width={width} height={height} rx={5} />
      <text class="name" x={x + GUTTER} y={y + 14}>
        {way === 'ip' ? hook : `${way} ${hook}`}
      </text>
      {chains.map((chain) => (
        <g key={chain.key ?? chain.name}>
          <ChainName
            chain={chain}
            x={x + GUTTER}
            letters={letters}
            isOpen={unfolded.has(chain.key ?? '')}
            onToggle={onToggle}
          />
          {chain.steps.map(({ y: at, step }) => (
            <a key={stepId(step)} href={`#${stepId(step)}`} onClick={showStep}>
              <text class={step.isCulprit ? 'step culprit' : 'step'} x={x + GUTTER + 8} y={at + 12}>
                {cut(
                  `${step.side ? `${step.side.toUpperCase()} ` : ''}${step.n} ${withoutTable(step)}${step.verdict === undefined ? '' : ` → ${step.verdict}`}`,
                  letters - 2,
                )}
                <title>{`${step.name} ${step.rule ?? ''}`}</title>
              </text>
            </a>
          ))}
        </g>
      ))}
    </g>
  )
}

const withoutTable = ({ name, table }: StepOf): string =>
  table !== undefined && name.startsWith(`${table} `) ? name.slice(table.length + 1) : name

function ChainName({
  chain,
  x,
  letters,
  isOpen,
  onToggle,
}: {
  chain: Chain
  x: number
  letters: number
  isOpen: boolean
  onToggle(key: string): void
}) {
  const { name, title, y, key, isMet } = chain
  const words = (
    <text class={key === undefined ? 'core' : isMet ? 'chain met' : 'chain'} x={x} y={y + 12}>
      {cut(name, letters)}
      <title>{`${name}: ${title}`}</title>
    </text>
  )
  if (!isMet || key === undefined) return words
  const act = () => onToggle(key)
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      class="fold"
      role="button"
      tabIndex={0}
      aria-expanded={isOpen}
      aria-label={`${name}: ${isOpen ? 'fold' : 'show'} the rules that the packet met`}
      onClick={act}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        event.stopPropagation()
        act()
      }}
    >
      {words}
    </g>
  )
}

const cut = (text: string, letters: number): string =>
  text.length <= letters ? text : `${text.slice(0, letters - 1)}…`

/** Down the gutter of each hook's box, past the chains that were met, and over to the next. */
function Line({ route: { stops, way }, shift, isWide }: { route: Route; shift: number; isWide: boolean }) {
  const kind = CLASSES[way.kind]
  const points: [number, number][] = []
  let last: Box | undefined
  for (const { box, y } of stops) {
    const x = box.x + shift
    const middle = y + LINE / 2
    const before = points.at(-1)
    if (before && last && box !== last) points.push(...between(before, last, box, x, shift, isWide))
    else if (!before) points.push([x, box.y + 4])
    points.push([x, middle])
    last = box
  }
  const end = points.at(-1)
  if (!end || !last) return null
  const [x, y] = end
  const changed = stops.filter(({ step }) => step.changes.length > 0)
  return (
    <g class={`line ${kind}`}>
      <path d={points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${px} ${py}`).join('')} />
      {stops.map(({ box, y: at, step }) => (
        <circle key={step.n} cx={box.x + shift} cy={at + LINE / 2} r={2.5} />
      ))}
      {changed.map(({ box, y: at, step }) => (
        <text key={step.n} class="change" x={box.x + box.width - 4} y={at + 12}>
          ⇒<title>{step.changes.join(', ')}</title>
        </text>
      ))}
      <g class={`end ${way.mark}`}>
        <circle cx={x} cy={y} r={7} />
        <text x={x} y={y + 4}>
          {SIGNS[way.mark]}
          <title>{way.word}</title>
        </text>
      </g>
    </g>
  )
}

const SIGNS = { bad: '✗', good: '✓', look: '!', unsure: '?' } as const

/** From one box to the next, beside what stands between them. */
function between(
  [x, y]: [number, number],
  from: Box,
  to: Box,
  toX: number,
  shift: number,
  isWide: boolean,
): [number, number][] {
  const into: [number, number] = [toX, to.y + 4]
  if (!isWide) {
    // left of all boxes, and not through those that it does not meet
    const lane = to.x - 14 + (shift - 7) / 2
    return [
      [x, from.y + from.height - 4],
      [lane, from.y + from.height - 4],
      [lane, to.y + 8],
      [toX, to.y + 8],
    ]
  }
  if (to.x === from.x) return [[x, to.y > y ? from.y + from.height + 4 : y], [toX, to.y - 4], into]
  const forth = to.x > from.x
  // the lane between two columns, right in front of the box it goes to
  const lane = forth ? to.x - 18 + shift / 2 : to.x + to.width + 4 + shift / 2
  const level = from.y + from.height - 3
  return [
    [x, level],
    [lane, level],
    [lane, to.y + 4 + (shift - 7) / 2],
    [toX, to.y + 4 + (shift - 7) / 2],
  ]
}
