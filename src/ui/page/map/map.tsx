/** The hooks as netfilter's packet flow, with this ruleset's chains in them; the exchange is a line through it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Explanation, MapOf, WayOf } from '../../protocol.ts'
import type { Box } from './boxes.ts'
import { Hook } from './hook.tsx'
import { type Layout, layOut, SIGNS } from './layout.ts'
import type { Route } from './route.ts'

/** Pixels from which on hooks stand beside each other. */
const WIDE_FROM = 700

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
    // rules need more room than a column has
    ...{ map, ways, unfolded, mayBeWide: width >= WIDE_FROM && unfolded.size === 0 },
    isIp6: of.packet.src?.includes(':') === true,
    // wider: lines become longer, and are harder to follow
    width: Math.max(280, Math.min(width, 1100)),
  })
  const toggle = (key: string) => {
    const next = new Set(unfolded)
    if (!next.delete(key)) next.add(key)
    setUnfolded(next)
  }
  return (
    <section class="map" aria-label="Its way through netfilter" ref={box}>
      {/* biome-ignore lint/a11y/useSemanticElements: SVG has no fieldset */}
      <svg
        viewBox={`0 0 ${layout.width} ${layout.height}`}
        width={layout.width}
        height={layout.height}
        role="group"
        aria-label="Hooks and chains"
      >
        {layout.isWide && <Arrows boxes={layout.boxes} />}
        {layout.boxes.map((one) => (
          <Hook key={`${one.way} ${one.hook}`} box={one} gutter={layout.gutter} unfolded={unfolded} onToggle={toggle} />
        ))}
        {layout.routes.map((route) => (
          <Line key={route.way.kind} route={route} />
        ))}
      </svg>
      <Legend ways={ways} routes={layout.routes} />
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
            {LEGEND[way.kind]}: {way.end}
          </li>,
        ])}
      </ol>
    </section>
  )
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

/** What each line is, drawn as it is. A packet that no chain saw has none. */
function Legend({ ways, routes }: { ways: readonly WayOf[]; routes: Layout['routes'] }) {
  return (
    <p class="legend" aria-hidden="true">
      {ways.map((way) => {
        const isDrawn = routes.some((one) => one.way === way)
        return (
          <span key={way.kind} class={CLASSES[way.kind]}>
            {isDrawn && (
              <svg width={28} height={8} class={`line ${CLASSES[way.kind]}`} aria-hidden="true">
                <path d="M0 4H28" />
              </svg>
            )}
            {LEGEND[way.kind]}: {SIGNS[way.mark]} {way.end}
            {isDrawn ? '' : way.steps.length === 0 ? ' (traverses no chain)' : ' (hook unknown)'}
          </span>
        )
      })}
    </p>
  )
}

/** What leads from one hook to the next, whether this packet went there or not. */
function Arrows({ boxes }: { boxes: readonly Box[] }) {
  return (
    <g class="flow">
      {['bridge', 'ip'].map((way) => {
        const [pre, input, forward, output, post] = ['prerouting', 'input', 'forward', 'output', 'postrouting'].map(
          (hook) => boxes.find((one) => one.way === way && one.hook === hook),
        )
        if (!pre || !input || !forward || !output || !post) return null
        const level = (one: Box) => one.y + 12
        const end = (one: Box) => one.x + one.width
        const [before, after] = [input.x - 14, post.x - 14]
        const y = pre.y - 3
        return (
          <g key={way}>
            <path
              d={`M${end(pre)} ${level(pre)}H${input.x}M${before} ${level(pre)}V${level(forward)}H${forward.x}M${end(input)} ${level(input)}H${output.x}M${end(output)} ${level(output)}H${post.x}M${end(forward)} ${level(forward)}H${after}V${level(output)}`}
            />
            {way === 'ip' && (
              <>
                <text x={(end(pre) + input.x) / 2} y={y}>
                  routing
                </text>
                <text x={(end(input) + output.x) / 2} y={y}>
                  this host
                </text>
              </>
            )}
          </g>
        )
      })}
    </g>
  )
}

function Line({ route: { points, arrows, stops, way } }: { route: Route }) {
  const [x, y] = points.at(-1)!
  return (
    <g class={`line ${CLASSES[way.kind]}`} data-way={way.kind}>
      <path d={points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${px} ${py}`).join('')} />
      {arrows.map(([ax, ay], i) => (
        <path key={i} class="head" d={`M${ax - 4} ${ay - 3}L${ax + 2} ${ay}L${ax - 4} ${ay + 3}Z`} />
      ))}
      {stops.map(({ x: sx, y: sy, step, chain }, i) => (
        <circle key={i} cx={sx} cy={sy} r={3} data-step={step.n} data-met={chain} />
      ))}
      <g class={`end ${way.mark}`}>
        <circle cx={x} cy={y} r={8} />
        <text x={x} y={y + 4}>
          {SIGNS[way.mark]}
          <title>{way.end}</title>
        </text>
      </g>
    </g>
  )
}
